/**
 * Owns a TCP proxy that misbehaves on demand: slow, cut, refusing, silent, half-open. For tests that put it between a client
 * and a server, where a fault of the network is wanted that neither of the two makes itself. It looks into no byte.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export interface FaultProxyTarget {
  readonly host?: string;
  readonly port: number;
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** For a client's server list, when the target is a gRPC port: clients add 1000 to what stands there. */
  readonly nacosAddress: string;
  /** Connections open now, as the client sees them. */
  readonly open: number;
  /** Connections accepted since the start. */
  readonly accepted: number;
  /** Every byte comes this much later, in both directions. 0 ends it. */
  delay(ms: number): void;
  /** Closes every connection in good order (FIN to both sides). */
  cut(): void;
  /** Cuts every connection with a reset to both sides. */
  reset(): void;
  /** On: connects are refused by the system; open connections stay. */
  refuse(on: boolean): Promise<void>;
  /** On: nothing passes either way and all sockets stay; off: what was held is delivered, as after a partition. */
  blackhole(on: boolean): void;
  /** The server's side is gone and the client is told nothing: its connections are dead and look alive. */
  halfOpen(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Set by `halfOpen`: the end of the server's side is kept from the client. */
  silent: boolean;
}

/** Starts on a free port of 127.0.0.1. */
export async function startFaultProxy(target: FaultProxyTarget): Promise<FaultProxy> {
  const { host = '127.0.0.1' } = target;
  const pairs = new Set<Pair>();
  let listener: Server | undefined;
  let port = 0;
  let accepted = 0;
  let delayMs = 0;
  let held: { readonly release: () => void; readonly until: Promise<void> } | undefined;

  /** Passes bytes on, in order, each after the delay and not while the hole is open. */
  const pass = (from: Socket, to: Socket): void => {
    let tail = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      const dueMs = performance.now() + delayMs;
      tail = tail.then(async () => {
        const waitMs = dueMs - performance.now();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        await held?.until;
        if (!to.destroyed) to.write(chunk);
      });
    });
  };

  const accept = (client: Socket): void => {
    accepted += 1;
    const server = connect({ host, port: target.port, noDelay: true });
    const pair: Pair = { client, server, silent: false };
    pairs.add(pair);
    pass(client, server);
    pass(server, client);
    // Through the hole not even an end is heard.
    const heard = (act: () => void): void => {
      if (held === undefined) act();
      else void held.until.then(act);
    };
    // The other side hears of it through 'close'; a reset needs no report.
    client.on('error', () => undefined);
    server.on('error', () => undefined);
    client.once('close', () => {
      pairs.delete(pair);
      heard(() => server.destroy());
    });
    server.once('close', () => {
      if (!pair.silent) heard(() => client.destroy());
    });
  };

  const listen = (on: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = createServer({ noDelay: true }, accept);
      next.once('error', reject);
      next.listen({ port: on, host: '127.0.0.1' }, () => {
        const address = next.address();
        if (typeof address === 'object' && address !== null) port = address.port;
        listener = next;
        resolve();
      });
    });

  const proxy: FaultProxy = {
    get port() {
      return port;
    },
    get nacosAddress() {
      return `127.0.0.1:${String(port - 1000)}`;
    },
    get open() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    delay(ms) {
      delayMs = ms;
    },
    cut() {
      for (const { client, server } of pairs) {
        client.end();
        server.end();
        client.destroySoon();
      }
    },
    reset() {
      for (const { client, server } of pairs) {
        client.resetAndDestroy();
        server.resetAndDestroy();
      }
    },
    async refuse(on) {
      if (on) {
        listener?.close();
        listener = undefined;
      } else if (listener === undefined) {
        await listen(port);
      }
    },
    blackhole(on) {
      if (on && held === undefined) {
        let release: () => void = () => undefined;
        const until = new Promise<void>((resolve) => {
          release = resolve;
        });
        held = { release, until };
      } else if (!on) {
        held?.release();
        held = undefined;
      }
    },
    halfOpen() {
      for (const pair of pairs) {
        pair.silent = true;
        pair.server.destroy();
      }
    },
    async close() {
      proxy.blackhole(false);
      const closing = listener;
      listener = undefined;
      const closed = new Promise<void>((resolve) => {
        if (closing === undefined) resolve();
        else closing.close(() => resolve());
      });
      for (const { client, server } of pairs) {
        client.destroy();
        server.destroy();
      }
      await closed;
    },
    async [Symbol.asyncDispose]() {
      await proxy.close();
    },
  };
  await listen(0);
  return proxy;
}

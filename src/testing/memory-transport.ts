/**
 * Owns connections between clients and the in-memory server by function calls: the transport of a session without any socket. It keeps the
 * contract of the real one (remote/transport.ts): bounds and signals of a call, calls that fail with their connection, an end told once.
 */
import type { Connections, Peer, PushStream } from '../dev-server/connections.js';
import type { Rpc } from '../dev-server/rpc.js';
import { ConnectionError, RequestTimeoutError } from '../errors.js';
import type { CallBounds, Connection, Transport } from '../remote/transport.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError } from '../util/deferred.js';
import type { Payload } from '../wire/payload.js';

export interface MemoryServer {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly rpc: Rpc;
}

const LOCAL_ADDRESS = '127.0.0.1';

export class MemoryTransport implements Transport {
  readonly #server: MemoryServer;
  readonly #open = new Set<MemoryConnection>();
  #opened = 0;
  #isReachable = true;

  constructor(server: MemoryServer) {
    this.#server = server;
  }

  connect(
    _endpoint: unknown,
    { signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<Connection> {
    if (signal.aborted) return Promise.reject(asError(signal.reason));
    if (!this.#isReachable) {
      return Promise.reject(
        new ConnectionError('CONNECT_FAILED', 'the test registry is out of reach'),
      );
    }
    this.#opened += 1;
    const connection = new MemoryConnection(this.#server, this.#opened, () =>
      this.#open.delete(connection),
    );
    this.#open.add(connection);
    return Promise.resolve(connection);
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** False: every connection breaks, and none can be made. */
  setReachable(on: boolean): void {
    this.#isReachable = on;
    if (!on) for (const connection of [...this.#open]) connection.break();
  }
}

class MemoryConnection implements Connection {
  readonly localAddress = LOCAL_ADDRESS;
  readonly #server: MemoryServer;
  readonly #peer: Peer;
  readonly #onClosed: () => void;
  readonly #pending = new Set<(error: Error) => void>();
  #receive: (payload: Payload) => void = () => undefined;
  #onEnd: ((reason: Error) => void) | undefined;
  #endReason: Error | undefined;
  #isClosed = false;

  constructor(server: MemoryServer, number: number, onClosed: () => void) {
    this.#server = server;
    this.#onClosed = onClosed;
    this.#peer = {
      connectionId: `${String(server.clock.wallMs())}_${LOCAL_ADDRESS}_${String(number)}`,
      remoteIp: LOCAL_ADDRESS,
      remotePort: number,
      drop: () => this.break(),
    };
  }

  unary(payload: Payload, bounds: CallBounds): Promise<Payload> {
    const { signal } = bounds;
    if (this.#isClosed) return Promise.reject(lost());
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer.cancel();
        stopSignal();
        this.#pending.delete(fail);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      const timer = this.#server.clock.after(
        bounds.timeoutMs,
        () => fail(new RequestTimeoutError(`no answer to ${payload.type}`)),
        { holdsProcess: bounds.holdsProcess },
      );
      const stopSignal = onAbort(signal, () => fail(asError(signal?.reason)));
      this.#pending.add(fail);
      this.#server.rpc.answer(this.#peer, payload).then((answer) => {
        // Else it was given up meanwhile.
        if (!this.#pending.has(fail)) return;
        done();
        resolve(answer);
      }, fail);
    });
  }

  openStream(receive: (payload: Payload) => void): void {
    this.#receive = receive;
  }

  send(payload: Payload): void {
    if (this.#isClosed) return;
    this.#server.rpc.takeFromStream(this.#peer, this.#stream, payload);
  }

  onEnd(listener: (reason: Error) => void): void {
    this.#onEnd = listener;
    if (this.#endReason !== undefined) listener(this.#endReason);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#server.connections.remove(this.#peer);
    for (const fail of [...this.#pending]) fail(lost());
  }

  /** The connection breaks: the client is told. */
  break(): void {
    if (this.#isClosed) return;
    this.#endReason = lost();
    this.close();
    this.#onEnd?.(this.#endReason);
  }

  readonly #stream: PushStream = {
    write: (payload) =>
      queueMicrotask(() => {
        if (!this.#isClosed) this.#receive(payload);
      }),
    end: () => this.break(),
  };
}

function lost(): ConnectionError {
  return new ConnectionError('CONNECTION_LOST', 'the connection to the test registry ended');
}

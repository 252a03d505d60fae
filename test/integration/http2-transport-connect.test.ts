/** How the transport connects, and what it does on ports where nobody speaks HTTP/2. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { createHttp2Transport } from '../../src/remote/http2-transport.js';
import type { Endpoint } from '../../src/remote/transport.js';
import type { Clock } from '../../src/util/clock.js';
import { createFakeClock } from '../helpers/fake-clock.js';
import { expectQuietProcess } from '../helpers/quiet-process.js';
import { startScripted, until } from '../helpers/scripted-http2.js';
import { aMessage, atEnd, BOUNDS, join } from './http2-transport-fixture.js';

expectQuietProcess();

const forever = (): AbortSignal => new AbortController().signal;

interface Plain {
  readonly endpoint: Endpoint;
  readonly sockets: ReadonlySet<Socket>;
  readonly server: Server;
}

/** A TCP server that answers nothing but what `say` says. */
async function plainServer(say: (socket: Socket) => void): Promise<Plain> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).resume();
    socket.once('close', () => sockets.delete(socket));
    say(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: { host: '127.0.0.1', port, grpcPort: port }, sockets, server };
}

async function closedPort(): Promise<number> {
  const { server, endpoint } = await plainServer(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  return endpoint.grpcPort;
}

async function canUse(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, host, () => server.close(() => resolve(true)));
  });
}

describe('connecting', () => {
  it('works by name, and says our own address', async () => {
    const server = await startScripted();
    atEnd(() => server[Symbol.asyncDispose]());
    const { connection } = await join({ ...server.endpoint, host: 'localhost' });
    expect(connection.localAddress).toBe('127.0.0.1');
    expect((await connection.unary(aMessage(), BOUNDS)).type).toBe('AskRequest');
  });

  it('works over IPv6, with and without a zone, where the machine has it', async () => {
    const hosts = (await canUse('::1')) ? ['::1', '::1%lo'] : [];
    const addresses: string[] = [];
    for (const host of hosts) {
      const server = await startScripted({ host: '::1' });
      atEnd(() => server[Symbol.asyncDispose]());
      const { connection } = await join({ ...server.endpoint, host });
      addresses.push(connection.localAddress);
      expect((await connection.unary(aMessage(), BOUNDS)).type).toBe('AskRequest');
    }
    expect(addresses).toEqual(hosts.map(() => '::1'));
  });

  it('fails with the reason where nobody listens', async () => {
    const grpcPort = await closedPort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const clock = createFakeClock();
      await expect(
        createHttp2Transport(clock).connect(
          { host, port: 1, grpcPort },
          { timeoutMs: 3000, signal: forever() },
        ),
      ).rejects.toMatchObject({
        name: 'ConnectionError',
        code: 'CONNECT_FAILED',
        message: expect.stringMatching(
          new RegExp(`^cannot connect to ${host}:${String(grpcPort)}: .*ECONNREFUSED`),
        ) as string,
        cause: expect.any(Error) as Error,
      });
      expect(clock.pending).toBe(0);
    }
  });

  it.each(['no-such-host.invalid', '', 'a b', '[::1', '1.2.3.4.5', 'a/b'])(
    'fails with our error for the host "%s"',
    async (host) => {
      const attempt = createHttp2Transport(createFakeClock()).connect(
        { host, port: 1, grpcPort: await closedPort() },
        { timeoutMs: 3000, signal: forever() },
      );
      await expect(attempt).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    },
  );

  it('fails in time, leaves no socket, and does not hear the answer that comes later', async () => {
    const { endpoint, sockets } = await plainServer(() => undefined);
    let fire = (): void => undefined;
    const clock: Clock = {
      ...createFakeClock(),
      after: (_, run) => {
        fire = run;
        return { cancel: () => undefined };
      },
    };
    const attempt = createHttp2Transport(clock).connect(endpoint, {
      timeoutMs: 3000,
      signal: forever(),
    });
    // The kernel has not answered yet: nothing was awaited.
    fire();
    await expect(attempt).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/no answer within 3000 ms$/) as string,
    });
    await until(() => sockets.size === 0);
  });

  it('is not tried when the signal has aborted', async () => {
    let connections = 0;
    const { endpoint } = await plainServer(() => {
      connections += 1;
    });
    const clock = createFakeClock();
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(
      createHttp2Transport(clock).connect(endpoint, { timeoutMs: 3000, signal }),
    ).rejects.toThrow('never mind');
    await new Promise((resolve) => connect(endpoint.grpcPort, '127.0.0.1', () => resolve(0)).end());
    await until(() => connections > 0);
    expect([connections, clock.pending]).toEqual([1, 0]);
  });

  it('is given up when the signal aborts on the way', async () => {
    const { endpoint, sockets } = await plainServer(() => undefined);
    const clock = createFakeClock();
    const abort = new AbortController();
    const attempt = createHttp2Transport(clock).connect(endpoint, {
      timeoutMs: 3000,
      signal: abort.signal,
    });
    abort.abort(new Error('never mind'));
    await expect(attempt).rejects.toThrow('never mind');
    await until(() => sockets.size === 0);
    expect(clock.pending).toBe(0);
  });
});

describe('a port where nobody speaks HTTP/2', () => {
  it('stays silent: calls run out of time, and closing leaves no socket', async () => {
    const { endpoint, sockets } = await plainServer(() => undefined);
    const { connection, clock, ends } = await join(endpoint);
    connection.openStream(() => undefined);
    connection.send(aMessage());
    const calls = Array.from({ length: 300 }, () => connection.unary(aMessage(), BOUNDS));
    const outcomes = Promise.allSettled(calls);
    await until(() => sockets.size === 1);
    await clock.advance(3000);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'REQUEST_TIMEOUT' } });
    }
    expect(ends).toEqual([]);
    connection.close();
    await until(() => sockets.size === 0);
    expect([ends.length, clock.pending]).toEqual([0, 0]);
  });

  it.each([
    ['HTTP/1', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    ['something else', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['zeros', '\0'.repeat(100)],
  ])('speaks %s: the call fails and the end is told', async (_, text) => {
    const { endpoint, sockets } = await plainServer((socket) => socket.write(text));
    const { connection, ends } = await join(endpoint);
    await expect(connection.unary(aMessage(), BOUNDS)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    await until(() => ends.length > 0 && sockets.size === 0);
    expect(ends).toHaveLength(1);
  });

  it('hangs up at once: the call fails and the end is told', async () => {
    const { endpoint } = await plainServer((socket) => socket.end());
    const { connection, ends } = await join(endpoint);
    await expect(connection.unary(aMessage(), BOUNDS)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    await until(() => ends.length === 1);
    expect(ends[0]).toMatchObject({ code: 'CONNECTION_LOST' });
  });
});

/** The stream of the transport and the ends of a connection, against a server that a test scripts frame by frame. */
import type { ServerHttp2Stream } from 'node:http2';

import { describe, expect, it } from 'vitest';

import { createHttp2Transport } from '../../src/remote/http2-transport.js';
import type { Payload } from '../../src/wire/payload.js';
import { createFakeClock } from '../helpers/fake-clock.js';
import { expectQuietProcess } from '../helpers/quiet-process.js';
import {
  begin,
  framed,
  GRPC_HEAD,
  startScripted,
  until,
  type Script,
} from '../helpers/scripted-http2.js';
import { aMessage, atEnd, BOUNDS, setUp } from './http2-transport-fixture.js';

expectQuietProcess();

const MIB = 1024 * 1024;
/** A server that leaves calls open; `stream` is the script of its stream. */
const silent = (stream?: Script['stream']): Script => ({
  unary: () => undefined,
  ...(stream === undefined ? {} : { stream }),
});

/** A connection with its stream, a call under way, and a server that has seen both. */
async function withStreamAndCall(stream: Script['stream'] = begin) {
  let ofServer: ServerHttp2Stream | undefined;
  const setup = await setUp(
    silent((opened) => {
      ofServer = opened;
      stream(opened);
    }),
  );
  const received: Payload[] = [];
  const call = setup.connection.unary(aMessage(), BOUNDS);
  const outcome = call.then(
    () => 'answered',
    (error: unknown) => error,
  );
  setup.connection.openStream((payload) => received.push(payload));
  await until(() => ofServer !== undefined && setup.server.calls === 1);
  if (ofServer === undefined) throw new Error('no stream');
  return { ...setup, received, outcome, stream: ofServer };
}

describe('the stream', () => {
  it('carries messages of both sides in their order', async () => {
    const { connection } = await setUp();
    const received: string[] = [];
    connection.openStream((payload) => received.push(String(payload.body)));
    const bodies = Array.from({ length: 300 }, (_, i) => `${String(i)}${'.'.repeat(i * 7)}`);
    for (const body of bodies) connection.send(aMessage(body));
    await until(() => received.length === bodies.length);
    expect(received).toEqual(bodies);
  });

  it('takes a push of 9 MiB, and many after it, past every window', async () => {
    const big = Buffer.alloc(9 * MIB, 'p');
    const { connection } = await setUp({
      stream: (stream) => {
        begin(stream);
        stream.write(framed(aMessage(big)));
        for (let i = 0; i < 200; i += 1) stream.write(framed(aMessage(Buffer.alloc(64 * 1024))));
      },
    });
    const received: Payload[] = [];
    connection.openStream((payload) => received.push(payload));
    await until(() => received.length === 201);
    expect(Buffer.compare(received[0]?.body ?? big.subarray(1), big)).toBe(0);
  });

  it('may be opened when the connection has ended, and messages for it go nowhere', async () => {
    const { connection, server, ends } = await setUp();
    await until(() => server.sessions.size === 1);
    for (const session of server.sessions) session.destroy();
    await until(() => ends.length === 1);
    connection.send(aMessage());
    connection.openStream(() => undefined);
    connection.send(aMessage());
    connection.close();
    connection.send(aMessage());
    expect(ends).toHaveLength(1);
  });

  it('gives nothing any more after its receiver has closed the connection', async () => {
    const { connection, ends } = await setUp({
      stream: (stream) => {
        begin(stream);
        stream.write(Buffer.concat([framed(aMessage('1')), framed(aMessage('2'))]));
      },
    });
    const received: string[] = [];
    await new Promise<void>((resolve) => {
      connection.openStream((payload) => {
        received.push(String(payload.body));
        connection.close();
        resolve();
      });
    });
    await expect(connection.unary(aMessage(), BOUNDS)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
    });
    expect({ received, ends }).toEqual({ received: ['1'], ends: [] });
  });

  it('does not gather more than 32 MiB for a server that does not read', async () => {
    const { connection, ends, server } = await setUp({
      stream: (stream) => {
        begin(stream);
        stream.pause();
      },
    });
    connection.openStream(() => undefined);
    let sent = 0;
    for (; ends.length === 0 && sent < 100; sent += 1) {
      connection.send(aMessage(Buffer.alloc(MIB)));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(sent).toBeGreaterThanOrEqual(32);
    expect(sent).toBeLessThan(40);
    expect(ends.map(String)).toEqual([expect.stringContaining('does not read what we send')]);
    await until(() => server.sockets.size === 0);
  });

  const ends: readonly (readonly [string, (stream: ServerHttp2Stream) => void, RegExp])[] = [
    [
      'status 0',
      (stream) => {
        begin(stream);
        stream.end();
      },
      /no gRPC status|ended/,
    ],
    [
      'a status of failure',
      (stream) => {
        begin(stream, { 'grpc-status': '8', 'grpc-message': 'too%20many' });
        stream.end();
      },
      /gRPC status 8 too many/,
    ],
    [
      'a status of failure in the head',
      (stream) => stream.respond({ ...GRPC_HEAD, 'grpc-status': '12' }, { endStream: true }),
      /gRPC status 12/,
    ],
    [
      'status 0 in the head',
      (stream) => stream.respond({ ...GRPC_HEAD, 'grpc-status': '0' }, { endStream: true }),
      /the server ended the stream/,
    ],
    [
      'an end without trailers',
      (stream) => {
        stream.respond(GRPC_HEAD);
        stream.end();
      },
      /the server ended the stream/,
    ],
    [
      'HTTP 404',
      (stream) => {
        stream.respond({ ':status': 404 });
        stream.end('not here');
      },
      /HTTP status 404/,
    ],
    ['RST_STREAM', (stream) => stream.close(2), /INTERNAL_ERROR/],
    ['RST_STREAM NO_ERROR', (stream) => stream.close(0), /ended/],
    ['RST_STREAM CANCEL', (stream) => stream.close(8), /ended/],
    [
      'bytes without a frame',
      (stream) => {
        begin(stream);
        stream.write('garbage garbage garbage');
      },
      /not a Nacos message/,
    ],
    [
      'a frame without sense',
      (stream) => {
        begin(stream);
        stream.write(Buffer.from([0, 0, 0, 0, 2, 0xff, 0xff]));
      },
      /not a Nacos message/,
    ],
    [
      'a message that is too long',
      (stream) => {
        begin(stream);
        stream.write(Buffer.from([0, 0x10, 0, 0, 0]));
      },
      /268435456 bytes/,
    ],
  ];

  it.each(ends)('that ends with %s ends the connection once', async (_, end, why) => {
    const { outcome, ends, connection, clock, server } = await withStreamAndCall(end);
    await until(() => ends.length > 0);
    expect(await outcome).toMatchObject({ code: 'CONNECTION_LOST' });
    await until(() => server.sockets.size === 0);
    expect(ends.map((reason) => reason.message)).toEqual([expect.stringMatching(why)]);
    connection.close();
    expect(ends).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe('the end of a connection', () => {
  type Setup = Awaited<ReturnType<typeof withStreamAndCall>>;
  const all = <T>(set: ReadonlySet<T>, run: (one: T) => void): void => {
    for (const one of [...set]) run(one);
  };
  const ways: readonly (readonly [string, (setup: Setup) => void])[] = [
    ['the server closes the socket', ({ server }) => all(server.sockets, (one) => one.destroy())],
    ['the server ends the socket', ({ server }) => all(server.sockets, (one) => one.end())],
    [
      'the server resets the socket',
      ({ server }) => all(server.sockets, (one) => one.resetAndDestroy()),
    ],
    ['the server says GOAWAY', ({ server }) => all(server.sessions, (one) => one.goaway(0))],
    [
      'the server says GOAWAY for an error',
      ({ server }) => all(server.sessions, (one) => one.goaway(11)),
    ],
    ['the server shuts down gently', ({ server }) => all(server.sessions, (one) => one.close())],
    [
      'the server breaks its session',
      ({ server }) => all(server.sessions, (one) => one.destroy(new Error('broken'), 2)),
    ],
  ];

  it.each(ways)('when %s: it is told once, and each call fails', async (_, end) => {
    const setup = await withStreamAndCall();
    end(setup);
    await until(() => setup.ends.length > 0);
    expect(await setup.outcome).toMatchObject({ code: 'CONNECTION_LOST' });
    await until(() => setup.server.sockets.size === 0);
    expect(setup.ends).toHaveLength(1);
    expect(setup.ends[0]).toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(setup.connection.unary(aMessage(), BOUNDS)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringMatching(/^connection to 127\.0\.0\.1:\d+ ended/) as string,
    });
    expect(setup.clock.pending).toBe(0);
  });

  it('is told when it comes with nothing under way', async () => {
    const { server, ends } = await setUp();
    await until(() => server.sessions.size === 1);
    for (const socket of server.sockets) socket.end();
    await until(() => ends.length === 1);
    expect(ends[0]).toMatchObject({ code: 'CONNECTION_LOST', retryable: true });
  });

  it('is told to a listener that comes later', async () => {
    const { server, ends, connection } = await setUp();
    await until(() => server.sessions.size === 1);
    for (const socket of server.sockets) socket.destroy();
    await until(() => ends.length === 1);
    const late: Error[] = [];
    connection.onEnd((reason) => late.push(reason));
    expect(late).toEqual(ends);
  });

  it('is not told when we close, neither now nor later; every call fails and no socket is left', async () => {
    const { connection, outcome, ends, server, clock } = await withStreamAndCall();
    const others = Array.from({ length: 50 }, () => connection.unary(aMessage(), BOUNDS));
    connection.close();
    connection.close();
    connection.onEnd((reason) => {
      throw reason;
    });
    for (const result of await Promise.allSettled([outcome, ...others])) {
      expect(result.status === 'rejected' ? result.reason : result.value).toMatchObject({
        code: 'CONNECTION_LOST',
      });
    }
    await until(() => server.sockets.size === 0);
    expect({ ends, pending: clock.pending }).toEqual({ ends: [], pending: 0 });
  });

  it('at once after the connect leaves nothing behind', async () => {
    const { connection, server } = await setUp();
    connection.openStream(() => undefined);
    const call = connection.unary(aMessage(), BOUNDS);
    connection.close();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await until(() => server.sockets.size === 0);
  });

  it('is for the heartbeat to find when bytes come which are no HTTP/2: Node ignores all that follows', async () => {
    const setup = await withStreamAndCall();
    for (const socket of setup.server.sockets) socket.write(Buffer.alloc(64, 0xff));
    const late = Promise.allSettled([setup.connection.unary(aMessage(), BOUNDS)]);
    await setup.clock.advance(3000);
    // It depends on which of the two comes first whether Node still ends a stream.
    const code = expect.stringMatching(/^(REQUEST_TIMEOUT|CONNECTION_LOST)$/) as string;
    expect(await late).toMatchObject([{ reason: { code } }]);
    expect(await setup.outcome).toMatchObject({ code });
    setup.connection.close();
    await until(() => setup.server.sockets.size === 0);
    expect(setup.clock.pending).toBe(0);
  });

  it('by the server, at once after each connect, never goes past us', async () => {
    const server = await startScripted();
    atEnd(() => server[Symbol.asyncDispose]());
    const transport = createHttp2Transport(createFakeClock());
    for (let i = 0; i < 30; i += 1) {
      const connection = await transport.connect(server.endpoint, {
        timeoutMs: 3000,
        signal: new AbortController().signal,
      });
      const ends: Error[] = [];
      connection.onEnd((reason) => ends.push(reason));
      if (i % 3 === 0) await until(() => server.sockets.size > 0);
      for (const socket of server.sockets) {
        if (i % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      }
      connection.openStream(() => undefined);
      connection.send(aMessage());
      if (i % 3 !== 0) {
        await until(() => server.sockets.size > 0);
        for (const socket of server.sockets) socket.resetAndDestroy();
      }
      await until(() => ends.length === 1);
      expect(ends).toMatchObject([{ code: 'CONNECTION_LOST' }]);
    }
    await until(() => server.sockets.size === 0);
  });
});

/** Unary calls of the transport against a server that a test scripts frame by frame: good, odd, broken and silent ones. */
import type { ServerHttp2Stream } from 'node:http2';

import { describe, expect, it } from 'vitest';

import type { Payload } from '../../src/wire/payload.js';
import { expectQuietProcess } from '../helpers/quiet-process.js';
import { begin, framed, GRPC_HEAD, reply, until, type Script } from '../helpers/scripted-http2.js';
import { aMessage, BOUNDS, setUp, type Setup } from './http2-transport-fixture.js';

expectQuietProcess();

const MIB = 1024 * 1024;
/** Answers calls of type `AskRequest` as said, others well. */
function odd(answer: (call: ServerHttp2Stream) => void): Script {
  return {
    unary: (call, request) => {
      if (request.type === 'AskRequest') answer(call);
      else reply(call, request);
    },
  };
}

/** The connection still answers: what went wrong was one call. */
async function expectAlive({ connection, ends, clock }: Setup): Promise<void> {
  const echo = await connection.unary(aMessage('{"still":"here"}', 'NextRequest'), BOUNDS);
  expect(Buffer.from(echo.body).toString()).toBe('{"still":"here"}');
  expect(ends).toEqual([]);
  expect(clock.pending).toBe(0);
}

describe('a unary call', () => {
  it('gives the message of the answer, and leaves no timer behind', async () => {
    const { connection, clock } = await setUp();
    const answer = await connection.unary(aMessage('{"b":2}'), BOUNDS);
    expect({ ...answer, headers: { ...answer.headers }, body: String(answer.body) }).toEqual({
      type: 'AskRequest',
      headers: { a: '1' },
      clientIp: '10.0.0.1',
      body: '{"b":2}',
    });
    expect(clock.pending).toBe(0);
  });

  it('sends what a gRPC server asks for', async () => {
    let head: unknown;
    const { connection } = await setUp({
      head: (call, headers) => {
        head = { ...headers };
        call.on('data', () => undefined);
        reply(call, aMessage());
      },
    });
    await connection.unary(aMessage(), BOUNDS);
    expect(head).toMatchObject({
      ':method': 'POST',
      ':path': '/Request/request',
      ':scheme': 'http',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
  });

  it('puts together an answer of one byte per frame, its head split too', async () => {
    const setup = await setUp(
      odd((call) => {
        begin(call);
        const bytes = [...framed(aMessage('{"parts":"many"}'))];
        const next = (): void => {
          const byte = bytes.shift();
          if (byte === undefined) call.end();
          else call.write(Buffer.from([byte]), () => setImmediate(next));
        };
        next();
      }),
    );
    const answer = await setup.connection.unary(aMessage(), BOUNDS);
    expect(String(answer.body)).toBe('{"parts":"many"}');
    await expectAlive(setup);
  });

  it('carries 9 MiB both ways, past every flow control window', async () => {
    const setup = await setUp();
    const body = Buffer.alloc(9 * MIB, 'x');
    const answer = await setup.connection.unary(aMessage(body), BOUNDS);
    expect(Buffer.compare(answer.body, body)).toBe(0);
    await expectAlive(setup);
  });

  it('carries ten of 5 MiB at once', async () => {
    const setup = await setUp();
    const body = Buffer.alloc(5 * MIB, 'y');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => setup.connection.unary(aMessage(body), BOUNDS)),
    );
    expect(answers.map((answer) => answer.body.length)).toEqual(Array(10).fill(body.length));
    await expectAlive(setup);
  });

  it('takes an answer that comes before the request was read, and gives the rest of it up', async () => {
    const setup = await setUp({
      head: (call) => reply(call, aMessage('{"early":true}')),
      // Such a server reads nothing, so the window of the stream never grows.
      settings: { initialWindowSize: 1000 },
    });
    const answer = await setup.connection.unary(aMessage(Buffer.alloc(MIB)), BOUNDS);
    expect(String(answer.body)).toBe('{"early":true}');
    await until(() => setup.server.endCodes.length === 1);
    expect(setup.ends).toEqual([]);
  });

  it('makes 500 calls where the server takes ten at once', async () => {
    const setup = await setUp({ settings: { maxConcurrentStreams: 10 } });
    // The limit counts from the server's first frame on.
    await setup.connection.unary(aMessage(), BOUNDS);
    const bodies = Array.from({ length: 500 }, (_, i) => `{"i":${String(i)}}`);
    const answers = await Promise.all(
      bodies.map((body) => setup.connection.unary(aMessage(body), BOUNDS)),
    );
    expect(answers.map((answer) => String(answer.body))).toEqual(bodies);
    expect(setup.server.callsAtOnce).toBeLessThanOrEqual(10);
    await until(() => setup.server.endCodes.length === 501);
    // A call that went well is not cancelled afterwards.
    expect(new Set(setup.server.endCodes)).toEqual(new Set([0]));
    await expectAlive(setup);
  });

  it('makes 500 calls before the server has said anything', async () => {
    const setup = await setUp({ settings: { maxConcurrentStreams: 10 } });
    const answers = await Promise.allSettled(
      Array.from({ length: 500 }, () => setup.connection.unary(aMessage(), BOUNDS)),
    );
    // Those that the server refused for its limit may be repeated; none may hang.
    const failed = answers.filter((answer) => answer.status === 'rejected');
    for (const { reason } of failed) expect(reason).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(failed.length).toBeLessThan(500);
    await expectAlive(setup);
  });
});

describe('an answer that is no answer', () => {
  const cases: readonly (readonly [
    what: string,
    answer: (call: ServerHttp2Stream) => void,
    error: { readonly code: string; readonly message: RegExp },
  ])[] = [
    [
      'a status of failure in the trailers',
      (call) => {
        begin(call, { 'grpc-status': '14', 'grpc-message': 'gone%20away' });
        call.end();
      },
      { code: 'CONNECTION_LOST', message: /gRPC status 14 gone away/ },
    ],
    [
      'a message and then a status of failure',
      (call) => {
        begin(call, { 'grpc-status': '13' });
        call.end(framed(aMessage()));
      },
      { code: 'CONNECTION_LOST', message: /gRPC status 13/ },
    ],
    [
      'a status of failure in the head',
      (call) => {
        call.respond(
          { ...GRPC_HEAD, 'grpc-status': '12', 'grpc-message': 'no such method' },
          { endStream: true },
        );
      },
      { code: 'CONNECTION_LOST', message: /gRPC status 12 no such method/ },
    ],
    [
      'a status of success in the head, without a message',
      (call) => call.respond({ ...GRPC_HEAD, 'grpc-status': '0' }, { endStream: true }),
      { code: 'CONNECTION_LOST', message: /no message/ },
    ],
    [
      'a status of success in the trailers, without a message',
      (call) => {
        begin(call);
        call.end();
      },
      { code: 'CONNECTION_LOST', message: /no message/ },
    ],
    [
      'half a message',
      (call) => {
        begin(call);
        call.end(framed(aMessage()).subarray(0, 12));
      },
      { code: 'CONNECTION_LOST', message: /no message/ },
    ],
    [
      'HTTP 404 with a page',
      (call) => {
        call.respond({ ':status': 404, 'content-type': 'text/html' });
        call.end('<html>not here</html>');
      },
      { code: 'CONNECTION_LOST', message: /HTTP status 404/ },
    ],
    [
      'HTTP 502 without a page',
      (call) => call.respond({ ':status': 502 }, { endStream: true }),
      { code: 'CONNECTION_LOST', message: /HTTP status 502/ },
    ],
    [
      'HTTP 200 with a page',
      (call) => {
        call.respond({ ':status': 200, 'content-type': 'text/html' });
        call.end('<html>welcome</html>');
      },
      { code: 'CONNECTION_LOST', message: /text\/html/ },
    ],
    [
      'a message without trailers',
      (call) => {
        call.respond(GRPC_HEAD);
        call.end(framed(aMessage()));
      },
      { code: 'CONNECTION_LOST', message: /without a status/ },
    ],
    [
      'a head and nothing else',
      (call) => call.respond(GRPC_HEAD, { endStream: true }),
      { code: 'CONNECTION_LOST', message: /without a status/ },
    ],
    [
      'RST_STREAM before the head',
      (call) => call.close(2),
      { code: 'CONNECTION_LOST', message: /INTERNAL_ERROR/ },
    ],
    [
      'RST_STREAM with NO_ERROR',
      (call) => call.close(0),
      { code: 'CONNECTION_LOST', message: /without a status/ },
    ],
    [
      'RST_STREAM after a whole message',
      (call) => {
        call.respond(GRPC_HEAD);
        call.write(framed(aMessage()), () => call.close(8));
      },
      { code: 'CONNECTION_LOST', message: /without a status/ },
    ],
    [
      'a message that is too long',
      (call) => {
        begin(call);
        call.end(Buffer.from([0, 0x7f, 0, 0, 0, 1, 2, 3]));
      },
      { code: 'MALFORMED_MESSAGE', message: /2130706432 bytes/ },
    ],
    [
      'a compressed message',
      (call) => {
        begin(call);
        const bytes = framed(aMessage());
        bytes[0] = 1;
        call.end(bytes);
      },
      { code: 'MALFORMED_MESSAGE', message: /compressed/ },
    ],
    [
      'bytes without a frame',
      (call) => {
        begin(call);
        call.end('this is not gRPC at all');
      },
      { code: 'MALFORMED_MESSAGE', message: /not a Nacos message/ },
    ],
    [
      'a frame of bytes without sense',
      (call) => {
        begin(call);
        call.end(Buffer.from([0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff]));
      },
      { code: 'MALFORMED_MESSAGE', message: /not a Nacos message/ },
    ],
  ];

  it.each(cases)('is %s: this call fails, the connection lives', async (_, answer, error) => {
    const setup = await setUp(odd(answer));
    await expect(setup.connection.unary(aMessage(), BOUNDS)).rejects.toMatchObject({
      code: error.code,
      message: expect.stringMatching(error.message) as string,
    });
    await expectAlive(setup);
  });

  it('can come to many calls at once, among good ones', async () => {
    const answers = cases.map(([, answer]) => answer);
    let count = 0;
    const setup = await setUp(odd((call) => answers[count++ % answers.length]?.(call)));
    const calls = Array.from({ length: answers.length * 10 }, (_, i) => [
      setup.connection.unary(aMessage(), BOUNDS),
      setup.connection.unary(aMessage(`"${String(i)}"`, 'NextRequest'), BOUNDS),
    ]).flat();
    const statuses = (await Promise.allSettled(calls)).map(({ status }) => status);
    expect(statuses).toEqual(statuses.map((_, i) => (i % 2 === 0 ? 'rejected' : 'fulfilled')));
    await expectAlive(setup);
  });

  it('names the address and the request', async () => {
    const { connection, server } = await setUp(odd((call) => call.close(2)));
    const { port } = server.endpoint;
    await expect(connection.unary(aMessage(), BOUNDS)).rejects.toThrow(
      `127.0.0.1:${String(port)} did not answer AskRequest`,
    );
  });
});

describe('a call that gets no answer', () => {
  it('fails at its time, tells the server, and leaves the others alone', async () => {
    const held: (() => void)[] = [];
    const setup = await setUp({
      unary: (call, request) => {
        if (request.type === 'SlowRequest') held.push(() => reply(call, request));
        else if (request.type !== 'AskRequest') reply(call, request);
      },
    });
    const { connection, clock, server } = setup;
    const slow = connection.unary(aMessage('{}', 'SlowRequest'), { ...BOUNDS, timeoutMs: 9000 });
    const lost = connection.unary(aMessage(), BOUNDS);
    const failure = expect(lost).rejects.toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message: expect.stringContaining('did not answer AskRequest within 3000 ms') as string,
    });
    await until(() => server.calls === 2);
    await clock.advance(3000);
    await failure;
    await until(() => server.endCodes.length === 1);
    expect(server.endCodes).toEqual([8]);
    for (const answer of held) answer();
    expect((await slow).type).toBe('SlowRequest');
    await expectAlive(setup);
  });

  it('holds the process for a user only', async () => {
    const { connection, clock } = await setUp(odd(() => undefined));
    const calls = [
      connection.unary(aMessage(), { ...BOUNDS, holdsProcess: true }),
      connection.unary(aMessage(), { ...BOUNDS, holdsProcess: false }),
    ];
    expect([clock.pending, clock.holding]).toEqual([2, 1]);
    connection.close();
    await Promise.allSettled(calls);
    expect(clock.pending).toBe(0);
  });

  it('ends with the reason of its signal, and the server sees CANCEL', async () => {
    const setup = await setUp(odd(() => undefined));
    const { connection, server } = setup;
    const abort = new AbortController();
    const call = connection.unary(aMessage(), { ...BOUNDS, signal: abort.signal });
    const failure = expect(call).rejects.toThrow('enough');
    await until(() => server.calls === 1);
    abort.abort(new Error('enough'));
    await failure;
    await until(() => server.endCodes.length === 1);
    expect(server.endCodes).toEqual([8]);
    await expectAlive(setup);
  });

  it('is not made when its signal has aborted before', async () => {
    const setup = await setUp();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(setup.connection.unary(aMessage(), { ...BOUNDS, signal })).rejects.toThrow(
      'too late',
    );
    await expectAlive(setup);
    expect(setup.server.calls).toBe(1);
  });

  it('can be aborted before its stream exists, in hundreds, on one signal', async () => {
    const setup = await setUp();
    const abort = new AbortController();
    const calls = Array.from({ length: 300 }, () =>
      setup.connection.unary(aMessage(), { ...BOUNDS, signal: abort.signal }),
    );
    abort.abort(new Error('enough'));
    const results = await Promise.allSettled(calls);
    expect(new Set(results.map((result) => result.status))).toEqual(new Set(['rejected']));
    await expectAlive(setup);
  });
});

describe('a request that cannot be written', () => {
  it('fails for its own reason and leaves no stream behind', async () => {
    const setup = await setUp();
    const wrong = { ...aMessage(), headers: { a: 7 } } as unknown as Payload;
    await expect(setup.connection.unary(wrong, BOUNDS)).rejects.toBeInstanceOf(TypeError);
    await expectAlive(setup);
    expect(setup.server.calls).toBe(1);
  });
});

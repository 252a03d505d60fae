import { EventEmitter } from 'node:events';
import { Server } from 'node:net';

import { describe, expect, it } from 'vitest';

import { createLogger } from '../../../src/logger.js';
import { createShutdown, type ShutdownOptions } from '../../../src/registration/shutdown.js';
import { createFakeClock, settle, type FakeClock } from '../../helpers/fake-clock.js';

/** A server whose last connection ends when the test says so. */
class ScriptedServer extends Server {
  closes = 0;
  idleLooks = 0;
  #closed: (() => void) | undefined;

  override close(callback?: (error?: Error) => void): this {
    this.closes += 1;
    this.#closed = () => {
      callback?.();
      this.emit('close');
    };
    return this;
  }

  closeIdleConnections(): void {
    this.idleLooks += 1;
  }

  lastConnectionEnds(): void {
    this.#closed?.();
  }
}

/** A connection of node:http with what it is about to answer. */
class ScriptedConnection extends EventEmitter {
  _httpMessage: object | null;

  constructor(response: object | null) {
    super();
    this._httpMessage = response;
  }
}

/** A response as node:http has it; `head` is what of it has been sent. */
function aResponse(head: string | null = null): {
  readonly headersSent: boolean;
  readonly _header: string | null;
  shouldKeepAlive: boolean;
} {
  return { headersSent: head !== null, _header: head, shouldKeepAlive: true };
}

interface Setup {
  readonly clock: FakeClock;
  readonly shutdown: ReturnType<typeof createShutdown>;
  readonly steps: readonly string[];
}

/** `leaving` is what the registry answers; undefined: nothing within the time allowed. */
function setUp(
  options: Partial<ShutdownOptions> & {
    readonly leaving?: boolean | Error;
    /** Nothing of a server is in the registry. */
    readonly nothing?: boolean;
  } = {},
): Setup {
  const clock = createFakeClock();
  const steps: string[] = [];
  const start = clock.nowMs();
  const step = (what: string): void => void steps.push(`${String(clock.nowMs() - start)} ${what}`);
  const shutdown = createShutdown({
    clock,
    logger: createLogger({ level: 'warn', write: (line) => step(line.trim()) }),
    registrar: {
      leave: async ({ timeoutMs } = {}) => {
        step(`leave within ${String(timeoutMs)}`);
        if (options.leaving instanceof Error) throw options.leaving;
        return options.leaving ?? true;
      },
      leaveServer: ({ port }, { timeoutMs } = {}) => {
        if (options.nothing === true) return undefined;
        step(`leave ${String(port)} within ${String(timeoutMs)}`);
        return Promise.resolve(options.leaving !== false);
      },
      serverUp: ({ port }) => step(`up ${String(port)}`),
      serverDown: ({ port }) => step(`down ${String(port)}`),
    },
    closeClient: async () => step('client closed'),
    ...options,
  });
  return { clock, shutdown, steps };
}

function listening(server: Server): Parameters<Setup['shutdown']['serverUp']>[0] {
  return { server, local: server, scheme: 'http', host: '::', port: 8080 };
}

/** Runs to its end, moving time in steps; tells how long it took. */
async function duration(clock: FakeClock, task: Promise<void>): Promise<number> {
  const start = clock.nowMs();
  let over = false;
  void task.then(() => {
    over = true;
  });
  await settle();
  while (!over) await clock.advance(10);
  return clock.nowMs() - start;
}

describe('leaving on a signal', () => {
  it.each<[string, Parameters<typeof setUp>[0], number, string]>([
    ['gives callers the quiet time', {}, 1000, '0 leave within 3000'],
    [
      'has no quiet time when callers cannot hear of it',
      { leaving: false },
      0,
      '0 leave within 3000',
    ],
    ['takes the quiet time that is set', { quietTimeMs: 250 }, 250, '0 leave within 3000'],
    ['may have no quiet time', { quietTimeMs: 0 }, 0, '0 leave within 3000'],
    ['stays within the bound', { timeoutMs: 600, quietTimeMs: 5000 }, 600, '0 leave within 200'],
    ['under pm2 fits in 1.5 s', { pm2: true, quietTimeMs: 5000 }, 1500, '0 leave within 500'],
  ])('%s', async (_, options, ms, first) => {
    const { clock, shutdown, steps } = setUp(options);
    expect(await duration(clock, shutdown.leave('SIGTERM'))).toBe(ms);
    expect(steps).toEqual([first]);
  });

  it('leaves the instance to the server when deregistering is off', async () => {
    const { clock, shutdown, steps } = setUp({ deregister: false });
    expect(await duration(clock, shutdown.leave('SIGTERM'))).toBe(0);
    expect(steps).toEqual([]);
  });

  it('never fails: the signal has to arrive', async () => {
    const { clock, shutdown, steps } = setUp({ leaving: new Error('broken') });
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(steps[1]).toMatch(/leaving Nacos failed: broken/);
  });

  it('keeps the process alive during the quiet time', async () => {
    const { clock, shutdown } = setUp();
    const left = shutdown.leave('SIGTERM');
    await settle();
    expect(clock.holding).toBe(1);
    await clock.advance(1000);
    await left;
    expect(clock.pending).toBe(0);
  });
});

describe('draining', () => {
  it('waits for the last connection, closes idle ones on the way, and then the client', async () => {
    const { clock, shutdown, steps } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    server.emit('connection', new ScriptedConnection(aResponse()));
    await duration(clock, shutdown.leave('SIGTERM'));
    const drained = shutdown.drain();
    await clock.advance(500);
    expect(server.closes).toBe(1);
    expect(server.idleLooks).toBe(11);
    expect(steps).not.toContain('1500 client closed');
    server.lastConnectionEnds();
    await drained;
    expect(steps.at(-1)).toBe('1500 client closed');
    expect(clock.pending).toBe(0);
  });

  it('ends with the bound when a request never does', async () => {
    const { clock, shutdown } = setUp({ timeoutMs: 2000 });
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    server.emit('connection', new ScriptedConnection(aResponse()));
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  it.each<[string, object | null]>([
    ['a connection without a request, like one that was upgraded', null],
    ['a stream of events', aResponse('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')],
  ])('does not wait for %s', async (_, response) => {
    const { clock, shutdown } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    server.emit('connection', new ScriptedConnection(response));
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(250);
    expect(clock.pending).toBe(0);
  });

  it('waits for a connection that it has not seen from its start', async () => {
    const { clock, shutdown } = setUp({ timeoutMs: 2000 });
    const server = new ScriptedServer();
    server.getConnections = (callback) => {
      callback(null, 1);
      return server;
    };
    shutdown.serverUp(listening(server));
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(1000);
  });

  it('lets the sessions of http2 end with their last stream, and says nothing on them before', async () => {
    const { clock, shutdown } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    const said: string[] = [];
    const session = Object.assign(new EventEmitter(), {
      goaway: (code: number, last: number) => said.push(`goaway ${String(code)} ${String(last)}`),
      close: () => said.push('close'),
    });
    server.emit('session', session);
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(said).toEqual([]);
    const drained = shutdown.drain();
    await clock.advance(1000);
    expect(said).toContain('close');
    session.emit('close');
    expect(await duration(clock, drained)).toBe(300);
  });

  it('has nothing to do with servers that are closed', async () => {
    const { clock, shutdown } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    server.emit('close');
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(0);
    expect(server.closes).toBe(0);
  });

  it('does not wait for a client that cannot say goodbye', async () => {
    const { clock, shutdown } = setUp({ closeClient: () => new Promise(() => undefined) });
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(500);
  });
});

describe('while callers are told', () => {
  it('each response is the last of its connection, until the server listens again', async () => {
    const { clock, shutdown } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    const [begun, sent, next, later] = [
      aResponse(),
      aResponse('HTTP/1.1 200'),
      aResponse(),
      aResponse(),
    ];
    for (const response of [begun, sent]) {
      server.emit('connection', new ScriptedConnection(response));
    }
    const left = shutdown.leave('SIGTERM');
    server.emit('request', {}, next);
    expect([begun, sent, next].map((one) => one.shouldKeepAlive)).toEqual([false, true, false]);
    await duration(clock, left);
    shutdown.serverUp(listening(server));
    server.emit('request', {}, later);
    expect(later.shouldKeepAlive).toBe(true);
  });
});

describe('closing a server', () => {
  const one = { server: {}, local: undefined, scheme: 'http', host: '::', port: 8080 } as const;

  it.each<[string, Parameters<typeof setUp>[0], number, string]>([
    ['gives callers the quiet time', {}, 1000, '0 leave 8080 within 3000'],
    [
      'has no quiet time when they cannot hear of it',
      { leaving: false },
      0,
      '0 leave 8080 within 3000',
    ],
    [
      'stays within the bound',
      { timeoutMs: 600, quietTimeMs: 5000 },
      600,
      '0 leave 8080 within 200',
    ],
    ['under pm2 fits in 1.5 s', { pm2: true, quietTimeMs: 5000 }, 1500, '0 leave 8080 within 500'],
  ])('%s', async (_, options, ms, first) => {
    const { clock, shutdown, steps } = setUp(options);
    const left = shutdown.serverClosing(one);
    expect(left).toBeInstanceOf(Promise);
    expect(await duration(clock, left ?? Promise.resolve())).toBe(ms);
    expect(steps).toEqual([first]);
  });

  it.each<[string, Parameters<typeof setUp>[0]]>([
    ['that has nothing in the registry', { nothing: true }],
    ['when deregistering is off', { deregister: false }],
  ])('%s is not held', (_, options) => {
    const { shutdown, steps } = setUp(options);
    expect(shutdown.serverClosing(one)).toBeUndefined();
    expect(steps).toEqual([]);
  });

  it('while a signal is held waits as long as that', async () => {
    const { clock, shutdown, steps } = setUp();
    const left = shutdown.leave('SIGTERM');
    await clock.advance(400);
    expect(await duration(clock, shutdown.serverClosing(one) ?? Promise.resolve())).toBe(600);
    await left;
    expect(steps).toEqual(['0 leave within 3000']);
  });
});

describe('an app that has handled the signal', () => {
  const at = (port: number) => ({
    server: {},
    local: undefined,
    scheme: 'http' as const,
    host: '::',
    port,
  });

  it('and still listens half a minute after the last one is registered again', async () => {
    const { clock, shutdown, steps } = setUp();
    shutdown.serverUp(at(1));
    await duration(clock, shutdown.leave('SIGTERM'));
    shutdown.delivered();
    await clock.advance(20_000);
    shutdown.delivered();
    await clock.advance(29_999);
    expect(steps).toEqual(['0 leave within 3000']);
    expect(clock.holding).toBe(0);
    await clock.advance(1);
    expect(steps.slice(1)).toEqual(['51000 down 1', '51000 up 1']);
    expect(clock.pending).toBe(0);
  });

  it('keeps out what it has closed, and what is registered again already', async () => {
    const { clock, shutdown, steps } = setUp();
    const [closed, again] = [at(1), at(2)];
    const local = { ...at(3), local: new Server() };
    for (const server of [closed, again, local]) shutdown.serverUp(server);
    await duration(clock, shutdown.leave('SIGTERM'));
    shutdown.delivered();
    shutdown.serverDown(closed);
    shutdown.serverUp(again);
    await clock.advance(30_000);
    expect(steps).toEqual(['0 leave within 3000']);
  });
});

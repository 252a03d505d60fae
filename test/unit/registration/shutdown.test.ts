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

interface Setup {
  readonly clock: FakeClock;
  readonly shutdown: ReturnType<typeof createShutdown>;
  readonly steps: readonly string[];
}

/** `leaving` is what the registry answers; undefined: nothing within the time allowed. */
function setUp(
  options: Partial<ShutdownOptions> & { readonly leaving?: boolean | Error } = {},
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
    shutdown.serverUp(listening(new ScriptedServer()));
    await duration(clock, shutdown.leave('SIGTERM'));
    expect(await duration(clock, shutdown.drain())).toBe(1000);
    expect(clock.pending).toBe(0);
  });

  it('says goodbye on the sessions of http2', async () => {
    const { clock, shutdown } = setUp();
    const server = new ScriptedServer();
    shutdown.serverUp(listening(server));
    let goodbyes = 0;
    server.emit('session', { close: () => (goodbyes += 1), once: () => undefined });
    await duration(clock, shutdown.leave('SIGTERM'));
    const drained = shutdown.drain();
    expect(goodbyes).toBe(1);
    server.lastConnectionEnds();
    await drained;
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

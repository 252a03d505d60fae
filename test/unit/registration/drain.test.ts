import { Server } from 'node:net';

import { describe, expect, it } from 'vitest';

import { createDrain } from '../../../src/registration/drain.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';

/** Closes at once, as the server of a worker does: the primary has the socket. */
class ServerOfWorker extends Server {
  override close(callback?: (error?: Error) => void): this {
    callback?.();
    this.emit('close');
    return this;
  }
}

async function drainOf(isWorker: boolean, servers: readonly Server[]) {
  const clock = createFakeClock();
  const drain = createDrain(clock, () => isWorker);
  for (const server of servers) drain.watch(server);
  let isOver = false;
  const over = drain.run(1000).then(() => {
    isOver = true;
  });
  await settle();
  return { clock, over, isOver: () => isOver };
}

describe('a drain whose servers are closed', () => {
  it('is over at once in a process of its own', async () => {
    const { over, isOver } = await drainOf(false, [new ServerOfWorker()]);
    expect(isOver()).toBe(true);
    await over;
  });

  it('stays in a worker for the connections that the primary has sent already', async () => {
    const { clock, over, isOver } = await drainOf(true, [new ServerOfWorker()]);
    await clock.advance(99);
    expect(isOver()).toBe(false);
    await clock.advance(1);
    await over;
    expect(isOver()).toBe(true);
  });

  it('has nothing to wait for in a worker without servers', async () => {
    const { over, isOver } = await drainOf(true, []);
    expect(isOver()).toBe(true);
    await over;
  });
});

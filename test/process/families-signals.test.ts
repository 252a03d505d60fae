/** Signals in a cluster under the preload: whoever gets them, nobody loses a request, and everybody ends as without us. */
import { describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import {
  aFamilyScene,
  appLines,
  first,
  get,
  steps,
  workersOf,
  type FamilyScene,
} from './families-scene.js';

type Env = Readonly<Record<string, string>>;

interface Started {
  readonly child: Child;
  readonly pids: readonly number[];
  readonly port: number;
}

async function start(scene: FamilyScene, env: Env, preload = true): Promise<Started> {
  const child = scene.start('cluster.cjs', { env: { WORKERS: '2', ...env }, preload });
  const workers = await workersOf(child, 2);
  const { port } = first(workers);
  if (preload) {
    await child.line(/ registered /);
    await scene.listed(port);
    // Workers hold signals from the moment they hear that there is something to hold for; a request shows that they are up.
    for (let call = 0; call < 4; call += 1) await get(port);
  }
  return { child, pids: workers.map(({ pid }) => pid), port };
}

/** To the primary and all its workers at once, as Ctrl-C and `docker stop` with an init do. */
const toAll =
  (signal: NodeJS.Signals) =>
  ({ child }: Started): void => {
    process.kill(-child.pid, signal);
  };
const toPrimary =
  (signal: NodeJS.Signals) =>
  ({ child }: Started): void => {
    child.kill(signal);
  };

/** Longer than any test: what is held is held until the next signal. */
const HELD: Env = { NACOS_QUIET_TIME: '3000', NACOS_SHUTDOWN_TIMEOUT: '3600' };

describe('a signal for', () => {
  it.each([
    ['the primary alone', toPrimary('SIGTERM')],
    ['everybody at once', toAll('SIGINT')],
  ])(
    '%s takes the row out while all workers go on serving, until the second one',
    async (_, send) => {
      await using scene = await aFamilyScene();
      const started = await start(scene, HELD);
      send(started);
      await started.child.line(/ deregistered /);
      for (let call = 0; call < 8; call += 1) {
        expect(await get(started.port)).toMatch(/^\d+$/);
      }
      expect(started.child.lines.filter((line) => line.includes('ended'))).toEqual([]);
      send(started);
      await started.child.exit();
      await scene.listed();
      expect(steps(started.child)).toEqual(['registered', 'deregistered']);
    },
  );

  it.each([
    ['the primary alone', toPrimary('SIGTERM')],
    ['everybody at once', toAll('SIGTERM')],
  ])('%s lets the workers finish their requests', async (_, send) => {
    await using scene = await aFamilyScene();
    const started = await start(scene, { NACOS_QUIET_TIME: '0' });
    const answer = get(started.port, '/slow');
    await started.child.line(/^slow request/);
    send(started);
    expect(await answer).toBe('slow but whole');
    expect(await started.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('one worker ends that one; its row stays, since others serve', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await start(scene, {});
    process.kill(Number(pids[0]), 'SIGTERM');
    await child.line(new RegExp(`^worker ${String(pids[0])} ended SIGTERM false$`));
    expect(await get(port)).toBe(String(pids[1]));
    expect(steps(child)).toEqual(['registered']);
    await scene.listed(port);
  });

  it('all workers, but not the primary, takes the row out while they go on serving, until the second one', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await start(scene, HELD);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    await child.line(/ deregistered /);
    expect(pids.map(String)).toContain(await get(port));
    expect(child.lines.filter((line) => line.includes('ended'))).toEqual([]);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    for (const pid of pids) {
      await child.line(new RegExp(`^worker ${String(pid)} ended SIGTERM false$`));
    }
    await scene.listed();
  });
});

describe('a family ends as it would without us', () => {
  it.each<[string, Env, (started: Started) => void | Promise<void>]>([
    ['without handlers, signal for the primary', {}, toPrimary('SIGTERM')],
    ['without handlers, signal for all', {}, toAll('SIGINT')],
    ['with a handler in the primary', { HANDLERS: 'primary' }, toPrimary('SIGTERM')],
    [
      'with a handler in its workers, one of which gets it first',
      { HANDLERS: 'worker' },
      async (started) => {
        process.kill(Number(started.pids[0]), 'SIGTERM');
        await started.child.line(/^worker \d+ ended 3 false$/);
        started.child.kill('SIGTERM');
      },
    ],
    ['with a handler in both', { HANDLERS: 'worker,primary' }, toPrimary('SIGTERM')],
  ])('%s', async (_, env, send) => {
    await using scene = await aFamilyScene();
    const ours = await start(scene, { ...env });
    const bare = await start(scene, env, false);
    await Promise.all([send(ours), send(bare)]);
    expect(await ours.child.exit()).toEqual(await bare.child.exit());
    expect(appLines(ours.child).toSorted()).toEqual(appLines(bare.child).toSorted());
    await scene.listed();
  });
});

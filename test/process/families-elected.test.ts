/** Processes that share a port without a primary of ours, as under pm2: one of them registers it, and when that ends the next one does. */
import { describe, expect, it, vi } from 'vitest';

import {
  aFamilyScene,
  aForeignCluster,
  first,
  get,
  LIBRARY,
  ownerOf,
  steps,
  workersOf,
} from './families-scene.js';

describe('workers whose primary is without us', () => {
  it('are one row, registered by one of them', async () => {
    await using scene = await aFamilyScene();
    const { child, port } = await aForeignCluster(scene);
    expect(steps(child)).toEqual(['registered']);
    expect(await get(port)).toMatch(/^\d+$/);
  });

  it('keep the row when the one that owns it is killed, again and again', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aForeignCluster(scene);
    let alive = pids;
    while (alive.length > 0) {
      const owner = await ownerOf(alive);
      alive = alive.filter((pid) => pid !== owner);
      const registered = steps(child).length;
      process.kill(owner, 'SIGKILL');
      await child.line(new RegExp(`^worker ${String(owner)} ended SIGKILL`));
      if (alive.length === 0) break;
      await vi.waitFor(() => expect(steps(child)).toHaveLength(registered + 1), {
        timeout: 10_000,
        interval: 5,
      });
      await scene.listed(port);
    }
    await scene.listed();
    expect(steps(child)).toEqual(['registered', 'registered', 'registered']);
  });

  it('keep the row when another one is killed', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aForeignCluster(scene);
    const owner = await ownerOf(pids);
    const other = first(pids.filter((pid) => pid !== owner));
    process.kill(other, 'SIGKILL');
    await child.line(new RegExp(`^worker ${String(other)} ended SIGKILL`));
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
  });

  it('hand the row over without a gap when the owner is told to end', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aForeignCluster(scene);
    const owner = await ownerOf(pids);
    process.kill(owner, 'SIGTERM');
    await child.line(new RegExp(`^worker ${String(owner)} ended SIGTERM false$`));
    await scene.listed(port);
    // The next one is registered before the first one is out.
    expect(steps(child)).toEqual(['registered', 'registered', 'deregistered']);
    expect(await ownerOf(pids.filter((pid) => pid !== owner))).not.toBe(owner);
  });

  it('take the row out when all of them are told to end', async () => {
    await using scene = await aFamilyScene();
    const { child, pids } = await aForeignCluster(scene);
    for (const pid of pids) process.kill(pid, 'SIGTERM');
    for (const pid of pids) {
      await child.line(new RegExp(`^worker ${String(pid)} ended SIGTERM false$`));
    }
    await scene.listed();
  });
});

describe('workers that register by code', () => {
  it.each([
    ['with the preload in all of them', true],
    ['without it', false],
  ])('are one row, by what the code says: %s', async (_, preload) => {
    await using scene = await aFamilyScene();
    const child = scene.start('explicit.cjs', { preload, env: { LIBRARY } });
    const { port } = first(await workersOf(child, 2));
    await child.line(/ registered /);
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
    expect(await scene.metadata()).toEqual([{ by: 'code' }]);
  });
});

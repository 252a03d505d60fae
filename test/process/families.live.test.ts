/** Families of processes on a real server: the row stays when a process of it is killed, and is handed over when its owner is. */
import { describe, expect, it, vi } from 'vitest';

import {
  aFamilyScene,
  aForeignCluster,
  first,
  get,
  ownerOf,
  steps,
  workersOf,
} from './families-scene.js';

describe('on a real server', () => {
  it('a cluster keeps its one row when three of its four workers are killed', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('cluster.cjs');
    const workers = await workersOf(child, 4);
    const { port } = first(workers);
    await child.line(/ registered /);
    await scene.listed(port);
    for (const { pid } of workers.slice(0, 3)) {
      process.kill(pid, 'SIGKILL');
      await child.line(new RegExp(`^worker ${String(pid)} ended SIGKILL`));
      expect(await get(port)).toMatch(/^\d+$/);
      await scene.listed(port);
    }
    expect(steps(child)).toEqual(['registered']);
    child.kill('SIGKILL');
    await scene.listed();
  });

  it('workers without a primary of ours keep their one row when its owner is killed, and when it leaves', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aForeignCluster(scene);
    const owner = await ownerOf(pids);
    process.kill(owner, 'SIGKILL');
    await child.line(new RegExp(`^worker ${String(owner)} ended SIGKILL`));
    const others = pids.filter((pid) => pid !== owner);
    const next = await ownerOf(others);
    await vi.waitFor(() => expect(steps(child)).toHaveLength(2), { timeout: 20_000, interval: 20 });
    await scene.listed(port);
    process.kill(next, 'SIGTERM');
    await child.line(new RegExp(`^worker ${String(next)} ended SIGTERM false$`));
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered', 'registered', 'registered', 'deregistered']);
    child.kill('SIGKILL');
    await scene.listed();
  });
});

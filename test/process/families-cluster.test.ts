/** A cluster under the preload: one row for a port however many workers share it, owned by the primary. */
import { describe, expect, it } from 'vitest';

import {
  aFamilyScene,
  appLines,
  first,
  get,
  steps,
  tell,
  workersOf,
  type FamilyScene,
} from './families-scene.js';
import type { Child } from '../helpers/child.js';

/** Four workers on one port, registered. */
async function aCluster(
  scene: FamilyScene,
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: Child; pids: readonly number[]; port: number }> {
  const child = scene.start('cluster.cjs', { env });
  const workers = await workersOf(child, 4);
  const { port } = first(workers);
  await child.line(/ registered /);
  await scene.listed(port);
  return { child, pids: workers.map(({ pid }) => pid), port };
}

describe('a cluster of four workers on one port', () => {
  it('is one row, registered once, and its app sees nothing of that', async () => {
    await using scene = await aFamilyScene();
    const { child, port } = await aCluster(scene);
    expect(steps(child)).toEqual(['registered']);
    const bare = scene.start('cluster.cjs', { preload: false });
    const bareWorkers = await workersOf(bare, 4);
    expect(await get(first(bareWorkers).port)).toMatch(/^\d+$/);
    expect(await get(port)).toMatch(/^\d+$/);
    for (const one of [child, bare]) tell(one, 'disconnect');
    expect(await child.exit()).toEqual(await bare.exit());
    expect(appLines(child).toSorted()).toEqual(appLines(bare).toSorted());
  });

  it('keeps its row when any worker but the last is killed, and loses it with the last', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aCluster(scene);
    for (const pid of pids.slice(0, 3)) {
      process.kill(pid, 'SIGKILL');
      await child.line(new RegExp(`^worker ${String(pid)} ended SIGKILL`));
      expect(await get(port)).toMatch(/^\d+$/);
    }
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
    process.kill(Number(pids[3]), 'SIGKILL');
    await child.line(/ deregistered /);
    await scene.listed();
  });

  it('keeps its row while its workers are replaced one after the other', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aCluster(scene, { REFORK: '1' });
    for (const [index, pid] of pids.entries()) {
      tell(child, index % 2 === 0 ? `disconnect ${String(pid)}` : `kill ${String(pid)} SIGTERM`);
      await workersOf(child, 5 + index);
    }
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
    expect(pids.map(String)).not.toContain(await get(port));
  });

  it('loses its row with the primary', async () => {
    await using scene = await aFamilyScene();
    const { child } = await aCluster(scene);
    child.kill('SIGKILL');
    await scene.listed();
  });

  it('keeps its row when a worker disconnects, and is out before the last one closes', async () => {
    await using scene = await aFamilyScene();
    const { child, pids, port } = await aCluster(scene);
    for (const pid of pids.slice(0, 3)) {
      tell(child, `disconnect ${String(pid)}`);
      await child.line(new RegExp(`^worker ${String(pid)} ended 0 true`));
    }
    expect(steps(child)).toEqual(['registered']);
    tell(child, `disconnect ${String(pids[3])}`);
    await child.line(/ deregistered /);
    // The quiet time: who was told late is still served.
    expect(await get(port)).toBe(String(pids[3]));
    await child.line(new RegExp(`^worker ${String(pids[3])} ended 0 true`));
    await scene.listed();
  });

  it('is out before cluster.disconnect() closes its last worker', async () => {
    await using scene = await aFamilyScene();
    const { child, port } = await aCluster(scene);
    tell(child, 'disconnect');
    await child.line(/ deregistered /);
    expect(await get(port)).toMatch(/^\d+$/);
    await child.line(/^disconnected$/);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    await scene.listed();
  });

  it('works with the other serialization of messages', async () => {
    await using scene = await aFamilyScene();
    const { child } = await aCluster(scene, { SERIALIZATION: 'advanced' });
    expect(steps(child)).toEqual(['registered']);
    expect(child.lines.filter((line) => line.startsWith('message'))).toEqual([]);
  });
});

describe('a cluster with register_on_request', () => {
  it('is registered with the first request of any worker', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('cluster.cjs', { env: { NACOS_REGISTER_ON_REQUEST: 'true' } });
    const { port } = first(await workersOf(child, 4));
    expect(steps(child)).toEqual([]);
    expect(await get(port)).toMatch(/^\d+$/);
    await child.line(/ registered /);
    await scene.listed(port);
    expect(steps(child)).toEqual(['registered']);
  });
});

describe('workers that listen on ports of their own', () => {
  it('are registered by the primary, under the usual choice of one server', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('cluster.cjs', { env: { WORKERS: '2', OWN_PORTS: '1' } });
    const [one, other] = await workersOf(child, 2);
    await child.line(/ registered /);
    expect(one?.port).not.toBe(other?.port);
    const [, port] = await child.line(/ registered \S+ 10\.9\.8\.7:(\d+) /);
    const chosen = [one, other].find((worker) => worker?.port === Number(port));
    await scene.listed(Number(port));
    process.kill(Number(chosen?.pid), 'SIGKILL');
    await child.line(/ deregistered /);
    await scene.listed();
  });

  it('are chosen by service.port', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('cluster.cjs', { env: { WORKERS: '1', SIDE: '1' } });
    const [, side] = await child.line(/^side on (\d+)$/);
    const [, main] = await child.line(/^main on (\d+)$/);
    await child.line(/ registered /);
    expect(side).not.toBe(main);
    await scene.listed(Number(main));
    child.kill('SIGKILL');
    await scene.listed();
    const again = scene.start('cluster.cjs', {
      env: { WORKERS: '1', SIDE: String(side), NACOS_SERVICE_PORT: String(side) },
    });
    await again.line(/ registered /);
    await scene.listed(Number(side));
  });
});

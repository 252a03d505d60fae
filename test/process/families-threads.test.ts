/** Servers in worker threads under the preload: registered once, by the main thread. */
import { describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import {
  aFamilyScene,
  appLines,
  get,
  PRELOAD,
  steps,
  tell,
  type FamilyScene,
} from './families-scene.js';

async function aThread(
  scene: FamilyScene,
  env: Readonly<Record<string, string>> = {},
): Promise<{ child: Child; port: number }> {
  const child = scene.start('threads.cjs', { env });
  const [, port] = await child.line(/^thread 0 on (\d+)$/);
  await child.line(/ registered /);
  await scene.listed(Number(port));
  return { child, port: Number(port) };
}

describe('a server in a worker thread', () => {
  it('is registered once, and taken out when its thread is terminated', async () => {
    await using scene = await aFamilyScene();
    const { child } = await aThread(scene, { STAYS: 'yes' });
    tell(child, 'terminate 0');
    await child.line(/^thread 0 ended 1$/);
    await child.line(/ deregistered /);
    await scene.listed();
    expect(steps(child)).toEqual(['registered', 'deregistered']);
  });

  it('is out of the registry before it closes', async () => {
    await using scene = await aFamilyScene();
    const held = { NACOS_QUIET_TIME: '3000', NACOS_SHUTDOWN_TIMEOUT: '3600' };
    const { child, port } = await aThread(scene, held);
    tell(child, 'close 0');
    await child.line(/ deregistered /);
    await scene.listed();
    expect(await get(port)).toMatch(/^\d+$/);
    expect(child.lines).not.toContain('thread 0 ended 0');
  });

  it('finishes its requests when the main thread gets a signal', async () => {
    await using scene = await aFamilyScene();
    const { child, port } = await aThread(scene, { NACOS_QUIET_TIME: '0' });
    const answer = get(port, '/slow');
    await child.line(/has a slow request$/);
    child.kill('SIGTERM');
    expect(await answer).toBe('slow but whole');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await scene.listed();
  });

  it('is one of several, of which one is the service', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('threads.cjs', { env: { THREADS: '3' } });
    for (const thread of [0, 1, 2]) await child.line(new RegExp(`^thread ${String(thread)} on`));
    const [, port] = await child.line(/ registered \S+ 10\.9\.8\.7:(\d+) /);
    await scene.listed(Number(port));
    expect(steps(child)).toEqual(['registered']);
  });

  it('registers by itself when the main thread is without us', async () => {
    await using scene = await aFamilyScene();
    const child = scene.start('threads.cjs', {
      preload: false,
      env: { THREAD_PRELOAD: PRELOAD },
    });
    const [, port] = await child.line(/^thread 0 on (\d+)$/);
    await child.line(/ registered /);
    await scene.listed(Number(port));
    tell(child, 'terminate 0');
    await scene.listed();
  });

  it('changes nothing for the app', async () => {
    await using scene = await aFamilyScene();
    const { child } = await aThread(scene);
    const bare = scene.start('threads.cjs', { preload: false });
    await bare.line(/^thread 0 on (\d+)$/);
    for (const one of [child, bare]) tell(one, 'close 0');
    expect(await child.exit()).toEqual(await bare.exit());
    expect(appLines(child)).toEqual(appLines(bare));
  });
});

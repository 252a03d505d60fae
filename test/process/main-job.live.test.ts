import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aScene, type Scene } from '../helpers/scene.js';

let scene: Scene;
beforeEach(async () => {
  scene = await aScene('Main-Job');
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

describe('the main job', () => {
  it('registers the port that an unmodified Express app really opened, and takes it out on SIGTERM', async () => {
    const { child, port } = await scene.provider('A');
    await scene.listed([port]);
    child.kill('SIGTERM');
    // Express without handlers dies by the signal, and so it does under us.
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await scene.listed([]);
  });

  it('lets an unmodified process call it by name with fetch and http, and that process ends by itself', async () => {
    const { port } = await scene.provider('A');
    await scene.listed([port]);
    // The service has upper-case letters, a URL has none: names compare without case.
    const caller = scene.callOnce(scene.service);
    expect(await caller.exit()).toEqual({ code: 0, signal: null });
    expect(caller.lines).toEqual(['fetch: A', 'http: A', 'done']);
    // It has registered nothing.
    await scene.listed([port]);
  });

  it('leaves hosts that are no services to DNS', async () => {
    const caller = scene.callOnce('no-such-service-here');
    expect(await caller.exit()).toEqual({ code: 0, signal: null });
    expect(caller.lines).toEqual([
      expect.stringMatching(/^fetch failed: TypeError (ENOTFOUND|EAI_AGAIN)$/),
      expect.stringMatching(/^http failed: (ENOTFOUND|EAI_AGAIN)$/),
      'done',
    ]);
  });

  it('fails no call while instances come and leave gracefully', async () => {
    const [a, b] = await Promise.all([scene.provider('A'), scene.provider('B')]);
    await scene.listed([a.port, b.port]);
    const caller = scene.steadyCaller();
    await caller.answers(100);
    a.child.kill('SIGTERM');
    await a.child.exit();
    const c = await scene.provider('C');
    await scene.listed([b.port, c.port]);
    b.child.kill('SIGINT');
    await b.child.exit();
    await scene.listed([c.port]);
    await caller.answers(100);
    const { calls, failed } = await caller.stop();
    expect(failed).toBe(0);
    expect(calls).toBeGreaterThan(200);
    expect(await caller.child.exit()).toEqual({ code: 0, signal: null });
  });

  it('goes on with the others when one is killed with -9: only what was in flight may fail', async () => {
    const [a, b] = await Promise.all([scene.provider('A'), scene.provider('B')]);
    await scene.listed([a.port, b.port]);
    const caller = scene.steadyCaller();
    await caller.answers(100);
    // The whole group: on a Node without execve the app is a child of the CLI.
    process.kill(-a.child.pid, 'SIGKILL');
    await scene.listed([b.port]);
    await caller.answers(100);
    const { failed } = await caller.stop();
    expect(failed).toBeLessThanOrEqual(4);
  });
});

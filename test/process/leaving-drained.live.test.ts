/** An app that has nothing more to do ends by itself, with its code and its last words, and its row is gone. */
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Child, Exit } from '../helpers/child.js';
import { aLaunchingScene, APPS, portOf, PRELOAD, type LaunchingScene } from './launching-scene.js';

let scene: LaunchingScene;
beforeAll(async () => {
  scene = await aLaunchingScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const APP = path.join(APPS, 'servers', 'drained.cjs');

/** Asks for what leaves the app without work; resolves with how it ended and what it said, without its port. */
async function drain(
  child: Child,
  way: string,
): Promise<{ readonly exit: Exit; readonly said: readonly string[] }> {
  const url = `http://127.0.0.1:${String(await portOf(child))}${way}`;
  const response = await fetch(url, { headers: { connection: 'close' } });
  await response.text();
  const exit = await child.exit();
  return { exit, said: child.lines.map((line) => line.replace(/ on \d+$/, ' on PORT')) };
}

describe('a registered app ends by itself when its event loop is empty', () => {
  it.each([
    ['its server is closed', '/close', ['closed', 'before exit 0', 'exit event 0']],
    ['its server still listens, unreferenced', '/unref', ['before exit 0', 'exit event 0']],
  ])('and %s', async (_, way, last) => {
    const name = scene.uniqueName();
    const env = { NACOS_SERVICE_NAME: name, NACOS_LOG_LEVEL: 'silent', NACOS_QUIET_TIME: '0.2' };
    const child = scene.node(['--require', PRELOAD, APP], { env });
    await scene.listed(name, [await portOf(child)]);
    const withUs = await drain(child, way);
    await scene.listed(name, []);
    expect(withUs).toEqual(await drain(scene.node([APP]), way));
    expect(withUs).toEqual({
      exit: { code: 0, signal: null },
      said: ['listening on PORT', ...last],
    });
  });
});

/** Unmodified apps of frameworks on a real server: one row with the port that is really bound, called by name, gone with SIGTERM. */
import path from 'node:path';

import { expect, it } from 'vitest';

import { aLaunchingScene, APPS, portOf, PRELOAD } from './launching-scene.js';

const FRAMEWORKS = ['express-5.cjs', 'fastify-5.mjs', 'koa-3.mjs', 'hono.mjs', 'hapi-21.cjs'];

it.each(FRAMEWORKS)('%s is registered, called by name, and taken out', async (file) => {
  await using scene = await aLaunchingScene();
  const name = scene.uniqueName();
  const app = scene.cli(name, [path.join(APPS, 'frameworks', file)]);
  const port = await portOf(app);
  await scene.listed(name, [port]);

  const caller = path.join(APPS, 'callers', 'each.mjs');
  const called = scene.node(['--require', PRELOAD, caller, `http://${name}/hello`]);
  await called.exit();
  expect(called.lines).toEqual([expect.stringMatching(/^"?hello from \w+ .*at \/hello"?$/)]);

  app.kill('SIGTERM');
  await app.exit();
  await scene.listed(name, []);
});

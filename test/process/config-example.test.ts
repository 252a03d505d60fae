/** The example of configs, as it stands. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let dev: DevServer;
let folder: string;
beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
  folder = installedFolder({}, (to) => {
    cpSync(path.join(ROOT, 'examples', 'config', 'app'), to, { recursive: true });
  });
});
afterAll(async () => {
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

it('tells each content, changes what it read, and ends by itself', async () => {
  await using child = startNode(['app.js'], {
    cwd: folder,
    env: { NACOS_SERVER: dev.address },
  });
  await child.line(/^nothing there yet$/);
  for (const discount of ['5', '6', '7']) await child.line(new RegExp(`^discount ${discount}$`));
  expect(await child.exit()).toMatchObject({ code: 0 });
});

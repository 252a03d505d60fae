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
  // Time enough for a second request before a publish is served.
  dev = await startDevServer({ port: 0, configDelayMs: 1500 });
  folder = installedFolder({}, (to) => {
    cpSync(path.join(ROOT, 'examples', 'config', 'app'), to, { recursive: true });
  });
});
afterAll(async () => {
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

it('answers with what the config holds, and changes what it read only', async () => {
  await using child = startNode(['app.js'], {
    cwd: folder,
    env: { NACOS_SERVER: dev.address, PORT: '0' },
  });
  const [, port] = await child.line(/listening on (\d+)$/);
  const ask = async (method = 'GET'): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`, { method });
    return [answer.status, await answer.json()];
  };
  await child.line(/^config {"discount":5}$/);
  expect(await ask()).toEqual([200, { discount: 5 }]);
  expect(await ask('POST')).toEqual([200, { discount: 5 }]);
  // Once more before the new one is served: what was read is not there any more.
  expect(await ask('POST')).toEqual([409, { discount: 5 }]);
  await child.line(/^config {"discount":6}$/);
  expect(await ask()).toEqual([200, { discount: 6 }]);
});

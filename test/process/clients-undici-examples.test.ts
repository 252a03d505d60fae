/** The examples of fetch and undici, as they stand, against the dev server: each calls an instance by name and ends. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { startInstance } from '../helpers/instance-server.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

it.each([
  ['fetch', {}],
  ['undici', { undici: 'node_modules/undici' }],
])('the example of %s', async (name, packages) => {
  await using dev = await startDevServer({ port: 0 });
  await using one = await startInstance();
  const client = createClient({ server: dev.address, logger: silentLogger });
  const folder = installedFolder(packages, (to) => {
    cpSync(path.join(EXAMPLES, name, 'app'), to, { recursive: true });
  });
  try {
    await client.naming.register('orders', { ip: one.ip, port: one.port });
    await using app = startNode(['app.js'], { cwd: folder, env: { NACOS_SERVER: dev.address } });
    expect(await app.exit()).toMatchObject({ code: 0 });
    expect(app.lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { port: one.port, target: '/hello', host: 'orders' },
    ]);
  } finally {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

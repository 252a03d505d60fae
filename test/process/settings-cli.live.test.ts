/** Config center under the command line on a server: variables for the app at its start, and our own options while it runs. */
import path from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { aConfigWriter, type ConfigWriter } from '../helpers/config-writer.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const SOON = { timeout: 20_000, interval: 50 };
const APP = `
  const server = require('node:http').createServer((_, response) => response.end('hello'));
  server.listen(0, () => console.log('pool ' + process.env.DB_POOL + ', color ' + process.env.COLOR));`;

const open: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};
let registry: TestRegistry;
let client: NacosClient;
let writer: ConfigWriter;
beforeEach(async () => {
  registry = own(await openRegistry());
  client = own(createClient({ server: registry.address, logger: silentLogger }));
  writer = own(aConfigWriter(registry.address));
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

it('gives the app its values, and changes weight and metadata while it runs', async () => {
  const name = registry.uniqueName('live-settings');
  await writer.put(`${name}.yaml`, 'db:\n  pool: 5\ncolor: from-nacos\n');
  await writer.put(`${name}-own.yaml`, 'service:\n  weight: 2\n  metadata:\n    color: blue\n');
  using folder = tempFolder({ 'app.cjs': APP });
  const app = own(
    startNode(
      [
        CLI,
        ...['--service-name', name, '--settings-from', `${name}-own.yaml`],
        ...['--import-config', `${name}.yaml`, 'app.cjs'],
      ],
      {
        cwd: folder.path,
        env: { NACOS_SERVER: registry.address, NACOS_QUIET_TIME: '0', COLOR: 'given' },
      },
    ),
  );
  await app.line(/^pool 5, color given$/);
  const row = async () => (await client.naming.query(name)).instances[0];
  await expect.poll(row, SOON).toMatchObject({ weight: 2, metadata: { color: 'blue' } });
  await writer.put(`${name}-own.yaml`, 'service:\n  weight: 3\n  metadata:\n    lane: b\n');
  await expect.poll(row, SOON).toMatchObject({ weight: 3 });
  // r-nacos keeps the metadata that an address came with.
  const isKept = registry.kind === 'r-nacos';
  const { lane, color } = (await row())?.metadata ?? {};
  expect({ lane, color }).toEqual(
    isKept ? { lane: undefined, color: 'blue' } : { lane: 'b', color: undefined },
  );
  await writer.put(`${name}-own.yaml`, 'service:\n  weight: heavy\n');
  await app.line(/was refused: service\.weight = "heavy"/);
  expect(await row()).toMatchObject({ weight: 3 });
});

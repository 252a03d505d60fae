/** The sample of nacos.yaml as it stands, with its app, under the command line of the built package. */
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const SAMPLE = path.join(ROOT, 'examples', 'nacos-yaml', 'app');
const WAIT = { timeout: 20_000, interval: 20 };

it('the sample registers its app as it says', async () => {
  await using dev = await startDevServer({ port: 0 });
  using folder = tempFolder({});
  cpSync(SAMPLE, folder.path, { recursive: true });
  // Another server, any port and a short quiet time are for the test alone.
  await using app = startNode([CLI, 'app.js'], {
    cwd: folder.path,
    env: { NACOS_SERVER: dev.address, PORT: '0', NACOS_QUIET_TIME: '0' },
  });
  const port = Number((await app.line(/^listening on (\d+)$/))[1]);
  const expected = {
    port,
    weight: 1,
    cluster: 'DEFAULT',
    enabled: true,
    metadata: expect.objectContaining({ version: '1.10', zone: 'a' }),
  };
  await vi.waitFor(() => expect(dev.instances('orders')).toMatchObject([expected]), WAIT);
  const health = await fetch(`http://127.0.0.1:${String(port)}/healthz`, {
    headers: { connection: 'close' },
  });
  expect(health.status).toBe(200);
  app.kill('SIGTERM');
  await app.exit();
  expect(dev.instances('orders')).toEqual([]);
});

it('the sample names the schema where the package has it', () => {
  const [line] = readFileSync(path.join(SAMPLE, 'nacos.yaml'), 'utf8').split('\n');
  const file = line?.replace(
    /^# yaml-language-server: \$schema=\.\/node_modules\/nacos-serving\//,
    '',
  );
  expect(JSON.parse(readFileSync(path.join(ROOT, file ?? ''), 'utf8'))).toHaveProperty(
    'properties',
  );
});

/** The example of OpenTelemetry, as it stands, and the zero-code way to the same, against the dev server and an instance. */
import { cpSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';

const EXAMPLE = path.resolve(import.meta.dirname, '..', '..', 'examples', 'opentelemetry', 'app');
const instance = createServer((_request, response) => response.end('two orders'));
const folders: string[] = [];
let dev: DevServer;
let client: NacosClient;
beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
  client = createClient({ server: dev.address, logger: silentLogger });
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
  const { port } = instance.address() as AddressInfo;
  await client.naming.register('orders', { ip: '127.0.0.1', port });
});
afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  instance.close();
  instance.closeAllConnections();
  await client.close();
  await dev.close();
});

it('the example prints spans and metrics of Nacos beside those of the app', async () => {
  const folder = installedFolder({ '@opentelemetry': 'node_modules/@opentelemetry' }, (to) => {
    cpSync(EXAMPLE, to, { recursive: true });
  });
  folders.push(folder);
  const argv = ['--import', './tracing.js', '--require', 'nacos-serving/register', 'app.js'];
  await using app = startNode(argv, {
    cwd: folder,
    env: { NACOS_SERVER: dev.address, NACOS_SERVICE_NAME: 'shop' },
  });
  const [, port = ''] = await app.line(/^listening on (\d+)$/);
  await app.line(/^span naming\/InstanceRequest$/);
  expect(await (await fetch(`http://127.0.0.1:${port}/cart`)).text()).toBe('two orders');
  await app.line(/^span nacos resolve$/);
  await app.line(/^span GET \/cart$/);
  await app.line(/^metric nacos_serving\.registrations: 4 series$/);
  await app.line(/^metric nacos_serving\.picks: 1 series$/);
});

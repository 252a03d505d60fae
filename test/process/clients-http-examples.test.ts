/** Each example of a client from npm, as it stands, against the dev server and an instance. */
import { cpSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { openWebSocket } from '../helpers/web-socket-server.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

let dev: DevServer;
let client: NacosClient;
const instance = createServer((request, response) => {
  const text = textFor(request);
  if (request.headers.accept === 'text/event-stream') {
    response.setHeader('content-type', 'text/event-stream');
    response.write(`data: ${text}\n\n`);
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ text }));
});
instance.on('upgrade', (request, socket) => openWebSocket(request, socket, textFor(request)));

function textFor({ headers, url }: IncomingMessage): string {
  return `${String(headers.host)}${String(url)}`;
}

beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
  client = createClient({ server: dev.address, logger: silentLogger });
  await new Promise<void>((resolve) => instance.listen(0, '127.0.0.1', resolve));
  const { port } = instance.address() as AddressInfo;
  await client.naming.registerBatch('orders', [{ ip: '127.0.0.1', port }]);
});
afterAll(async () => {
  instance.close();
  instance.closeAllConnections();
  await client.close();
  await dev.close();
});

it.each([
  ['axios', ['axios'], 'axios'],
  ['got', ['got'], 'got'],
  ['ky', ['ky'], 'ky'],
  ['superagent', ['superagent'], 'superagent'],
  ['http-client', [], 'node:http'],
  ['node-fetch', ['node-fetch'], 'node-fetch'],
  ['needle', ['needle'], 'needle'],
  ['ws', ['ws'], 'ws'],
  ['eventsource', ['eventsource'], 'eventsource'],
] as const)('the example of %s', async (name, packages, who) => {
  const installed = Object.fromEntries(packages.map((one) => [one, `node_modules/${one}`]));
  const folder = installedFolder(installed, (to) => {
    cpSync(path.join(EXAMPLES, name, 'app'), to, { recursive: true });
  });
  try {
    await using app = startNode(['app.js'], { cwd: folder, env: { NACOS_SERVER: dev.address } });
    await app.line(new RegExp(`^${who} got orders/today$`));
    expect(await app.exit()).toMatchObject({ code: 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

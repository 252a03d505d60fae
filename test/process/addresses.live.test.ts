/** What servers and callers make of IPv6 addresses: bare, as we register them, and in brackets, as Java applications do. */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { connectRaw } from '../helpers/raw-client.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PRELOAD = path('../../dist/entry/register.cjs');
const ONCE = path('../fixtures/apps/callers/once.mjs');
const APP = `
  const server = require('node:http').createServer((_, response) => response.end(JSON.stringify({ from: 'six' })));
  server.listen(0, '::1', () => console.log('listens on port ' + server.address().port));`;
const SOON = { timeout: 15_000, interval: 50 };

const open: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};
let registry: TestRegistry;
let client: NacosClient;
beforeEach(async () => {
  registry = own(await openRegistry());
  client = own(createClient({ server: registry.address, logger: silentLogger }));
});
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

async function listed(service: string): Promise<readonly string[]> {
  const { instances } = await client.naming.query(service);
  return instances.map(({ ip, port }) => `${ip} ${String(port)}`);
}

async function answersOf(service: string): Promise<readonly string[]> {
  const env = { NACOS_SERVER: registry.address };
  const caller = own(startNode(['--require', PRELOAD, ONCE, `http://${service}/`], { env }));
  expect(await caller.exit()).toEqual({ code: 0, signal: null });
  return caller.lines;
}

/** As an application in Java does it: our own client would take the brackets off. */
async function registerAsJava(service: string, port: number): Promise<void> {
  const raw = own(await connectRaw(`${registry.host}:${String(registry.grpcPort)}`));
  await raw.unary('ServerCheckRequest');
  raw.openStream();
  raw.send('ConnectionSetupRequest', {
    clientVersion: 'Nacos-Java-Client:v2.5.1',
    labels: { source: 'sdk', module: 'naming' },
    tenant: 'public',
  });
  const instance = {
    ip: '[::1]',
    port,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    clusterName: 'DEFAULT',
    metadata: {},
  };
  const target = { namespace: 'public', groupName: 'DEFAULT_GROUP', serviceName: service };
  const request = { ...target, type: 'registerInstance', instance };
  // The setup has no answer: until it has come through, the connection is refused as not registered.
  const accepted = async () =>
    (await raw.unary('InstanceRequest', request)).body['resultCode'] === 200;
  await expect.poll(accepted, SOON).toBe(true);
}

describe('an IPv6', () => {
  it('is registered bare by a server that is bound to it, and called by name', async () => {
    const service = registry.uniqueName('six');
    const env = {
      NACOS_SERVER: registry.address,
      NACOS_SERVICE_NAME: service,
      NACOS_LOG_LEVEL: 'info',
    };
    const app = own(startNode(['--require', PRELOAD, '-e', APP], { env }));
    const [, port] = await app.line(/listens on port (\d+)/);
    await app.line(/ registered \S+ \[::1\]:\d+ /);
    await expect.poll(() => listed(service), SOON).toEqual([`::1 ${String(port)}`]);
    expect(await answersOf(service)).toEqual(['fetch: six', 'http: six', 'done']);
  });

  it('in the brackets of an application in Java is listed without them, and called by name', async () => {
    const server = own(createServer((_, response) => void response.end('{"from":"java"}')));
    await new Promise<void>((resolve) => void server.listen(0, '::1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const service = registry.uniqueName('java');
    await registerAsJava(service, port);
    await expect.poll(() => listed(service), SOON).toEqual([`::1 ${String(port)}`]);
    expect(await answersOf(service)).toEqual(['fetch: java', 'http: java', 'done']);
  });
});

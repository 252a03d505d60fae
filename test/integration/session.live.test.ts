import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type ClientOptions, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import type { ConnectionState } from '../../src/naming-api.js';
import { createEndpoints } from '../../src/remote/endpoints.js';
import { createHttp2Transport } from '../../src/remote/http2-transport.js';
import { Session } from '../../src/remote/session.js';
import { systemClock } from '../../src/util/clock.js';
import { isJsonObject, readObjects, type JsonObject } from '../../src/wire/json.js';
import { serviceQueryBody } from '../../src/wire/messages/naming.js';
import { startNode } from '../helpers/child.js';
import { compileClient, type CompiledClient } from '../helpers/compiled-client.js';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 18_000, interval: 50 };
const SOON_READY = { timeoutMs: 10_000 };
const IP = '10.99.0.3';
const at = (port: number) => ({ ip: IP, port });

let registry: TestRegistry;
let proxy: FaultProxy;
let provider: NacosClient;
let consumer: NacosClient;
/** Asks past everything that our client makes of an answer. */
let raw: Session;
const states: ConnectionState[] = [];

const impatient: Partial<ClientOptions> = { heartbeatIntervalMs: 1000, heartbeatTimeoutMs: 400 };

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

beforeEach(async () => {
  proxy = await startFaultProxy({ host: registry.host, port: registry.grpcPort });
  provider = createClient({ server: proxy.nacosAddress, logger: silentLogger, ...impatient });
  consumer = createClient({ server: registry.address, logger: silentLogger });
  states.length = 0;
  provider.naming.onConnectionState((state) => states.push(state));
  raw = new Session({
    transport: createHttp2Transport(systemClock),
    endpoints: createEndpoints([registry], () => 0),
    identity: {
      module: 'naming',
      namespace: 'public',
      appName: 'tests',
      clientVersion: 'Nacos-NodeJS-Client:v0.1.0',
    },
    clock: systemClock,
    logger: silentLogger,
    requestTimeoutMs: 3000,
    heartbeatIntervalMs: 5000,
    heartbeatTimeoutMs: 3000,
  });
  raw.start();
});
afterEach(async () => {
  await Promise.all([provider.close(), consumer.close(), raw.close()]);
  await proxy.close();
});

async function rowsOf(name: string): Promise<readonly JsonObject[]> {
  const service = { name, group: 'DEFAULT_GROUP' };
  const answer = await raw.request(
    'ServiceQueryRequest',
    serviceQueryBody({ namespace: 'public', service }),
  );
  const info = answer['serviceInfo'];
  return isJsonObject(info) ? readObjects(info, 'hosts') : [];
}

/** The provider registered and followed by the consumer; gives the number of instances the consumer saw, in order. */
async function aRegistration() {
  const service = registry.uniqueName('orders');
  const seen: number[] = [];
  const subscription = consumer.naming.subscribe(service, ({ instances }) => {
    seen.push(instances.length);
  });
  await provider.naming.register(service, at(8080));
  await expect.poll(() => subscription.snapshot?.instances.length, SOON).toBe(1);
  return { service, seen, subscription };
}

/** Everybody agrees on one row, and it follows the provider. */
async function isHealed(service: string, subscription: { snapshot?: unknown }): Promise<void> {
  await expect.poll(() => states.slice(3), SOON).toContain('ready');
  await provider.naming.register(service, { ...at(8080), weight: 7 });
  await expect
    .poll(async () => (await rowsOf(service)).map((row) => [row['port'], row['weight']]), SOON)
    .toEqual([[8080, 7]]);
  await expect
    .poll(() => subscription.snapshot, SOON)
    .toMatchObject({ instances: [{ port: 8080, weight: 7 }] });
}

describe('a connection to a server', () => {
  it('trap 2: is one TCP connection, which is gone for good when it breaks', async () => {
    const transport = createHttp2Transport(systemClock);
    const { signal } = new AbortController();
    const endpoint = { host: '127.0.0.1', port: proxy.port - 1000, grpcPort: proxy.port };
    const connection = await transport.connect(endpoint, { timeoutMs: 3000, signal });
    const ended = new Promise<Error>((resolve) => connection.onEnd(resolve));
    const check = () =>
      connection.unary(
        { type: 'ServerCheckRequest', headers: {}, clientIp: '', body: Buffer.from('{}') },
        { timeoutMs: 3000, holdsProcess: true },
      );
    connection.openStream(() => undefined);
    await Promise.all([check(), check(), check()]);
    expect(proxy.open).toBe(1);
    const { accepted } = proxy;
    proxy.reset();
    expect(await ended).toMatchObject({ code: 'CONNECTION_LOST' });
    await expect(check()).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
    await raw.ready();
    expect(proxy.accepted).toBe(accepted);
    expect(proxy.open).toBe(0);
    connection.close();
  });

  it('carries all that a client does', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, at(1));
    const subscriptions = ['a', 'b', 'c'].map((name) => provider.naming.subscribe(name));
    await Promise.all(subscriptions.map((subscription) => subscription.ready(SOON_READY)));
    await provider.naming.query(service);
    expect(proxy.open).toBe(1);
  });

  it('is not made for a wrong name', async () => {
    await expect(provider.naming.register('two words', at(1))).rejects.toMatchObject({
      code: 'INVALID_INSTANCE',
    });
    expect(() => provider.naming.subscribe('@orders')).toThrow(/not valid/);
    await raw.ready();
    expect(proxy.accepted).toBe(0);
  });

  it('may be slow', async () => {
    proxy.delay(60);
    const service = registry.uniqueName('orders');
    const subscription = provider.naming.subscribe(service);
    await provider.naming.registerBatch(service, [at(1), at(2)]);
    await expect.poll(() => subscription.snapshot?.instances.length, SOON).toBe(2);
    await subscription.close();
    await provider.naming.deregister(service, at(1));
    await expect.poll(async () => (await rowsOf(service)).length, SOON).toBe(1);
  });

  it('brings failures as typed errors', async () => {
    await raw.ready();
    await expect(raw.request('NoSuchRequest', {})).rejects.toMatchObject({
      code: 'SERVER_UNSUPPORTED',
      errorCode: 302,
    });
    const refused = raw.request('InstanceRequest', {
      namespace: 'public',
      groupName: 'no/group',
      serviceName: registry.uniqueName('orders'),
      type: 'registerInstance',
      instance: {
        ...at(1),
        weight: 1,
        healthy: true,
        enabled: true,
        ephemeral: true,
        clusterName: 'DEFAULT',
        metadata: {},
      },
    });
    // r-nacos checks no names.
    if (registry.kind === 'r-nacos') await expect(refused).resolves.toBeDefined();
    else {
      await expect(refused).rejects.toMatchObject({
        name: 'ServerError',
        code: 'SERVER_REJECTED',
        errorCode: 400,
      });
    }
  });
});

describe('a connection that breaks', () => {
  it.each(['cut', 'reset'] as const)('by a %s comes back with all that it carried', async (how) => {
    const { service, subscription } = await aRegistration();
    const followed = registry.uniqueName('followed');
    const follower = provider.naming.subscribe(followed);
    await follower.ready(SOON_READY);
    proxy[how]();
    await isHealed(service, subscription);
    await expect.poll(() => follower.state, SOON).toBe('live');
    await consumer.naming.register(followed, at(9));
    await expect.poll(() => follower.snapshot?.instances.length, SOON).toBe(1);
    expect(proxy.open).toBe(1);
  });

  it('and cannot be made again for a while comes back later', async () => {
    const { service, subscription, seen } = await aRegistration();
    await proxy.refuse(true);
    proxy.cut();
    await expect.poll(() => seen.at(-1), SOON).toBe(0);
    await expect.poll(() => states.at(-1), SOON).toBe('backoff');
    await proxy.refuse(false);
    await isHealed(service, subscription);
  });

  it('without a sound is found by the heartbeat', async () => {
    const { service, subscription, seen } = await aRegistration();
    proxy.halfOpen();
    // A server may put the leaving and the coming back into one push, so callers need not see the row go.
    await expect.poll(() => states.slice(2), SOON).toContain('connecting');
    await isHealed(service, subscription);
    expect(seen.at(-1)).toBe(1);
  });

  it('in a partition of the network leaves one row when that is over', async () => {
    const { service, subscription } = await aRegistration();
    proxy.blackhole(true);
    await expect.poll(() => states.slice(2), SOON).toContain('connecting');
    proxy.blackhole(false);
    await isHealed(service, subscription);
    await expect.poll(() => proxy.open, SOON).toBe(1);
    expect(await rowsOf(service)).toHaveLength(1);
  });

  it('again and again ends in one row, and with the client in none', async () => {
    const { service, subscription } = await aRegistration();
    for (let turn = 0; turn < 3; turn += 1) {
      const before = states.length;
      proxy.reset();
      await expect.poll(() => states.slice(before), SOON).toContain('ready');
    }
    await isHealed(service, subscription);
    await provider.close();
    await expect.poll(async () => (await rowsOf(service)).length, SOON).toBe(0);
  });
});

describe('a process with a client', () => {
  let compiled: CompiledClient;
  beforeAll(async () => {
    compiled = await compileClient();
  });
  afterAll(() => compiled[Symbol.asyncDispose]());

  it.each([
    ['follows a service', 'naming.subscribe(name); await naming.subscribe(name).ready();'],
    ['has registered itself', "await naming.register(name, { ip: '10.99.0.4', port: 1 });"],
    ['has connected', 'await client.connect();'],
  ])('that only %s ends by itself', async (_what, body) => {
    const service = registry.uniqueName('process');
    const app = `
      const { createClient } = await import(${JSON.stringify(compiled.url)});
      const client = createClient({ server: ${JSON.stringify(registry.address)} });
      const { naming } = client;
      const name = ${JSON.stringify(service)};
      ${body}
      console.log('done');`;
    await using child = startNode(['--input-type=module', '-e', app]);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.lines).toEqual(['done']);
    await expect.poll(async () => (await rowsOf(service)).length, SOON).toBe(0);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { hostPort, type ServiceDiff, type ServiceSnapshot } from '../../src/model.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

/** A real server may take a second for a push, and is eventually consistent for queries. */
const SOON = { timeout: 15_000, interval: 50 };
const IP = '10.99.0.1';

let registry: TestRegistry;
let provider: NacosClient;
let consumer: NacosClient;

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

beforeEach(() => {
  provider = createClient({ server: registry.address, logger: silentLogger });
  consumer = createClient({ server: registry.address, logger: silentLogger });
});
afterEach(() => Promise.all([provider.close(), consumer.close()]));

const at = (port: number) => ({ ip: IP, port });
const addressesOf = (snapshot: ServiceSnapshot | undefined) => snapshot?.instances.map(hostPort);
const listed = async (service: string) => addressesOf(await consumer.naming.query(service));

describe('registering on a server', () => {
  it('lists an instance with all it was given, and takes it out again', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, {
      ...at(8080),
      weight: 2.5,
      cluster: 'east-1',
      metadata: { version: '1.2', note: 'übung "x" 订单 🚀' },
    });
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:8080`]);
    const { instances } = await consumer.naming.query(service);
    expect(instances).toEqual([
      {
        ...at(8080),
        weight: 2.5,
        healthy: true,
        enabled: true,
        ephemeral: true,
        cluster: 'east-1',
        metadata: { version: '1.2', note: 'übung "x" 订单 🚀' },
      },
    ]);
    await provider.naming.deregister(service, at(8080));
    await expect.poll(() => listed(service), SOON).toEqual([]);
  });

  it('updates weight and metadata by registering again', async () => {
    const service = registry.uniqueName('orders');
    const shown = async () => {
      const [instance] = (await consumer.naming.query(service)).instances;
      // r-nacos 0.8.8 often keeps metadata that an address once had, whoever registers it: weight only.
      return registry.kind === 'r-nacos'
        ? [instance?.weight]
        : [instance?.weight, instance?.metadata];
    };
    const expected = (weight: number, v: string) =>
      registry.kind === 'r-nacos' ? [weight] : [weight, { v }];
    await provider.naming.register(service, at(8080));
    await provider.naming.register(service, { ...at(8080), weight: 0, metadata: { v: '1' } });
    await expect.poll(shown, SOON).toEqual(expected(0, '1'));
    await provider.naming.register(service, { ...at(8080), weight: 3, metadata: { v: '2' } });
    await expect.poll(shown, SOON).toEqual(expected(3, '2'));
    await provider.naming.register(service, { ...at(8080), weight: 1, metadata: { v: '2' } });
    await expect.poll(shown, SOON).toEqual(expected(1, '2'));
  });

  it('moves an instance to another cluster without leaving a second row', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, at(8080));
    await provider.naming.register(service, { ...at(8080), cluster: 'west' });
    await expect
      .poll(async () => (await consumer.naming.query(service)).instances, SOON)
      .toMatchObject([{ port: 8080, cluster: 'west' }]);
  });

  it('hides a disabled instance until it is enabled', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.registerBatch(service, [at(1), { ...at(2), enabled: false }]);
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:1`]);
    await provider.naming.register(service, at(2));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:1`, `${IP}:2`]);
  });

  it('lists two ports of one service, and each can go for itself', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, at(8080));
    await provider.naming.register(service, at(8081));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:8080`, `${IP}:8081`]);
    await provider.naming.deregister(service, at(8080));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:8081`]);
    await provider.naming.deregister(service, at(8081));
    await expect.poll(() => listed(service), SOON).toEqual([]);
  });

  it('makes a batch the whole of what a client publishes', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.registerBatch(service, [at(1), at(2), at(3)]);
    await expect.poll(() => listed(service), SOON).toHaveLength(3);
    await provider.naming.registerBatch(service, [at(3), at(4)]);
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:3`, `${IP}:4`]);
    await provider.naming.registerBatch(service, []);
    await expect.poll(() => listed(service), SOON).toEqual([]);
  });

  it('leaves what other clients publish for the same service alone', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, at(1));
    await consumer.naming.register(service, at(2));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:1`, `${IP}:2`]);
    await consumer.naming.deregister(service, at(2));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:1`]);
  });

  it('takes everything out with the client', async () => {
    const [one, two] = [registry.uniqueName('orders'), registry.uniqueName('users')];
    await provider.naming.register(one, at(1));
    await provider.naming.registerBatch(two, [at(1), at(2)]);
    await expect.poll(() => listed(two), SOON).toHaveLength(2);
    await provider.close();
    await expect.poll(() => listed(one), SOON).toEqual([]);
    await expect.poll(() => listed(two), SOON).toEqual([]);
  });

  it('does not mind a deregistration of what is not there', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.register(service, at(1));
    await provider.naming.deregister(service, at(2));
    await provider.naming.deregister(registry.uniqueName('nobody'), at(2));
    await expect.poll(() => listed(service), SOON).toEqual([`${IP}:1`]);
  });

  it('keeps groups and namespaces apart', async () => {
    const name = registry.uniqueName('orders');
    const group = registry.uniqueName('GROUP');
    const elsewhere = createClient({
      server: registry.address,
      namespace: registry.uniqueName('ns'),
      logger: silentLogger,
    });
    await provider.naming.register({ name, group }, at(1));
    await elsewhere.naming.register(name, at(2));
    await expect
      .poll(async () => addressesOf(await consumer.naming.query({ name, group })), SOON)
      .toEqual([`${IP}:1`]);
    await expect
      .poll(async () => addressesOf(await elsewhere.naming.query(name)), SOON)
      .toEqual([`${IP}:2`]);
    expect(await listed(name)).toEqual([]);
    await elsewhere.close();
  });
});

describe('asking a server', () => {
  it('filters by cluster', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.registerBatch(service, [
      { ...at(1), cluster: 'east' },
      { ...at(2), cluster: 'west' },
      { ...at(3), cluster: 'north' },
    ]);
    await expect.poll(() => listed(service), SOON).toHaveLength(3);
    const some = await consumer.naming.query(service, { clusters: ['east', 'north'] });
    expect(addressesOf(some)).toEqual([`${IP}:1`, `${IP}:3`]);
  });

  it('of a service that never was gives an empty list', async () => {
    expect(await listed(registry.uniqueName('nobody'))).toEqual([]);
  });

  it('lists services by page', async () => {
    const group = registry.uniqueName('GROUP');
    const names = Array.from({ length: 5 }, () => registry.uniqueName('s'));
    for (const name of names) await provider.naming.register({ name, group }, at(1));
    const page = (number: number) =>
      consumer.naming.listServices({ group, page: number, pageSize: 2 });
    await expect.poll(async () => (await page(1)).count, SOON).toBe(5);
    const pages = await Promise.all([page(1), page(2), page(3)]);
    expect(pages.map((part) => part.names.length)).toEqual([2, 2, 1]);
    expect(pages.flatMap((part) => part.names).sort()).toEqual(names.sort());
    expect((await page(4)).names).toEqual([]);
  });
});

describe('following a service', () => {
  it('hears the list and each difference', async () => {
    const service = registry.uniqueName('orders');
    const diffs: ServiceDiff[] = [];
    await provider.naming.register(service, at(1));
    await expect.poll(() => listed(service), SOON).toHaveLength(1);
    const subscription = consumer.naming.subscribe(service, (_snapshot, diff) => diffs.push(diff));
    expect(addressesOf(await subscription.ready({ timeoutMs: 10_000 }))).toEqual([`${IP}:1`]);
    await provider.naming.register(service, at(2));
    await expect
      .poll(() => addressesOf(subscription.snapshot), SOON)
      .toEqual([`${IP}:1`, `${IP}:2`]);
    await provider.naming.register(service, { ...at(2), weight: 5 });
    await expect.poll(() => subscription.snapshot?.instances[1]?.weight, SOON).toBe(5);
    await provider.naming.deregister(service, at(1));
    await expect.poll(() => addressesOf(subscription.snapshot), SOON).toEqual([`${IP}:2`]);
    await provider.naming.deregister(service, at(2));
    await expect.poll(() => addressesOf(subscription.snapshot), SOON).toEqual([]);
    const told = diffs.map(({ added, removed, changed }) =>
      [added, removed, changed].map((list) => list.map((instance) => instance.port)),
    );
    expect(told).toEqual([
      [[1], [], []],
      [[2], [], []],
      [[], [], [2]],
      [[], [1], []],
      [[], [2], []],
    ]);
    await subscription.close();
  });

  it('works before anybody is there', async () => {
    const service = registry.uniqueName('later');
    const subscription = consumer.naming.subscribe(service);
    expect(addressesOf(await subscription.ready({ timeoutMs: 10_000 }))).toEqual([]);
    expect(subscription.state).toBe('live');
    await provider.naming.register(service, at(1));
    await expect.poll(() => addressesOf(subscription.snapshot), SOON).toEqual([`${IP}:1`]);
  });

  it('hears nothing any more after the end, and again after a new beginning', async () => {
    const service = registry.uniqueName('orders');
    const other = consumer.naming.subscribe(service);
    await other.ready({ timeoutMs: 10_000 });
    await other.close();
    const again = consumer.naming.subscribe(service);
    await again.ready({ timeoutMs: 10_000 });
    await provider.naming.register(service, at(1));
    await expect.poll(() => addressesOf(again.snapshot), SOON).toEqual([`${IP}:1`]);
    expect(addressesOf(other.snapshot)).toEqual([]);
    expect(other.state).toBe('closed');
    await again.close();
    const revision = again.snapshot?.revision;
    await provider.naming.register(service, at(2));
    await expect.poll(() => listed(service), SOON).toHaveLength(2);
    expect(again.snapshot?.revision).toBe(revision);
  });

  it('sees an instance go with its client', async () => {
    const service = registry.uniqueName('orders');
    const subscription = consumer.naming.subscribe(service);
    await provider.naming.register(service, at(1));
    await expect.poll(() => addressesOf(subscription.snapshot), SOON).toHaveLength(1);
    await provider.close();
    await expect.poll(() => addressesOf(subscription.snapshot), SOON).toEqual([]);
  });
});

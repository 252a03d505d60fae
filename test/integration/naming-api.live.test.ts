/**
 * The parts of the naming API beside register, query and subscribe, on whatever server: selectors, lists of services, batches that lose
 * some of theirs, services by pattern, persistent instances. A server that cannot do one of them gives the error that docs/client.md names.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { hostPort, type ServiceRef } from '../../src/model.js';
import type { NamingApi } from '../../src/naming-api.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

/** A real server may take a second for a push, and is eventually consistent for queries. */
const SOON = { timeout: 15_000, interval: 50 };
const IP = '10.99.0.2';

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
const portsOf = (instances: readonly { readonly port: number }[] = []) =>
  instances.map(({ port }) => port);
const listed = async (service: string) => portsOf((await consumer.naming.query(service)).instances);

describe('selecting instances', () => {
  it('takes what may be called, or what the selector says', async () => {
    const service = registry.uniqueName('orders');
    await provider.naming.registerBatch(service, [
      { ...at(1), metadata: { version: '1' } },
      { ...at(2), metadata: { version: '2' }, weight: 5 },
      { ...at(3), weight: 0 },
      { ...at(4), cluster: 'east', metadata: { version: '2' } },
    ]);
    await expect.poll(() => listed(service), SOON).toEqual([1, 2, 3, 4]);
    const { naming } = consumer;
    const select = async (selector?: Parameters<NamingApi['select']>[1]) =>
      portsOf(await naming.select(service, selector));
    expect(await select()).toEqual([1, 2, 4]);
    expect(await select({})).toEqual([1, 2, 3, 4]);
    expect(await select({ metadata: { version: '2' } })).toEqual([2, 4]);
    expect(await select({ metadata: { version: '2' }, clusters: ['DEFAULT'] })).toEqual([2]);
    expect(await select({ minWeight: 1 })).toEqual([1, 2, 4]);
    expect(await select(({ port }) => port > 2)).toEqual([3, 4]);
    expect((await naming.pick(service, { clusters: ['east'] })).port).toBe(4);
    await expect(naming.pick(service, { metadata: { version: '3' } })).rejects.toMatchObject({
      code: 'NO_INSTANCE',
    });
    await expect(naming.pick(service, ({ port }) => port === 3)).rejects.toThrow(/weight above 0/);
  });

  it('for a listener tells changes of the selection only', async () => {
    const service = registry.uniqueName('orders');
    const heard: unknown[] = [];
    const selected = consumer.naming.subscribe(
      service,
      (snapshot, { added, removed, changed }) =>
        heard.push([portsOf(snapshot.instances), ...[added, removed, changed].map(portsOf)]),
      { selector: { metadata: { version: '2' } } },
    );
    const whole = consumer.naming.subscribe(service);
    await selected.ready({ timeoutMs: 10_000 });
    await provider.naming.register(service, { ...at(1), metadata: { version: '1' } });
    await expect.poll(() => portsOf(whole.snapshot?.instances), SOON).toEqual([1]);
    await provider.naming.register(service, { ...at(2), metadata: { version: '2' } });
    await expect.poll(() => portsOf(selected.snapshot?.instances), SOON).toEqual([2]);
    await provider.naming.deregister(service, at(1));
    await expect.poll(() => portsOf(whole.snapshot?.instances), SOON).toEqual([2]);
    await provider.naming.deregister(service, at(2));
    await expect.poll(() => portsOf(selected.snapshot?.instances), SOON).toEqual([]);
    expect(heard).toEqual([
      [[], [], [], []],
      [[2], [2], [], []],
      [[], [], [2], []],
    ]);
    expect(consumer.naming.subscribedServices()).toEqual([
      { name: service, group: 'DEFAULT_GROUP' },
    ]);
    await Promise.all([selected.close(), whole.close()]);
    expect(consumer.naming.subscribedServices()).toEqual([]);
  });
});

describe('a batch', () => {
  it('loses one, then several at once, and the rest stays', async () => {
    const service = registry.uniqueName('orders');
    const { naming } = provider;
    await naming.registerBatch(service, [at(1), at(2), at(3), at(4), at(5)]);
    await expect.poll(() => listed(service), SOON).toEqual([1, 2, 3, 4, 5]);
    await naming.deregister(service, at(3));
    await expect.poll(() => listed(service), SOON).toEqual([1, 2, 4, 5]);
    await naming.deregisterBatch(service, [at(1), at(5), at(99)]);
    await expect.poll(() => listed(service), SOON).toEqual([2, 4]);
    await naming.register(service, { ...at(2), weight: 7 });
    await naming.register(service, at(6));
    await expect.poll(() => listed(service), SOON).toEqual([2, 4, 6]);
    await naming.deregisterBatch(service, [at(2), at(4), at(6)]);
    await expect.poll(() => listed(service), SOON).toEqual([]);
  });
});

describe('the services of a group', () => {
  it('come one by one over all pages', async () => {
    const group = registry.uniqueName('GROUP');
    const names = Array.from({ length: 7 }, () => registry.uniqueName('s'));
    for (const name of names) await provider.naming.register({ name, group }, at(1));
    await expect
      .poll(async () => (await consumer.naming.listServices({ group })).count, SOON)
      .toBe(7);
    const all: ServiceRef[] = [];
    for await (const service of consumer.naming.services({ group, pageSize: 3 })) all.push(service);
    expect(all.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(new Set(all.map((service) => service.group))).toEqual(new Set([group]));
  });
});

describe('services by pattern', () => {
  it('come and go, where the server can; where it cannot, the error says so', async () => {
    const group = registry.uniqueName('GROUP');
    const prefix = registry.uniqueName('w');
    const name = (end: string) => ({ name: `${prefix}-${end}`, group });
    for (let n = 0; n < 12; n += 1) await provider.naming.register(name(String(n)), at(1));
    await provider.naming.register({ name: `x-${prefix}`, group }, at(1));
    await expect
      .poll(async () => (await consumer.naming.listServices({ group })).count, SOON)
      .toBe(13);
    const heard: string[] = [];
    const watch = consumer.naming.watchServices(
      { name: `${prefix}*`, group },
      ({ type, service }) => heard.push(`${type} ${service.name.slice(prefix.length + 1)}`),
    );
    const { kind } = registry;
    if (kind === 'nacos-2' || kind === 'r-nacos') {
      await expect(watch.ready()).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
        message: expect.stringContaining('needs Nacos 3.0 or later'),
      });
      await watch.close();
      return;
    }
    const services = await watch.ready();
    expect(services).toHaveLength(12);
    expect(services[0]).toEqual({ name: `${prefix}-0`, group });
    heard.length = 0;
    await provider.naming.register(name('new'), at(1));
    await expect.poll(() => heard, SOON).toEqual(['added new']);
    await consumer.naming.register(name('new'), at(2));
    await provider.naming.deregister(name('new'), at(1));
    await provider.naming.deregister(name('3'), at(1));
    await expect.poll(() => heard, SOON).toEqual(['added new', 'removed 3']);
    await consumer.naming.deregister(name('new'), at(2));
    await expect.poll(() => heard, SOON).toEqual(['added new', 'removed 3', 'removed new']);
    expect(watch.services).toHaveLength(11);
    await watch.close();
  });
});

describe('a persistent instance', () => {
  it('stays when its client is gone, until anybody deregisters it; where the server has none, the error says so', async () => {
    const service = registry.uniqueName('persistent');
    const registered = provider.naming.register(service, { ...at(1), ephemeral: false });
    const { kind } = registry;
    if (kind === 'r-nacos' || kind === 'dev-server') {
      await expect(registered).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
        message: expect.stringContaining('needs Nacos 2.3 or later'),
      });
      return;
    }
    await registered;
    await expect.poll(() => listed(service), SOON).toEqual([1]);
    const [instance] = (await consumer.naming.query(service)).instances;
    expect(instance).toMatchObject({ ...at(1), ephemeral: false });
    await expect(provider.naming.register(service, at(2))).rejects.toMatchObject({
      code: 'SERVER_REJECTED',
    });
    await provider.close();
    expect(await listed(service)).toEqual([1]);
    await consumer.naming.deregister(service, { ...at(1), ephemeral: false });
    await expect.poll(() => listed(service), SOON).toEqual([]);
  });

  it('is none of a batch', async () => {
    const batch = [at(1), { ...at(2), ephemeral: false }];
    await expect(
      provider.naming.registerBatch(registry.uniqueName('orders'), batch),
    ).rejects.toThrow(`${hostPort(at(2))} is persistent`);
  });
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 15_000, interval: 100 };
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

interface Described {
  readonly port: number;
  readonly weight?: number;
}

function describeInstance({ port, weight = 1 }: Described): string {
  return `${String(port)} ${String(weight)}`;
}

describe('one client on a server', () => {
  it('registers and follows 200 services', async () => {
    const group = registry.uniqueName('SCALE');
    const services = Array.from({ length: 200 }, (_, i) => ({ name: `s${String(i)}`, group }));
    const subscriptions = services.map((service) => consumer.naming.subscribe(service));
    await Promise.all(services.map((service) => provider.naming.register(service, at(80))));
    await expect
      .poll(async () => (await consumer.naming.listServices({ group })).count, SOON)
      .toBe(200);
    const seen = () => subscriptions.filter((s) => s.snapshot?.instances.length === 1).length;
    await expect.poll(seen, SOON).toBe(200);
    await Promise.all(services.map((service) => provider.naming.deregister(service, at(80))));
    const gone = () => subscriptions.filter((s) => s.snapshot?.instances.length === 0).length;
    await expect.poll(gone, SOON).toBe(200);
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  });

  it('publishes a batch of 300 instances, and half of it', async () => {
    const service = registry.uniqueName('batch');
    const subscription = consumer.naming.subscribe(service);
    const batch = Array.from({ length: 300 }, (_, i) => ({
      ...at(1000 + i),
      metadata: { index: String(i), filler: 'x'.repeat(200) },
    }));
    await provider.naming.registerBatch(service, batch);
    await expect.poll(() => subscription.snapshot?.instances.length, SOON).toBe(300);
    expect(subscription.snapshot?.instances[299]?.metadata['index']).toBe('299');
    await provider.naming.registerBatch(service, batch.slice(150));
    await expect.poll(() => subscription.snapshot?.instances.length, SOON).toBe(150);
    expect((await consumer.naming.query(service)).instances).toHaveLength(150);
  });

  it('follows a batch of 300 through changes of single instances, as a query sees it', async () => {
    const service = registry.uniqueName('edited');
    const subscription = consumer.naming.subscribe(service);
    const batch = Array.from({ length: 300 }, (_, i) => ({
      ...at(1000 + i),
      metadata: { index: String(i), filler: 'ü'.repeat(100) },
    }));
    const steps = [
      batch,
      batch.map((instance) => (instance.port === 1120 ? { ...instance, weight: 7 } : instance)),
      batch.toSpliced(7, 1),
      [...batch, at(2000), at(2001)],
      batch.slice(1, -1),
      batch,
    ];
    for (const instances of steps) {
      await provider.naming.registerBatch(service, instances);
      const seen = () => subscription.snapshot?.instances.map(describeInstance).sort();
      await expect.poll(seen, SOON).toEqual(instances.map(describeInstance).sort());
      expect(subscription.snapshot?.instances).toEqual(
        (await consumer.naming.query(service)).instances,
      );
    }
  });
});

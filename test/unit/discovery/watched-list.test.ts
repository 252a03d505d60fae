import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import type { ServiceInput } from '../../../src/model.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';
import { tempFolder } from '../house/temp-folder.js';

const HOUR_MS = 3_600_000;

/** Somebody who watches a service, and the ports of every list that he was told; 'late' for none in time. */
function setup(options: Partial<DiscoveryOptions> = {}, clock = createFakeClock()) {
  const naming = createFakeNaming();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const discovery = createDiscovery({ naming: naming.api, clock, logger, ...options });
  const told: (readonly number[] | 'late')[] = [];
  const watch = (service: ServiceInput = 'orders') =>
    discovery.watch(service, (instances) => {
      told.push(instances?.map(({ port }) => port) ?? 'late');
    });
  return { clock, naming, warnings, discovery, told, watch };
}

/** What is listed in a file of an operator. */
function listOf(...ports: readonly number[]): string {
  return JSON.stringify({ hosts: ports.map((port) => ({ ip: '10.9.9.9', port })) });
}

function copies(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(dir, name));
}

/** Somebody watched `orders` while Nacos was there. */
async function remember(dir: string): Promise<void> {
  const { naming, told, watch, discovery } = setup({ cache: { dir, registry: 'a' } });
  naming.setInstances(
    'orders',
    anInstance({ port: 1 }),
    anInstance({ port: 2, healthy: false }),
    anInstance({ port: 3 }),
  );
  watch();
  await settle();
  expect(told).toEqual([[1, 3]]);
  await discovery.close();
}

describe('who watches a service', () => {
  it('is told what can be called at first and at each change, and nothing after the stop', async () => {
    const { naming, told, watch } = setup();
    naming.setInstances('orders', anInstance({ port: 1 }), anInstance({ port: 2, weight: 0 }));
    const stop = watch();
    expect(told).toEqual([]);
    await settle();
    naming.push('orders', anInstance({ port: 1 }), anInstance({ port: 3 }));
    expect(told).toEqual([[1], [1, 3]]);
    stop();
    naming.push('orders', anInstance({ port: 4 }));
    expect(told).toHaveLength(2);
    expect(naming.subscribed).toEqual([]);
  });

  it('is told when Nacos does not say in time, and the list when it comes', async () => {
    const { naming, clock, told, watch } = setup();
    watch();
    await clock.advance(2999);
    expect(told).toEqual([]);
    await clock.advance(1);
    expect(told).toEqual(['late']);
    naming.push('orders', anInstance({ port: 1 }));
    expect(told).toEqual(['late', [1]]);
    expect(clock.pending).toBe(0);
  });

  it('keeps the last list while empty ones come, for as long as is set', async () => {
    const { naming, clock, told, watch } = setup({ emptyProtectionMs: 60_000 });
    naming.setInstances('orders', anInstance({ port: 1 }));
    watch();
    await settle();
    naming.push('orders');
    await clock.advance(59_999);
    expect(told).toEqual([[1]]);
    await clock.advance(1);
    expect(told).toEqual([[1], []]);
  });

  it('watches it in the group that calls use, unless he says another one', async () => {
    const { naming, warnings, watch } = setup({
      group: 'SHOP',
      services: { stock: { group: 'OTHER' } },
      emptyProtectionMs: 60_000,
    });
    for (const service of ['orders', 'stock', { name: 'stock', group: 'MINE' }]) {
      const name = typeof service === 'string' ? service : service.name;
      const stop = watch(service);
      await settle();
      naming.push(name, anInstance());
      naming.push(name);
      stop();
    }
    expect(warnings.map((text) => text.split(' ')[3])).toEqual([
      'SHOP@@orders',
      'OTHER@@stock',
      'MINE@@stock',
    ]);
  });

  it('counts nothing', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const { naming, discovery, told, watch } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setState('backoff');
    watch();
    await vi.waitFor(() => expect(told).toHaveLength(1));
    naming.push('orders', anInstance({ port: 9 }));
    naming.push('orders');
    expect(discovery.stats()).toEqual([]);
    await discovery.close();
  });

  it('hears nothing any more when discovery is closed', async () => {
    using folder = tempFolder({ 'orders.json': listOf(7) });
    const { naming, discovery, clock, told, watch } = setup({ failoverDir: folder.path });
    watch();
    await discovery.close();
    naming.push('orders', anInstance({ port: 1 }));
    await clock.advance(10_000);
    expect(told).toEqual([]);
    expect(clock.pending).toBe(0);
    expect(() => discovery.watch('orders', () => undefined)).toThrow(/discovery is closed/);
  });
});

describe('who watches while Nacos cannot be reached', () => {
  it('is told the copy on disk at once, filtered, and what Nacos lists as soon as it does', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const later = createFakeClock();
    await later.advance(5 * HOUR_MS);
    const { naming, told, warnings, watch, discovery } = setup(
      { cache: { dir: folder.path, registry: 'a' } },
      later,
    );
    naming.setState('backoff');
    watch();
    await vi.waitFor(() => expect(told).toEqual([[1, 3]]));
    expect(warnings).toEqual([
      'Nacos does not answer: until it does, calls to DEFAULT_GROUP@@orders use the 2 instances that it had 5 h ago',
    ]);
    await later.advance(10_000);
    naming.setState('ready');
    naming.push('orders', anInstance({ port: 9 }));
    expect(told).toEqual([[1, 3], [9]]);
    await discovery.close();
  });

  it('is told the copy when the connection fails while the first list is waited for', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const { naming, told, watch, discovery } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setState('connecting');
    watch();
    await settle();
    expect(told).toEqual([]);
    naming.setState('backoff');
    await vi.waitFor(() => expect(told).toEqual([[1, 3]]));
    await discovery.close();
  });

  it('is told the copy after the time for a first list when Nacos only is slow', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const { clock, told, watch, discovery } = setup({ cache: { dir: folder.path, registry: 'a' } });
    watch();
    await clock.advance(3000);
    await vi.waitFor(() => expect(told).toEqual([[1, 3]]));
    await discovery.close();
  });

  it('is told that there is none when there is no copy of exactly this service', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const { naming, clock, told, watch, discovery } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setState('backoff');
    watch('Orders');
    watch({ name: 'orders', group: 'OTHER' });
    await clock.advance(3000);
    await vi.waitFor(() => expect(told).toEqual(['late', 'late']));
    await discovery.close();
  });

  it('keeps the copy when Nacos is back with an empty list, as long as that is protected', async () => {
    using folder = tempFolder({});
    await remember(folder.path);
    const { naming, clock, told, watch, discovery } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setState('backoff');
    watch();
    await vi.waitFor(() => expect(told).toEqual([[1, 3]]));
    naming.setState('ready');
    naming.push('orders');
    expect(told).toHaveLength(1);
    await clock.advance(300_000);
    expect(told).toEqual([[1, 3], []]);
    await discovery.close();
  });

  it('has the copy kept fresh as long as Nacos confirms the list', async () => {
    using folder = tempFolder({});
    const { naming, clock, watch, discovery } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setInstances('orders', anInstance());
    watch();
    await vi.waitFor(() => expect(copies(folder.path)).toHaveLength(1));
    const savedAtMs = (): unknown => {
      const [file = ''] = copies(folder.path);
      return (JSON.parse(readFileSync(file, 'utf8')) as { savedAtMs?: unknown }).savedAtMs;
    };
    const firstMs = clock.wallMs();
    expect(savedAtMs()).toBe(firstMs);
    await clock.advance(HOUR_MS);
    await vi.waitFor(() => expect(savedAtMs()).toBe(firstMs + HOUR_MS));
    await discovery.close();
  });
});

describe("an operator's file", () => {
  it('goes before Nacos from the first list on, while it is there', async () => {
    using folder = tempFolder({ 'orders.json': listOf(7, 8) });
    const file = path.join(folder.path, 'orders.json');
    const { naming, clock, told, watch } = setup({ failoverDir: folder.path });
    naming.setInstances('orders', anInstance({ port: 1 }));
    watch();
    await vi.waitFor(() => expect(told).toEqual([[7, 8]]));
    naming.push('orders', anInstance({ port: 2 }));
    expect(told).toHaveLength(1);
    rmSync(file);
    await vi.waitFor(async () => {
      await clock.advance(5000);
      expect(told).toEqual([[7, 8], [2]]);
    });
    writeFileSync(`${file}.new`, listOf(5));
    renameSync(`${file}.new`, file);
    await vi.waitFor(async () => {
      await clock.advance(5000);
      expect(told).toEqual([[7, 8], [2], [5]]);
    });
  });

  it('of another group or service is for others', async () => {
    using folder = tempFolder({
      'OTHER@@orders.json': listOf(7),
      'Orders.json': listOf(8),
    });
    const { naming, told, watch } = setup({ failoverDir: folder.path });
    naming.setInstances('orders', anInstance({ port: 1 }));
    watch();
    await vi.waitFor(() => expect(told).toEqual([[1]]));
    watch({ name: 'orders', group: 'OTHER' });
    await vi.waitFor(() => expect(told).toEqual([[1], [7]]));
  });

  it('that is gone while Nacos never said anything leaves its list in use until the copy or Nacos replaces it', async () => {
    using folder = tempFolder({ 'orders.json': listOf(7) });
    using disk = tempFolder({});
    await remember(disk.path);
    const gone = async (parts: ReturnType<typeof setup>): Promise<void> => {
      parts.naming.setState('backoff');
      parts.watch();
      await vi.waitFor(() => expect(parts.told).toEqual([[7]]));
      rmSync(path.join(folder.path, 'orders.json'));
      await vi.waitFor(async () => {
        await parts.clock.advance(5000);
        expect(parts.told).toHaveLength(2);
      });
    };
    const withCopy = setup({
      failoverDir: folder.path,
      cache: { dir: disk.path, registry: 'a' },
    });
    await gone(withCopy);
    expect(withCopy.told).toEqual([[7], [1, 3]]);
    await withCopy.discovery.close();

    writeFileSync(path.join(folder.path, 'orders.json'), listOf(7));
    const without = setup({ failoverDir: folder.path });
    await gone(without);
    expect(without.told).toEqual([[7], 'late']);
    without.naming.push('orders', anInstance({ port: 1 }));
    expect(without.told).toEqual([[7], 'late', [1]]);
  });
});

describe('instances that the user gives', () => {
  const services = { orders: { instances: ['10.0.0.5:80', { ip: '10.0.0.6', port: 81 }] } };

  it('are all there is: Nacos is not asked, and what takes no traffic is left out', async () => {
    const weightless = { ip: '10.0.0.7', port: 82, weight: 0 };
    const { naming, clock, told, watch } = setup({
      services: { orders: { instances: [...services.orders.instances, weightless] } },
    });
    naming.setState('backoff');
    watch();
    await clock.advance(10_000);
    expect(told).toEqual([[80, 81]]);
    expect(naming.subscribed).toEqual([]);
  });

  it("stand behind an operator's file, for calls as for who watches", async () => {
    using folder = tempFolder({ 'orders.json': listOf(7) });
    const { discovery, clock, told, watch } = setup({ failoverDir: folder.path, services });
    watch();
    await vi.waitFor(() => expect(told).toEqual([[7]]));
    await expect(discovery.calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 7 });
    rmSync(path.join(folder.path, 'orders.json'));
    await vi.waitFor(async () => {
      await clock.advance(5000);
      expect(told).toEqual([[7], [80, 81]]);
    });
    const { port } = await discovery.resolve('orders');
    expect([80, 81]).toContain(port);
  });

  it("stand behind an operator's file also at the very first call", async () => {
    using folder = tempFolder({ 'orders.json': listOf(7) });
    const { discovery } = setup({ failoverDir: folder.path, services });
    await expect(discovery.calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 7 });
  });
});

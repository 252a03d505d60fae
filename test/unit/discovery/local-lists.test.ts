import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';
import { tempFolder } from '../house/temp-folder.js';

const DAY_MS = 86_400_000;

function setup(options: Partial<DiscoveryOptions>, clock = createFakeClock()) {
  const naming = createFakeNaming();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const discovery = createDiscovery({ naming: naming.api, clock, logger, ...options });
  return { clock, naming, warnings, discovery, calls: discovery.calls };
}

/** Files of all registries, with their folders. */
function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
}

/** Calls `name` while Nacos is there, and waits for the copy. */
async function remember(dir: string, name: string, clock = createFakeClock()): Promise<string> {
  const parts = setup({ cache: { dir, registry: 'a' } }, clock);
  parts.naming.setServices(name);
  parts.naming.setInstances(
    name,
    anInstance({ port: 1, metadata: { v: '1' } }),
    anInstance({ port: 2, healthy: false }),
  );
  await parts.discovery.resolve(name);
  await parts.discovery.close();
  const [file = ''] = files(dir);
  return path.join(dir, file);
}

/** Nacos is away from the start. */
function away(options: Partial<DiscoveryOptions>, clock = createFakeClock()) {
  const parts = setup(options, clock);
  parts.naming.setState('backoff');
  return parts;
}

describe('copies on disk', () => {
  it('are used when Nacos is away at the first call, filtered, until it lists others', async () => {
    using folder = tempFolder({});
    const file = await remember(folder.path, 'Order-Service');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path.dirname(file)).mode & 0o777).toBe(0o700);

    const clock = createFakeClock();
    await clock.advance(2 * DAY_MS);
    const cache = { dir: folder.path, registry: 'a' };
    const { calls, naming, warnings, discovery } = away({ cache }, clock);
    await expect(calls.resolve('order-service', A_CALL)).resolves.toMatchObject({
      service: 'Order-Service',
      port: 1,
    });
    expect(calls.pickNow('order-service', A_CALL)).toMatchObject({ port: 1 });
    expect(warnings).toEqual([
      expect.stringMatching(/use the 1 instances that it had 2 days ago$/),
    ]);
    expect(discovery.stats()).toMatchObject([{ service: 'Order-Service', coldStarts: 1 }]);

    naming.setState('ready');
    naming.push('Order-Service', anInstance({ port: 9 }));
    expect(calls.pickNow('order-service', A_CALL)).toMatchObject({ port: 9 });
    await discovery.close();
  });

  it('are not used after 7 days, for another registry or for another group', async () => {
    using folder = tempFolder({});
    await remember(folder.path, 'orders');
    const cache = { dir: folder.path, registry: 'a' };
    const late = createFakeClock();
    await late.advance(7 * DAY_MS + 1);
    const tries = [
      away({ cache }, late),
      away({ cache: { ...cache, registry: 'b' } }),
      away({ cache, group: 'OTHER' }),
      away({}),
    ];
    for (const { calls, warnings } of tries) {
      await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
      expect(warnings).toEqual([]);
    }
    await expect(away({ cache }).calls.resolve('orders', A_CALL)).resolves.toMatchObject({
      port: 1,
    });
  });

  it('are not asked when the registry has said that there is no such service', async () => {
    using folder = tempFolder({});
    await remember(folder.path, 'orders');
    const { calls, naming, clock } = setup({ cache: { dir: folder.path, registry: 'a' } });
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    naming.setState('backoff');
    await clock.advance(10_000);
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
  });

  it.each([
    ['no JSON', '{'],
    ['no list', '{"hosts":{}}'],
    ['a host that is none', '{"hosts":[{"ip":"10.0.0.1","port":"80"}]}'],
    ['of an unknown time', '{"name":"orders","groupName":"DEFAULT_GROUP","hosts":[]}'],
  ])('that are broken (%s) are ignored with one warning', async (_case, text) => {
    using folder = tempFolder({});
    writeFileSync(await remember(folder.path, 'orders'), text);
    const { calls, warnings, clock } = away({ cache: { dir: folder.path, registry: 'a' } });
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    await clock.advance(10_000);
    await expect(calls.resolve('orders', A_CALL)).resolves.toBeNull();
    expect(warnings).toEqual([expect.stringContaining('the stored list is not used')]);
  });

  it('cannot be kept in a folder that is a file: one warning, and calls go on', async () => {
    using folder = tempFolder({ file: '' });
    const cache = { dir: path.join(folder.path, 'file'), registry: 'a' };
    const { calls, naming, warnings, discovery, clock } = setup({ cache });
    naming.setServices('orders');
    naming.setInstances('orders', anInstance());
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 8080 });
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    naming.push('orders', anInstance({ port: 2 }));
    await clock.advance(2000);
    await discovery.close();
    expect(warnings).toEqual([expect.stringContaining('not kept on disk')]);
  });

  it.each(['a/../../b', '..', 'con', 'x'.repeat(512), 'Über:1|?*', '%2F'])(
    'of a service called %j stay in their folder and are found again',
    async (name) => {
      using folder = tempFolder({});
      await remember(folder.path, name);
      expect(files(folder.path)).toHaveLength(1);
      const { discovery } = away({ cache: { dir: folder.path, registry: 'a' } });
      await expect(discovery.resolve(name)).resolves.toMatchObject({ service: name, port: 1 });
    },
  );

  it('are written once a second at most, the newest list last, and leave nothing unfinished', async () => {
    using folder = tempFolder({});
    const { calls, naming, clock, discovery } = setup({
      cache: { dir: folder.path, registry: 'a' },
    });
    naming.setServices('orders');
    naming.setInstances('orders', anInstance({ port: 1 }));
    await calls.resolve('orders', A_CALL);
    await vi.waitFor(() => expect(files(folder.path)).toHaveLength(1));
    for (let port = 2; port <= 50; port += 1) naming.push('orders', anInstance({ port }));
    const read = (): string =>
      readFileSync(path.join(folder.path, files(folder.path)[0] ?? ''), 'utf8');
    await settle();
    expect(read()).toContain('"port":1,');
    await clock.advance(1000);
    await vi.waitFor(() => expect(read()).toContain('"port":50,'));
    await discovery.close();
    const all = readdirSync(folder.path, { recursive: true, encoding: 'utf8' });
    expect(all.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe("an operator's file", () => {
  const list = (...ports: number[]): string =>
    JSON.stringify({ hosts: ports.map((port) => ({ ip: '10.9.9.9', port })) });

  it('goes before the registry while it is there, with or without Nacos, in any case', async () => {
    using folder = tempFolder({ 'Orders.json': list(7) });
    const { calls, naming, clock } = setup({ failoverDir: folder.path });
    naming.setServices('Orders');
    naming.setInstances('Orders', anInstance({ port: 1 }));
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 7 });
    naming.push('Orders', anInstance({ port: 2 }));
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 7 });

    rmSync(path.join(folder.path, 'Orders.json'));
    await vi.waitFor(async () => {
      await clock.advance(5000);
      await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 2 });
    });
    const { calls: others } = away({ failoverDir: folder.path });
    await expect(others.resolve('orders', A_CALL)).resolves.toBeNull();
  });

  it('is taken when it comes, and stays as it was while it is broken, with one warning', async () => {
    using folder = tempFolder({});
    const { calls, naming, clock, warnings } = setup({ failoverDir: folder.path });
    naming.setServices('orders');
    naming.setInstances('orders', anInstance({ port: 1 }));
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 1 });
    const file = path.join(folder.path, 'DEFAULT_GROUP@@orders.json');
    writeFileSync(file, list(7));
    await vi.waitFor(async () => {
      await clock.advance(5000);
      await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 7 });
    });
    warnings.length = 0;
    writeFileSync(file, '{"hosts":');
    await vi.waitFor(async () => {
      await clock.advance(5000);
      expect(warnings).toHaveLength(1);
    });
    await clock.advance(20_000);
    expect(warnings).toEqual([expect.stringContaining('the file changes nothing')]);
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 7 });
  });

  it('of another group is for others, and one with the group goes before one without', async () => {
    using folder = tempFolder({
      'orders.json': list(1),
      'DEFAULT_GROUP@@orders.json': list(2),
      'OTHER@@stock.json': list(3),
    });
    mkdirSync(path.join(folder.path, 'folder.json'));
    const { calls } = away({ failoverDir: folder.path });
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 2 });
    await expect(calls.resolve('stock', A_CALL)).resolves.toBeNull();
    await expect(calls.resolve('folder', A_CALL)).resolves.toBeNull();
  });
});

import { createServer } from 'node:http';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { hostPort, type Instance } from '../../src/model.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';
import { openApps, type Apps } from './registration-fixture.js';

/** A real server may take a second for a push, and is eventually consistent for queries. */
const SOON = { timeout: 15_000, interval: 50 };

let registry: TestRegistry;
let provider: NacosClient;
let consumer: NacosClient;
let apps: Apps;

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

beforeEach(() => {
  provider = createClient({ server: registry.address, logger: silentLogger });
  consumer = createClient({ server: registry.address, logger: silentLogger });
  apps = openApps();
});
afterEach(async () => {
  await apps.close();
  await Promise.all([provider.close(), consumer.close()]);
});

const list = async (name: string, group = 'DEFAULT_GROUP'): Promise<readonly Instance[]> =>
  (await consumer.naming.query({ name, group })).instances;
const ports = async (name: string, group?: string): Promise<readonly number[]> =>
  (await list(name, group)).map(({ port }) => port).sort((a, b) => a - b);
const sorted = (numbers: readonly number[]): readonly number[] =>
  [...numbers].sort((a, b) => a - b);

describe('one process', () => {
  it('registers two services over one client, and takes out one of them', async () => {
    const [first, second] = [registry.uniqueName('orders'), registry.uniqueName('stock')];
    const servers = await Promise.all([apps.listen(), apps.listen()]);
    const registrars = [apps.registrar(provider, first), apps.registrar(provider, second)];
    registrars.forEach((registrar, index) => {
      const server = servers[index];
      if (server !== undefined) registrar.serverUp(server);
    });
    await Promise.all(registrars.map((registrar) => registrar.registered()));
    await expect.poll(() => ports(first), SOON).toEqual([servers[0].port]);
    await expect.poll(() => ports(second), SOON).toEqual([servers[1].port]);
    expect(await registrars[0]?.leaveServer(servers[0])).toBe(true);
    await expect.poll(() => ports(first), SOON).toEqual([]);
    expect(await ports(second)).toEqual([servers[1].port]);
  });

  it('registers five ports of one service, and changes and takes out single ones', async () => {
    const service = registry.uniqueName('orders');
    const pairs = await Promise.all(
      [1, 2, 3, 4, 5].map(async () => {
        const server = await apps.listen();
        const registrar = apps.registrar(provider, service);
        registrar.serverUp(server);
        await registrar.registered();
        return { server, registrar, port: server.port };
      }),
    );
    const all = sorted(pairs.map(({ port }) => port));
    await expect.poll(() => ports(service), SOON).toEqual(all);

    const [first, second, third] = pairs;
    if (first === undefined || second === undefined || third === undefined) throw new Error('five');
    await Promise.all([
      first.registrar.change({ weight: 3 }),
      second.registrar.change({ enabled: false }),
    ]);
    await expect
      .poll(() => ports(service), SOON)
      .toEqual(all.filter((port) => port !== second.port));
    const weights = async () =>
      (await list(service)).map(({ port, weight }) => [port === first.port, weight]);
    await expect.poll(weights, SOON).toContainEqual([true, 3]);
    expect((await weights()).filter(([isFirst]) => isFirst !== true)).toEqual([
      [false, 1],
      [false, 1],
      [false, 1],
    ]);

    expect(await third.registrar.leaveServer(third.server)).toBe(true);
    await second.registrar.change({ enabled: true });
    await expect
      .poll(() => ports(service), SOON)
      .toEqual(all.filter((port) => port !== third.port));
  });

  it('registers in several groups from one client', async () => {
    const service = registry.uniqueName('orders');
    const groups = ['SHOP', 'BACK_OFFICE'];
    for (const group of groups) {
      const server = await apps.listen();
      const registrar = apps.registrar(provider, service, { service: { group } });
      registrar.serverUp(server);
      expect(await registrar.registered()).toMatchObject({ service: { name: service, group } });
      await expect.poll(() => ports(service, group), SOON).toEqual([server.port]);
    }
    expect(await ports(service)).toEqual([]);
  });
});

describe('an app', () => {
  it('is registered when its path answers well, not before', async () => {
    const service = registry.uniqueName('orders');
    let status = 503;
    let asked = 0;
    const server = await apps.listen(
      createServer((_, response) => {
        asked += 1;
        response.statusCode = status;
        response.end();
      }),
    );
    const registrar = apps.registrar(provider, service, {
      readiness: { path: '/ready', intervalMs: 50 },
    });
    registrar.serverUp(server);
    await expect.poll(() => asked, SOON).toBeGreaterThan(3);
    expect(await ports(service)).toEqual([]);
    status = 200;
    await registrar.registered();
    await expect.poll(() => ports(service), SOON).toEqual([server.port]);
  });

  it('that is registered disabled is in no list until it is ready', async () => {
    const service = registry.uniqueName('orders');
    const server = await apps.listen();
    const registrar = apps.registrar(provider, service, {
      readiness: { hold: true, registerDisabled: true },
    });
    registrar.serverUp(server);
    expect(await registrar.registered()).toMatchObject({ enabled: false, ready: false });
    expect(await ports(service)).toEqual([]);
    registrar.setReady(true);
    await expect.poll(() => ports(service), SOON).toEqual([server.port]);
    registrar.setReady(false);
    await expect.poll(() => ports(service), SOON).toEqual([]);
    registrar.setReady(true);
    await expect.poll(() => ports(service), SOON).toEqual([server.port]);
  });

  it('changes weight and metadata in place, and shows what is listed', async () => {
    const service = registry.uniqueName('orders');
    const server = await apps.listen();
    const registrar = apps.registrar(provider, service, { service: { metadata: { v: '1' } } });
    registrar.serverUp(server);
    await registrar.registered();
    const [status] = await registrar.change({ weight: 2.5, metadata: { canary: 'yes' } });
    expect(status).toMatchObject({ state: 'registered', weight: 2.5, enabled: true });
    const [instance, ...others] = await list(service);
    expect(others).toEqual([]);
    expect(instance && hostPort(instance)).toBe(`10.99.0.2:${String(server.port)}`);
    expect(instance?.weight).toBe(2.5);
    // r-nacos 0.8.8 often keeps the metadata that an address once had.
    const metadata = registry.kind === 'r-nacos' ? { v: '1' } : { v: '1', canary: 'yes' };
    expect(instance?.metadata).toMatchObject(metadata);
  });

  it('goes out of the lists and back by code', async () => {
    const service = registry.uniqueName('orders');
    const server = await apps.listen();
    const registrar = apps.registrar(provider, service);
    registrar.serverUp(server);
    await registrar.registered();
    const [down] = await registrar.change({ enabled: false });
    expect(down).toMatchObject({ state: 'registered', enabled: false, problem: undefined });
    expect(await ports(service)).toEqual([]);
    const [up] = await registrar.change({ enabled: true });
    expect(up).toMatchObject({ state: 'registered', enabled: true, problem: undefined });
    expect(await ports(service)).toEqual([server.port]);
  });

  it('follows a server that closes and listens on another port', async () => {
    const service = registry.uniqueName('orders');
    const before = await apps.listen();
    const registrar = apps.registrar(provider, service);
    registrar.serverUp(before);
    await expect.poll(() => ports(service), SOON).toEqual([before.port]);
    registrar.serverDown(before);
    const other = await apps.listen();
    registrar.serverUp({ ...before, port: other.port });
    await expect.poll(() => ports(service), SOON).toEqual([other.port]);
  });
});

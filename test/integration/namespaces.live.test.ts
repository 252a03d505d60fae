/**
 * What docs/namespaces.md promises: a namespace is a world of its own. The same names and even the same address in two of them have
 * nothing to do with each other: neither listed, nor called, nor changed.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { A_CALL } from '../helpers/a-call.js';
import { createClient, type NacosClient } from '../../src/client/client.js';
import { createDiscovery, type Discovery } from '../../src/discovery/discovery.js';
import { silentLogger } from '../../src/logger.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

/** A real server may take a second for a push, and is eventually consistent for queries. */
const SOON = { timeout: 15_000, interval: 50 };
const IP = '10.99.0.1';
const at = (port: number) => ({ ip: IP, port });

let registry: TestRegistry;
let opened: AsyncDisposable[];

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());
beforeEach(() => {
  opened = [];
});
afterEach(() => Promise.all(opened.reverse().map((one) => one[Symbol.asyncDispose]())));

function clientIn(namespace: string): NacosClient {
  const client = createClient({ server: registry.address, namespace, logger: silentLogger });
  opened.push(client);
  return client;
}

function discoveryIn(namespace: string, group?: string): Discovery {
  const { naming } = clientIn(namespace);
  const groups = group === undefined ? {} : { group };
  const discovery = createDiscovery({ naming, logger: silentLogger, ...groups });
  opened.push(discovery);
  return discovery;
}

/** A provider and an onlooker in each of two namespaces. */
function twoWorlds() {
  const [one, other] = [registry.uniqueName('one'), registry.uniqueName('other')];
  const world = (namespace: string) => ({
    namespace,
    provider: clientIn(namespace).naming,
    onlooker: clientIn(namespace).naming,
  });
  return { here: world(one), there: world(other) };
}

const rows = async (naming: NacosClient['naming'], service: string) => {
  const { instances } = await naming.query(service);
  return instances.map(({ port, weight, metadata }) => ({ port, weight, ...metadata }));
};

describe('a service of another namespace', () => {
  it('is not listed, under the same name and at the same address', async () => {
    const { here, there } = twoWorlds();
    const service = registry.uniqueName('orders');
    await here.provider.register(service, { ...at(8080), metadata: { of: 'here' } });
    await expect
      .poll(() => rows(here.onlooker, service), SOON)
      .toEqual([{ port: 8080, weight: 1, of: 'here' }]);
    expect(await rows(there.onlooker, service)).toEqual([]);
    expect(await there.onlooker.listServices()).toEqual({ count: 0, names: [] });
    expect(await rows(clientIn('public').naming, service)).toEqual([]);

    await there.provider.register(service, { ...at(8080), metadata: { of: 'there' } });
    await expect
      .poll(() => rows(there.onlooker, service), SOON)
      .toEqual([{ port: 8080, weight: 1, of: 'there' }]);
    expect(await rows(here.onlooker, service)).toEqual([{ port: 8080, weight: 1, of: 'here' }]);
    await expect
      .poll(() => there.onlooker.listServices(), SOON)
      .toEqual({ count: 1, names: [service] });
  });

  it('is neither changed nor taken out by a change here', async () => {
    const { here, there } = twoWorlds();
    const service = registry.uniqueName('orders');
    for (const { provider } of [here, there]) await provider.register(service, at(8080));
    await expect
      .poll(() => rows(there.onlooker, service), SOON)
      .toEqual([{ port: 8080, weight: 1 }]);
    const pushed: unknown[] = [];
    const subscription = there.onlooker.subscribe(service, ({ instances }) => {
      pushed.push(instances.map(({ port, weight }) => ({ port, weight })));
    });
    opened.push(subscription);
    await subscription.ready();

    await here.provider.register(service, { ...at(8080), weight: 7, metadata: { new: 'yes' } });
    await expect
      .poll(() => rows(here.onlooker, service), SOON)
      .toEqual([{ port: 8080, weight: 7, new: 'yes' }]);
    await here.provider.deregister(service, at(8080));
    await expect.poll(() => rows(here.onlooker, service), SOON).toEqual([]);
    expect(await rows(there.onlooker, service)).toEqual([{ port: 8080, weight: 1 }]);

    // A change there does arrive, and is the next thing that its subscriber hears.
    await there.provider.register(service, { ...at(8080), weight: 2 });
    await expect
      .poll(() => pushed, SOON)
      .toEqual([[{ port: 8080, weight: 1 }], [{ port: 8080, weight: 2 }]]);
  });

  it('stays when the whole client of this one goes', async () => {
    const { here, there } = twoWorlds();
    const service = registry.uniqueName('orders');
    const leaving = clientIn(here.namespace);
    await leaving.naming.register(service, at(1));
    await there.provider.register(service, at(2));
    await expect.poll(() => rows(here.onlooker, service), SOON).toMatchObject([{ port: 1 }]);
    await leaving.close();
    await expect.poll(() => rows(here.onlooker, service), SOON).toEqual([]);
    expect(await rows(there.onlooker, service)).toMatchObject([{ port: 2 }]);
  });

  it('is not called by name: every call goes to the own one, and without an own one to DNS', async () => {
    const { here, there } = twoWorlds();
    const both = registry.uniqueName('both');
    const elsewhere = registry.uniqueName('elsewhere');
    await here.provider.register(both, at(1));
    await there.provider.register(both, at(2));
    await there.provider.register(elsewhere, at(3));
    await expect.poll(() => rows(there.onlooker, elsewhere), SOON).toMatchObject([{ port: 3 }]);

    const { calls } = discoveryIn(here.namespace);
    await expect(calls.resolve(both, A_CALL)).resolves.toMatchObject({ port: 1 });
    const picked = Array.from({ length: 20 }, () => calls.pickNow(both, A_CALL)?.port);
    expect(new Set(picked)).toEqual(new Set([1]));
    // null: not ours, the call goes on untouched.
    await expect(calls.resolve(elsewhere, A_CALL)).resolves.toBeNull();
  });
});

describe('a group', () => {
  it('keeps instances apart inside a namespace, for lists and for calls', async () => {
    const namespace = registry.uniqueName('one');
    const { naming } = clientIn(namespace);
    const name = registry.uniqueName('orders');
    await naming.register(name, at(1));
    await naming.register({ name, group: 'TEAM_B' }, at(2));
    const ports = async (group?: string) => {
      const { instances } = await naming.query(group === undefined ? name : { name, group });
      return instances.map(({ port }) => port);
    };
    await expect.poll(() => ports(), SOON).toEqual([1]);
    await expect.poll(() => ports('TEAM_B'), SOON).toEqual([2]);
    const [plain, team] = [discoveryIn(namespace), discoveryIn(namespace, 'TEAM_B')];
    await expect(plain.calls.resolve(name, A_CALL)).resolves.toMatchObject({ port: 1 });
    await expect(team.calls.resolve(name, A_CALL)).resolves.toMatchObject({ port: 2 });

    await naming.deregister({ name, group: 'TEAM_B' }, at(2));
    await expect.poll(() => ports('TEAM_B'), SOON).toEqual([]);
    expect(await ports()).toEqual([1]);
  });
});

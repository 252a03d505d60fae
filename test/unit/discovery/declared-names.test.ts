/** Names that are services because their user says so, and what is set for them: dots, groups, instances of their own. */
import { describe, expect, it, vi } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup(services: DiscoveryOptions['services']) {
  const naming = createFakeNaming();
  const subscribe = vi.spyOn(naming.api, 'subscribe');
  const list = vi.spyOn(naming.api, 'listServices');
  const discovery = createDiscovery({
    naming: naming.api,
    clock: createFakeClock(),
    logger: silentLogger,
    namespace: 'dev',
    services,
  });
  return { naming, discovery, calls: discovery.calls, subscribe, list };
}

describe('a declared name', () => {
  it.each([
    ['demo.api', ['demo.api']],
    ['demo.api', ['*.api']],
    ['demo_1.api', ['DEMO_1.API']],
    ['xn--caf-dma.eu', ['Café.eu']],
  ])('%s is a service by %j', async (host, services) => {
    const { naming, calls } = setup(services);
    const [registered = ''] = services;
    const name = registered.includes('*') ? host : registered;
    naming.setServices(name);
    naming.setInstances(name, anInstance({ port: 7 }));
    await expect(calls.resolve(host, A_CALL)).resolves.toMatchObject({ service: name, port: 7 });
    expect(calls.pickNow(host, A_CALL)).toMatchObject({ port: 7 });
  });

  it.each(['api.example.com', '10.0.0.1', 'api.localhost'])(
    'makes no service of %s',
    async (host) => {
      const { naming, calls, list } = setup(['demo.api', '10.*', '*.localhost']);
      naming.setServices(host);
      expect(calls.pickNow(host, A_CALL)).toBeNull();
      await expect(calls.resolve(host, A_CALL)).resolves.toBeNull();
      expect(list).not.toHaveBeenCalled();
    },
  );

  it('is looked for in its own group, and only there', async () => {
    const { naming, discovery, calls, subscribe, list } = setup({ orders: { group: 'shop' } });
    naming.setServices('Orders', 'pay');
    naming.setInstances('Orders', anInstance());
    naming.setInstances('pay', anInstance());
    await calls.resolve('orders', A_CALL);
    await calls.resolve('pay', A_CALL);
    expect(list.mock.calls.map(([given]) => given?.group)).toEqual(['shop', 'DEFAULT_GROUP']);
    expect(subscribe.mock.calls.map(([service]) => service)).toEqual([
      { name: 'Orders', group: 'shop' },
      { name: 'pay', group: 'DEFAULT_GROUP' },
    ]);
    await expect(discovery.resolve('nobody')).rejects.toMatchObject({
      code: 'NO_INSTANCE',
      details: { service: 'nobody', group: 'DEFAULT_GROUP', namespace: 'dev', total: 0 },
    });
  });

  it('with clusters has the instances of these, and the error counts the others', async () => {
    const { naming, calls } = setup({ orders: { clusters: ['east'] } });
    naming.setServices('orders');
    naming.setInstances(
      'orders',
      anInstance({ port: 1, cluster: 'west' }),
      anInstance({ port: 2, cluster: 'west', healthy: false }),
    );
    await expect(calls.resolve('orders', A_CALL)).rejects.toMatchObject({
      code: 'NO_INSTANCE',
      details: {
        group: 'DEFAULT_GROUP',
        namespace: 'dev',
        total: 2,
        unhealthy: 1,
        otherCluster: 1,
      },
    });
  });
});

describe('instances that are given', () => {
  it('are called without the registry, also while Nacos is away', async () => {
    const { naming, calls, subscribe, list } = setup({
      orders: { instances: ['10.0.0.5:81', { ip: '10.0.0.6', port: 82, enabled: false }] },
      'local.api': { address: 'localhost:3000' },
    });
    naming.setState('backoff');
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 81 });
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ ip: '10.0.0.5', port: 81 });
    await expect(calls.resolve('local.api', A_CALL)).resolves.toMatchObject({
      ip: 'localhost',
      port: 3000,
    });
    expect(subscribe).not.toHaveBeenCalled();
    expect(list).not.toHaveBeenCalled();
  });
});

import { describe, expect, it } from 'vitest';

import { createDiscovery } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import { urlReach } from '../../../src/runtime/explain.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup() {
  const naming = createFakeNaming();
  naming.setServices('orders', 'Bills', 'bills');
  const clock = createFakeClock();
  const discovery = createDiscovery({ naming: naming.api, clock, logger: silentLogger });
  return { naming, clock, discovery };
}

describe('what discovery says of a name', () => {
  it('gives each instance with the reason why a call would not go there', async () => {
    const { naming, discovery } = setup();
    const list = [
      anInstance({ port: 1 }),
      anInstance({ port: 2, healthy: false }),
      anInstance({ port: 3, weight: 0 }),
      anInstance({ port: 4, enabled: false }),
      anInstance({ port: 5 }),
    ];
    naming.setInstances('orders', ...list);
    let target = await discovery.calls.resolve('orders', A_CALL);
    while (target !== null && target.port !== 5)
      target = await discovery.calls.resolve('orders', A_CALL);
    for (let failures = 0; failures < 3 && target !== null; failures += 1) {
      discovery.calls.settle(target, { outcome: 'unsent', tookMs: 1 });
    }
    const told = await discovery.explain('ORDERS');
    expect(told).toMatchObject({ kind: 'service', service: { name: 'orders' }, isExact: false });
    const reasons = told.kind === 'service' ? told.instances.map(({ whyNot }) => whyNot) : [];
    expect(reasons).toEqual([undefined, 'unhealthy', 'weightless', 'disabled', 'ejected']);
  });

  it('follows the routes of a call with these headers', async () => {
    const { naming, discovery } = setup();
    naming.setInstances(
      'orders',
      anInstance({ port: 1, metadata: { version: '1' } }),
      anInstance({ port: 2, metadata: { version: '2' } }),
    );
    discovery.setRoutes('orders', [
      { from: [{ header: 'x-version' }], to: { version: '*' }, otherwise: 'any' },
    ]);
    const told = await discovery.explain('orders', { headers: { 'X-Version': '2' } });
    expect(told).toMatchObject({
      instances: [
        { instance: { port: 1 }, whyNot: 'no-route' },
        { instance: { port: 2 }, whyNot: undefined },
      ],
    });
  });

  it('tells unknown names, ambiguous ones and a Nacos that is away apart', async () => {
    const { naming, discovery } = setup();
    expect(await discovery.explain('github')).toEqual({ kind: 'unknown' });
    expect(await discovery.explain('BILLS')).toEqual({
      kind: 'ambiguous',
      names: ['Bills', 'bills'],
    });
    naming.setState('backoff');
    expect(await discovery.explain('other')).toEqual({ kind: 'late' });
  });
});

describe('whether a URL reaches a name', () => {
  it.each([
    ['orders', 'any-client', undefined],
    ['Orders_1', 'any-client', /a URL says orders_1/],
    ['demo.api', 'declared', /declared in the options/],
    ['group@@orders', 'never', /cannot be the host/],
    ['10.0.0.1', 'never', /cannot be the host/],
  ] as const)('%s: %s', (name, reach, note) => {
    const told = urlReach(name);
    expect(told.reach).toBe(reach);
    if (note === undefined) expect(told.note).toBeUndefined();
    else expect(told.note).toMatch(note);
  });
});

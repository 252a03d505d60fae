/** Other settings of calls while calls are made: they count from the next one on, and no call is without a list meanwhile. */
import { describe, expect, it } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

const V1 = anInstance({ port: 1, metadata: { version: '1', zone: 'a' } });
const V2 = anInstance({ port: 2, metadata: { version: '2', zone: 'b' } });

async function scene(options: Partial<DiscoveryOptions> = {}) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  naming.setServices('orders', 'pay');
  naming.setInstances('orders', V1, V2);
  naming.setInstances('pay', V1, V2);
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    ...options,
  });
  await discovery.calls.resolve('orders', A_CALL);
  await discovery.calls.resolve('pay', A_CALL);
  const portsOf = (service: string): readonly (number | undefined)[] =>
    Array.from({ length: 4 }, () => discovery.calls.pickNow(service, A_CALL)?.port);
  return { discovery, naming, clock, portsOf };
}

describe('reconfigure', () => {
  it('changes the balancer, the zone, the routes and the bound of calls, at once', async () => {
    const { discovery, portsOf } = await scene();
    expect(new Set(portsOf('orders'))).toEqual(new Set([1, 2]));
    discovery.reconfigure({ zone: 'b' });
    expect(portsOf('orders')).toEqual([2, 2, 2, 2]);
    discovery.reconfigure({
      services: {
        orders: {
          routes: [
            { from: [{ header: 'x' }], to: { version: '1' }, otherwise: 'none', untagged: 'any' },
          ],
        },
      },
    });
    expect(new Set(portsOf('orders'))).toEqual(new Set([1, 2]));
    discovery.reconfigure({ timeoutMs: 1234, balancer: 'weighted-random' });
    expect(discovery.calls.timeoutMs('orders')).toBe(1234);
    expect(portsOf('orders')).not.toContain(undefined);
    discovery.reconfigure({});
    expect(discovery.calls.timeoutMs('orders')).toBe(0);
  });

  it('follows the registry as before, and leaves no second subscription', async () => {
    const { discovery, naming, portsOf } = await scene();
    discovery.reconfigure({ services: { orders: { timeoutMs: 5 } } });
    await settle();
    expect(naming.subscribed.toSorted()).toEqual(['orders', 'pay']);
    naming.push('orders', anInstance({ port: 9 }));
    expect(portsOf('orders')).toEqual([9, 9, 9, 9]);
  });

  it('leaves services alone whose settings are the same', async () => {
    const { discovery } = await scene();
    const failing = (service: string): number => {
      for (let count = 0; count < 12 && discovery.ejected(service).length === 0; count++) {
        const target = discovery.calls.pickNow(service, A_CALL);
        if (target !== null && target !== undefined)
          discovery.calls.settle(target, { outcome: 'unsent', tookMs: 1 });
      }
      return discovery.ejected(service).length;
    };
    expect(failing('orders')).toBeGreaterThan(0);
    expect(failing('pay')).toBeGreaterThan(0);
    discovery.reconfigure({ services: { orders: { timeoutMs: 5 } } });
    expect(discovery.ejected('orders')).toEqual([]);
    expect(discovery.ejected('pay')).not.toEqual([]);
  });

  it('given instances take the place of the registry, and back', async () => {
    const { discovery, portsOf } = await scene();
    discovery.reconfigure({ services: { orders: { address: '127.0.0.1:3000' } } });
    expect(portsOf('orders')).toEqual([3000, 3000, 3000, 3000]);
    discovery.reconfigure({});
    const target = await discovery.calls.resolve('orders', A_CALL);
    expect([1, 2]).toContain(target?.port);
  });

  it('an empty list goes on to be disbelieved', async () => {
    const { discovery, naming, portsOf } = await scene();
    naming.push('orders');
    expect(portsOf('orders')).not.toContain(undefined);
    discovery.reconfigure({ timeoutMs: 5 });
    await settle();
    naming.push('orders');
    expect(new Set(portsOf('orders'))).toEqual(new Set([1, 2]));
  });

  it('what setRoutes has set stays above', async () => {
    const { discovery, portsOf } = await scene();
    discovery.setRoutes('orders', [
      { from: [{ read: () => '1' }], to: { version: '*' }, otherwise: 'none' },
    ]);
    expect(portsOf('orders')).toEqual([1, 1, 1, 1]);
    discovery.reconfigure({ timeoutMs: 5 });
    expect(portsOf('orders')).toEqual([1, 1, 1, 1]);
  });

  it('what is wrong changes nothing', async () => {
    const { discovery } = await scene({ timeoutMs: 7 });
    expect(() => {
      discovery.reconfigure({ timeoutMs: -1 });
    }).toThrow('timeoutMs = -1 (code)');
    expect(() => {
      discovery.reconfigure({ services: { orders: { tiemoutMs: 1 } as object } });
    }).toThrow('tiemoutMs');
    expect(() => {
      discovery.reconfigure({ group: 'other' } as object);
    }).toThrow('unknown option group');
    expect(discovery.calls.timeoutMs('orders')).toBe(7);
  });
});

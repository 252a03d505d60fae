import { describe, expect, it } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import { hostPort } from '../../../src/model.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup(options: Partial<DiscoveryOptions> = {}) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    unusedAfterMs: 600_000,
    ...options,
  });
  naming.setServices('orders', 'stock');
  naming.setInstances('orders', anInstance({ port: 1 }), anInstance({ port: 2 }));
  naming.setInstances('stock', anInstance({ port: 2 }), anInstance({ port: 3 }));
  return { clock, naming, discovery, calls: discovery.calls };
}

describe('a service that nobody calls', () => {
  it('is followed no more after 10 minutes, and again from the next call on', async () => {
    const { calls, clock, naming } = setup();
    await calls.resolve('orders', A_CALL);
    await clock.advance(600_000);
    expect(naming.subscribed).toEqual(['orders']);
    await clock.advance(150_000);
    expect(naming.subscribed).toEqual([]);

    naming.setInstances('orders', anInstance({ port: 9 }));
    // The old list is not used, however short the wait would be without.
    expect(calls.pickNow('orders', A_CALL)).toBeUndefined();
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 9 });
    expect(naming.subscribed).toEqual(['orders']);
  });

  it('stays followed while it is called, while Nacos is away, and for ever when told so', async () => {
    const { calls, clock, naming } = setup();
    const lasting = setup({ unusedAfterMs: 0 });
    await calls.resolve('orders', A_CALL);
    await calls.resolve('stock', A_CALL);
    await lasting.calls.resolve('orders', A_CALL);
    for (let minute = 0; minute < 30; minute += 1) {
      calls.pickNow('orders', A_CALL);
      await clock.advance(60_000);
      await lasting.clock.advance(60_000);
    }
    expect(naming.subscribed).toEqual(['orders']);
    expect(lasting.naming.subscribed).toEqual(['orders']);
    naming.setState('backoff');
    await clock.advance(3_600_000);
    expect(naming.subscribed).toEqual(['orders']);
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ service: 'orders' });
  });

  it('is called as it was before when Nacos is away by then', async () => {
    const { calls, clock, naming } = setup();
    await calls.resolve('orders', A_CALL);
    await clock.advance(800_000);
    expect(naming.subscribed).toEqual([]);
    naming.setState('backoff');
    await expect(calls.resolve('orders', A_CALL)).resolves.toMatchObject({ service: 'orders' });
    naming.setState('ready');
    naming.push('orders', anInstance({ port: 9 }));
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 9 });
  });
});

describe('addresses that are gone', () => {
  it('are told when no service lists them any more, after the new list is in use', async () => {
    const { calls, naming, discovery } = setup({ emptyProtection: false });
    const told: string[][] = [];
    const stop = calls.onGone((addresses) => {
      told.push([...addresses.map(hostPort), String(calls.pickNow('orders', A_CALL)?.port)]);
    });
    await calls.resolve('orders', A_CALL);
    await calls.resolve('stock', A_CALL);

    naming.push('orders', anInstance({ port: 4 }));
    expect(told).toEqual([['10.0.0.1:1', '4']]);
    naming.push('orders', anInstance({ port: 4, weight: 2 }));
    naming.push('stock', anInstance({ port: 3, healthy: false }), anInstance({ port: 2 }));
    expect(told.slice(1)).toEqual([['10.0.0.1:3', '4']]);
    naming.push('stock');
    expect(told.slice(2)).toEqual([['10.0.0.1:2', '4']]);
    stop();
    naming.push('orders', anInstance({ port: 5 }));
    expect(told).toHaveLength(3);
    await discovery.close();
  });

  it('are not told while empty protection keeps them, and a listener that throws stops nobody', async () => {
    const { calls, naming, clock } = setup();
    const told: string[] = [];
    calls.onGone(() => {
      throw new Error('mine');
    });
    calls.onGone((addresses) => told.push(...addresses.map(hostPort)));
    await calls.resolve('orders', A_CALL);
    naming.push('orders');
    await settle();
    expect(told).toEqual([]);
    await clock.advance(300_000);
    expect(told).toEqual(['10.0.0.1:1', '10.0.0.1:2']);
  });
});

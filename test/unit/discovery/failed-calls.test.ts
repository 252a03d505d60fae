import { describe, expect, it } from 'vitest';

import { A_CALL } from '../../helpers/a-call.js';
import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import type { CallRouter, CallTarget } from '../../../src/process-hub.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup(options: Partial<DiscoveryOptions> = {}) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    ...options,
  });
  return { clock, naming, discovery, calls: discovery.calls };
}

/** With one service that answers at once. */
function withOrders(options: Partial<DiscoveryOptions> = {}) {
  const parts = setup(options);
  parts.naming.setServices('orders');
  parts.naming.setInstances('orders', anInstance({ port: 1 }), anInstance({ port: 2 }));
  return parts;
}

const ports = (targets: readonly (CallTarget | null | undefined)[]) =>
  targets.map((target) => target?.port);

/** As a hook does when a connection fails. */
function otherAfter(calls: CallRouter, tried: readonly CallTarget[]): CallTarget | undefined {
  const last = tried.at(-1);
  if (last !== undefined) calls.settle(last, { outcome: 'unsent', tookMs: 1 });
  const failed = { name: 'orders', info: A_CALL, tried, outcome: 'unsent', elapsedMs: 1 } as const;
  return calls.nextAttempt(failed)?.target;
}

describe('after a failed connection', () => {
  it('gives another instance each time until all were tried', async () => {
    const { calls, naming } = setup();
    naming.setServices('orders');
    naming.setInstances('orders', ...[1, 2, 3].map((port) => anInstance({ port })));
    const tried: CallTarget[] = [];
    let next: CallTarget | null | undefined = await calls.resolve('orders', A_CALL);
    while (next !== null && next !== undefined) {
      tried.push(next);
      next = otherAfter(calls, tried);
    }
    expect(ports(tried).sort()).toEqual([1, 2, 3]);
  });

  it('avoids the instance for 2 s while others exist', async () => {
    const { calls, clock } = withOrders();
    const dead = await calls.resolve('orders', A_CALL);
    if (dead === null) throw new Error('no target');
    const other = otherAfter(calls, [dead]);

    const soon = Array.from({ length: 6 }, () => calls.pickNow('orders', A_CALL));
    expect(new Set(ports(soon))).toEqual(new Set([other?.port]));
    await clock.advance(2_000);
    const later = Array.from({ length: 6 }, () => calls.pickNow('orders', A_CALL));
    expect(new Set(ports(later))).toEqual(new Set([1, 2]));
  });

  it('calls a failed instance all the same when there is no other', async () => {
    const { calls, naming } = setup();
    naming.setServices('orders');
    naming.setInstances('orders', anInstance());
    const only = await calls.resolve('orders', A_CALL);
    if (only === null) throw new Error('no target');
    expect(otherAfter(calls, [only])).toBeUndefined();
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 8080 });
  });

  it('takes the newest list for the next attempt', async () => {
    const { calls, naming } = withOrders();
    const dead = await calls.resolve('orders', A_CALL);
    if (dead === null) throw new Error('no target');
    naming.push('orders', anInstance({ port: dead.port }), anInstance({ port: 77 }));
    expect(otherAfter(calls, [dead])).toMatchObject({ port: 77 });
  });
});

describe('instances that are out', () => {
  /** `orders` with one instance whose connection has failed. */
  async function withDead() {
    const parts = withOrders();
    const dead = await parts.calls.resolve('orders', A_CALL);
    if (dead === null) throw new Error('no target');
    parts.calls.settle(dead, { outcome: 'unsent', tookMs: 0 });
    return { ...parts, dead };
  }

  it('are seen by the name of the service', async () => {
    const { clock, dead, discovery } = await withDead();
    expect(discovery.ejected('orders')).toEqual([
      {
        key: `10.0.0.1:${String(dead.port)}`,
        state: 'avoided',
        untilMs: clock.nowMs() + 2000,
        failures: 1,
        reason: 'no connection',
      },
    ]);
    expect(discovery.ejected('users')).toEqual([]);
  });

  it.each([['orders'], [undefined]])('are called again after a reset of %s', async (service) => {
    const { calls, discovery } = await withDead();
    discovery.resetEjections('users');
    expect(discovery.ejected('orders')).toHaveLength(1);
    discovery.resetEjections(service);
    expect(discovery.ejected('orders')).toEqual([]);
    const next = [1, 2].map(() => calls.pickNow('orders', A_CALL));
    expect(new Set(ports(next))).toEqual(new Set([1, 2]));
  });

  it('get exactly one call after their time, however many come', async () => {
    const { calls, clock, dead, discovery } = await withDead();
    await clock.advance(2000);
    const all = Array.from({ length: 20 }, () => calls.pickNow('orders', A_CALL));
    expect(ports(all).filter((port) => port === dead.port)).toHaveLength(1);
    expect(discovery.ejected('orders')).toMatchObject([{ state: 'probing' }]);
  });

  it('stay out when the list changes around them', async () => {
    const { calls, dead, naming } = await withDead();
    naming.push('orders', ...[1, 2, 3].map((port) => anInstance({ port })));
    const next = Array.from({ length: 6 }, () => calls.pickNow('orders', A_CALL));
    expect(new Set(ports(next))).toEqual(new Set([1, 2, 3].filter((port) => port !== dead.port)));
  });

  it('are given out again by pick after their time, which is no probe', async () => {
    const { clock, dead, discovery } = await withDead();
    const picked = (): ReadonlySet<unknown> =>
      new Set(ports(Array.from({ length: 6 }, () => discovery.pick('orders'))));
    expect(picked()).not.toContain(dead.port);
    await clock.advance(2000);
    expect(picked()).toContain(dead.port);
    expect(discovery.ejected('orders')).toMatchObject([{ state: 'avoided' }]);
  });
});

describe('in an outage of all instances', () => {
  it('calls try all of them first, and then add a bounded part', async () => {
    const { calls, discovery, naming } = setup();
    naming.setServices('orders');
    naming.setInstances('orders', ...[1, 2, 3, 4, 5].map((port) => anInstance({ port })));
    for (let call = 0; call < 1000; call += 1) {
      const tried: CallTarget[] = [];
      let next: CallTarget | null | undefined = await calls.resolve('orders', A_CALL);
      while (next !== null && next !== undefined) {
        tried.push(next);
        next = otherAfter(calls, tried);
      }
      if (call === 0) expect(tried).toHaveLength(5);
    }
    const [stats] = discovery.stats('orders');
    // 4 free ones of the first call, a fifth of the calls, and 10.
    expect(stats?.retries).toBe(4 + 200 + 10);
  });

  it('all calls go on for nothing as long as one instance is not known to fail', async () => {
    const { calls } = withOrders();
    const first = await calls.resolve('orders', A_CALL);
    // All are sent before the first of them fails.
    const more = Array.from({ length: 999 }, () => calls.pickNow('orders', A_CALL));
    const dead = [first, ...more].filter((target) => target?.port === 1);
    const others = dead.map((target) => (target ? otherAfter(calls, [target]) : undefined));
    expect(others).toHaveLength(500);
    expect(new Set(ports(others))).toEqual(new Set([2]));
  });
});

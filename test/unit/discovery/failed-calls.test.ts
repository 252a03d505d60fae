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

import { describe, expect, it } from 'vitest';

import { balancerByName } from '../../../../src/discovery/balancers/by-name.js';
import { createDiscovery } from '../../../../src/discovery/discovery.js';
import { silentLogger } from '../../../../src/logger.js';
import type { CallInfo } from '../../../../src/process-hub.js';
import { A_CALL, aCall } from '../../../helpers/a-call.js';
import { createFakeClock } from '../../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../../helpers/fake-naming.js';
import { randomOf } from '../../../helpers/picks.js';

async function fleet(name: Parameters<typeof balancerByName>[0]) {
  const naming = createFakeNaming();
  const clock = createFakeClock();
  clock.setRandom(randomOf(8));
  const ports = [1, 2, 3];
  const instances = ports.map((port) => anInstance({ port }));
  naming.setServices('orders');
  naming.setInstances('orders', ...instances);
  const { calls } = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    balancer: balancerByName(name, { hashKey: { kind: 'header', name: 'x-user' } }),
  });
  await calls.resolve('orders', A_CALL);
  const pick = (call: CallInfo = A_CALL) => {
    const target = calls.pickNow('orders', call);
    if (!target) throw new Error('the list is here');
    return target;
  };
  return {
    pick,
    /** Calls in a row, each of which takes this long by the port that it goes to; how many went to each. */
    run(count: number, msOf: (port: number) => number): Record<number, number> {
      const counts: Record<number, number> = { 1: 0, 2: 0, 3: 0 };
      for (let done = 0; done < count; done += 1) {
        const target = pick();
        counts[target.port] = (counts[target.port] ?? 0) + 1;
        calls.settle(target, { outcome: 'answered', status: 200, tookMs: msOf(target.port) });
      }
      return counts;
    },
    pushSame: () => naming.push('orders', ...instances),
  };
}

describe('balancers in discovery', () => {
  it('power of two choices hears how long answers took, and knows it after a push of the list', async () => {
    const { run, pushSame } = await fleet('p2c');
    const msOf = (port: number): number => (port === 2 ? 400 : 20);
    expect(run(1000, msOf)[2]).toBeLessThan(60);
    pushSame();
    expect(run(1000, msOf)[2]).toBeLessThan(60);
  });

  it('least active sees what is under way', async () => {
    const { pick } = await fleet('least-active');
    // One attempt is under way since the fleet was made.
    const ports = Array.from({ length: 8 }, () => pick().port);
    const counts = [1, 2, 3].map((port) => ports.filter((one) => one === port).length);
    expect(counts.sort()).toEqual([2, 3, 3]);
  });

  it('consistent hashing sees the call', async () => {
    const { pick } = await fleet('consistent-hash');
    const portOf = (user: string): number => pick(aCall({ headers: { 'x-user': user } })).port;
    const users = Array.from({ length: 30 }, (_, index) => `user-${String(index)}`);
    expect(new Set(users.map(portOf))).toEqual(new Set([1, 2, 3]));
    const ann = portOf('ann');
    expect(portOf('ann')).toBe(ann);
  });
});

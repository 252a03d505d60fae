/** Which targets a list takes over from the one before it. */
import { describe, expect, it } from 'vitest';

import { CallableList, type ListParts } from '../../../src/discovery/callable-list.js';
import { createWeightedRoundRobin } from '../../../src/discovery/balancers/weighted-round-robin.js';
import type { InstanceStat } from '../../../src/discovery/balancer.js';
import type { Instance } from '../../../src/model.js';
import { someSettings } from './selection-fixture.js';

function anInstance(port: number, given: Partial<Instance> = {}): Instance {
  return {
    ip: '10.0.0.1',
    port,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    cluster: 'DEFAULT',
    metadata: {},
    ...given,
  };
}

describe('a list after another one', () => {
  const stats = new Map<string, InstanceStat>();
  const parts: ListParts = {
    settings: someSettings({ createBalancer: createWeightedRoundRobin }),
    owner: {
      service: { name: 'orders', group: 'DEFAULT_GROUP' },
      namespace: 'public',
      settle: () => undefined,
    },
    statOf(key) {
      const stat = stats.get(key) ?? { key, active: 0, ewmaMs: 0, ewmaAtMs: 0 };
      stats.set(key, stat);
      return stat;
    },
    random: () => 0.5,
    nowMs: () => 0,
    clientId: 1,
    routes: [],
  };
  const listOf = (instances: readonly Instance[], previous?: CallableList): CallableList =>
    new CallableList(
      {
        service: { name: 'orders', group: 'DEFAULT_GROUP' },
        instances,
        revision: 1,
        serverTimeMs: 0,
        protectThresholdReached: false,
      },
      parts,
      previous,
    );
  const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((port) => anInstance(port)) as [
    Instance,
    Instance,
    Instance,
    Instance,
    Instance,
  ];
  const heavy = anInstance(3, { weight: 7 });
  const unhealthy = anInstance(2, { healthy: false });

  it.each([
    ['one changed', [a, b, c, d], [a, b, heavy, d]],
    ['one came first', [b, c, d], [a, b, c, d]],
    ['one came in between', [a, b, d], [a, b, c, d]],
    ['the first ones went', [a, b, c, d, e], [d, e]],
    ['some went in between', [a, b, c, d, e], [a, d, e]],
    ['one came, one went, one changed', [a, c, d], [b, heavy, d, e]],
    ['one cannot be called any more', [a, b, c], [a, unhealthy, c]],
    ['another order', [a, b, c, d], [d, c, b, a]],
    ['all others', [a, b], [c, d, e]],
    ['none before', [], [a, b]],
    ['none left', [a, b], []],
  ] as const)(
    'has the stat of each address, and the target of each unchanged one: %s',
    (_, before, after) => {
      const former = listOf(before);
      const list = listOf(after, former);
      const callable = after.filter(({ healthy }) => healthy);
      expect(list.targets.map(({ instance }) => instance)).toEqual(callable);
      for (const target of list.targets) {
        expect(target.stat).toBe(stats.get(`10.0.0.1:${String(target.port)}`));
        const same = former.targets.find(({ instance }) => instance === target.instance);
        if (same !== undefined) expect(target).toBe(same);
      }
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { filterCallable } from '../../../src/discovery/filter.js';
import type { Instance, ServiceSnapshot } from '../../../src/model.js';
import { anInstance } from '../../helpers/fake-naming.js';

function snapshotOf(...instances: Instance[]): ServiceSnapshot {
  return {
    service: { name: 'orders', group: 'DEFAULT_GROUP' },
    instances,
    revision: 1,
    serverTimeMs: 0,
    protectThresholdReached: false,
  };
}

describe('filterCallable', () => {
  it('keeps what is healthy, enabled and has a weight, in the order of the list', () => {
    const first = anInstance({ port: 1, weight: 0.1 });
    const last = anInstance({ port: 5 });
    const list = filterCallable(
      snapshotOf(
        first,
        anInstance({ port: 2, healthy: false }),
        anInstance({ port: 3, enabled: false }),
        anInstance({ port: 4, weight: 0 }),
        last,
      ),
    );

    expect(list.callable).toEqual([first, last]);
    expect(list).toMatchObject({ total: 5, unhealthy: 1, disabled: 1, weightless: 1 });
  });

  it.each([0, -1, NaN, Infinity, -Infinity])('takes weight %d for none', (weight) => {
    expect(filterCallable(snapshotOf(anInstance({ weight }))).callable).toEqual([]);
  });

  it('counts every instance once, whatever is wrong with it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            healthy: fc.boolean(),
            enabled: fc.boolean(),
            weight: fc.constantFrom(0, 1, 2.5, -1),
          }),
        ),
        (fields) => {
          const list = filterCallable(snapshotOf(...fields.map((one) => anInstance(one))));
          expect(list.callable.length + list.unhealthy + list.disabled + list.weightless).toBe(
            list.total,
          );
          const wanted = fields.filter((one) => one.healthy && one.enabled && one.weight > 0);
          expect(list.callable).toEqual(wanted.map((one) => anInstance(one)));
        },
      ),
    );
  });
});

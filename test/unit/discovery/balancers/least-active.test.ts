import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Balancer, BalancedList } from '../../../../src/discovery/balancer.js';
import { createLeastActive } from '../../../../src/discovery/balancers/least-active.js';
import { aWeight, countPicks, listOf, misfit, randomOf } from '../../../helpers/picks.js';

const PICKS = 100_000;
const create = (list: BalancedList, seed = 1): Balancer =>
  createLeastActive(list, { random: randomOf(seed), nowMs: () => 0 });

/** Attempts under way in a list when each pick stays: what the balancer makes of a burst. */
function burst(weights: readonly number[], calls: number): number[] {
  const list = listOf(weights);
  const balancer = create(list);
  for (let done = 0; done < calls; done += 1) {
    const stat = list.stats[balancer.pick()];
    if (stat !== undefined) stat.active += 1;
  }
  return list.stats.map(({ active }) => active);
}

describe('least active', () => {
  it('picks the one with the fewest attempts under way for its weight', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(aWeight, fc.nat(50)), { minLength: 1, maxLength: 64 }),
        fc.nat(),
        fc.nat(63),
        (members, seed, out) => {
          const loads = members.map(([weight, active]) => active / weight);
          const list = listOf(
            members.map(([weight]) => weight),
            members.map(([, active]) => active),
          );
          const balancer = create(list, seed);
          expect(loads[balancer.pick()]).toBe(Math.min(...loads));
          const left = loads.filter((_, index) => index !== out);
          if (left.length > 0) {
            expect(loads[balancer.pickExcept((index) => index === out)]).toBe(Math.min(...left));
          }
        },
      ),
    );
  });

  it('spreads calls of an idle fleet by weight', () => {
    const weights = [0.5, 1, 1, 4, 0, 10];
    const balancer = create(listOf(weights));
    const counts = countPicks(PICKS, weights.length, () => balancer.pick());
    expect(misfit(counts, weights)).toBeLessThan(1);
  });

  it('spreads calls by weight among those that are idle, and among those that are equally busy', () => {
    const weights = [1, 2, 3, 4];
    const idle = create(listOf(weights, [1, 0, 0, 1]));
    const counts = countPicks(PICKS, 4, () => idle.pick());
    expect(misfit(counts, [0, 2, 3, 0])).toBeLessThan(1);
    const busy = create(listOf(weights, [1, 2, 3, 5]));
    expect(
      misfit(
        countPicks(PICKS, 4, () => busy.pick()),
        [1, 2, 3, 0],
      ),
    ).toBeLessThan(1);
  });

  it('spreads calls by weight among equally busy ones that are not excluded', () => {
    const balancer = create(listOf([1, 2, 3, 4], [1, 2, 3, 4]));
    const counts = countPicks(PICKS, 4, () => balancer.pickExcept((index) => index === 3));
    expect(misfit(counts, [1, 2, 3, 0])).toBeLessThan(1);
  });

  it('keeps what is under way in proportion to the weights', () => {
    expect(burst([1, 2, 5], 800)).toEqual([100, 200, 500]);
  });

  it('keeps a large list nearly as even, by draws', () => {
    const active = burst(new Array<number>(1000).fill(1), 10_000);
    expect(Math.max(...active)).toBeLessThanOrEqual(11);
    expect(Math.min(...active)).toBeGreaterThanOrEqual(7);
  });

  it('finds idle ones in a large list that is half busy', () => {
    const list = listOf(
      new Array<number>(1000).fill(1),
      Array.from({ length: 1000 }, (_, index) => index % 2),
    );
    const balancer = create(list);
    const counts = countPicks(10_000, 1000, () => balancer.pick());
    expect(counts.filter((one, index) => index % 2 === 1 && one > 0).length).toBeLessThanOrEqual(1);
    const withoutIdle = countPicks(1000, 1000, () =>
      balancer.pickExcept((index) => index % 2 === 0),
    );
    expect(withoutIdle.reduce((sum, one) => sum + one, 0)).toBe(1000);
  });
});

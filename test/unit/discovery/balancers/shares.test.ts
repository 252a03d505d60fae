/** What each balancer makes of 100,000 calls, by the weights that Nacos has: floats, far apart, and zero. */
import { describe, expect, it } from 'vitest';

import type { Balancer, BalancedList } from '../../../../src/discovery/balancer.js';
import {
  BALANCER_NAMES,
  balancerByName,
  type BalancerName,
} from '../../../../src/discovery/balancers/by-name.js';
import { SLOTS } from '../../../../src/discovery/balancers/slot-table.js';
import type { CallInfo } from '../../../../src/process-hub.js';
import { aCall } from '../../../helpers/a-call.js';
import { countPicks, listOf, misfit, randomOf } from '../../../helpers/picks.js';

const PICKS = 100_000;
/** As operators set them in the console of Nacos; the last one is out of use. */
const NACOS = [0.1, 1, 2.5, 100, 0];
/** Each call has a path of its own, which is the key of consistent hashing. */
const CALLS: readonly CallInfo[] = Array.from({ length: PICKS }, (_, at) =>
  aCall({ path: `/items/${String(at)}` }),
);
/**
 * Consistent hashing gives a key to a slot and a slot to an instance, both as if by chance: shares spread as those of so many draws. So
 * with 32,768 slots and as many keys as you like, an instance with the share p is off by sqrt((1 - p) / (p * 32768)) of it: 1 % at one
 * half, 5.5 % at one hundredth, 17 % at one thousandth, and three times that in hardly any fleet.
 */
const DRAWS_OF_HASHING = 1 / (1 / SLOTS + 1 / PICKS);

function create(name: BalancerName, list: BalancedList): Balancer {
  return balancerByName(name)(list, { random: randomOf(7), nowMs: () => 0 });
}

/** How often each was picked; each call has a key of its own. */
function countsOf(name: BalancerName, list: BalancedList): number[] {
  const balancer = create(name, list);
  let at = 0;
  return countPicks(PICKS, list.weights.length, () => balancer.pick(CALLS[at++]));
}

/** At most 1 when the counts fit to the weights, as far as this balancer goes by chance. */
function misfitOf(name: BalancerName, counts: readonly number[], weights: readonly number[]) {
  const draws = name === 'consistent-hash' ? DRAWS_OF_HASHING : PICKS;
  return misfit(
    counts.map((count) => (count * draws) / PICKS),
    weights,
  );
}

describe.each(BALANCER_NAMES)('100,000 calls by %s', (name) => {
  it.each([
    ['the floats of Nacos', NACOS],
    ['equal weights', [1, 1, 1, 1, 1]],
    ['equal floats', [0.1, 0.1, 0.1]],
    ['an instance of zero among equal ones', [1, 0, 1, 1]],
    ['the bounds of Nacos', [0.01, 0, 10_000]],
  ])('go to each by its weight: %s', (_, weights) => {
    const counts = countsOf(name, listOf(weights));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(PICKS);
    expect(misfitOf(name, counts, weights)).toBeLessThan(1);
  });

  it('show when a weight is off by a fifth', () => {
    const counts = countsOf(name, listOf(NACOS));
    expect(misfitOf(name, counts, NACOS.with(2, 3))).toBeGreaterThan(1);
  });

  it('never reach an instance of zero, whatever is under way and whoever else is left out', () => {
    // Equally busy for their weights, but for the one that is out of use: it would be the best choice.
    const list = listOf(NACOS, [1, 10, 25, 1000, 0]);
    const balancer = create(name, list);
    let at = 0;
    const pick = (): number =>
      balancer.pickExcept((index) => index === at % NACOS.length, CALLS[at++]);
    const counts = countPicks(PICKS, NACOS.length, pick);
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(PICKS);
    expect(counts[4]).toBe(0);
    expect(Math.min(...counts.slice(0, 4))).toBeGreaterThan(0);
  });
});

describe.each(['p2c', 'least-active'] as const)('100,000 calls by %s', (name) => {
  it.each([
    ['equal weights', [1, 1, 1, 1], [3, 3, 3, 3]],
    ['weights', [0.5, 1, 2.5, 100, 0], [1, 2, 5, 200, 0]],
  ])('go to each by its weight while all are equally busy: %s', (_, weights, active) => {
    const counts = countsOf(name, listOf(weights, active));
    expect(misfitOf(name, counts, weights)).toBeLessThan(1);
  });
});

describe('100,000 calls by weighted round robin', () => {
  it.each([
    ['the floats of Nacos', NACOS],
    ['the bounds of Nacos', [0.01, 0, 10_000]],
    ['seven that have no common measure', [0.1, 0.7, Math.SQRT2, Math.E, Math.PI, 10 / 3, 40]],
  ])('keep to the weights all the time, not only on average: %s', (_, weights) => {
    const balancer = create('weighted-round-robin', listOf(weights));
    const sum = weights.reduce((total, one) => total + one, 0);
    const counts = weights.map(() => 0);
    let worst = 0;
    for (let picks = 1; picks <= PICKS; picks += 1) {
      const picked = balancer.pick();
      counts[picked] = (counts[picked] ?? 0) + 1;
      for (const [index, weight] of weights.entries()) {
        const share = weight / sum;
        // One pick of its own, and its part of the one pick that each other may be ahead or behind.
        const bound = 1 + weights.length * share;
        const off = Math.abs((counts[index] ?? 0) - picks * share);
        worst = Math.max(worst, weight > 0 ? off / bound : off);
      }
    }
    expect(worst).toBeLessThanOrEqual(1);
  });

  it('are exact where the weights come out even', () => {
    const counts = countsOf('weighted-round-robin', listOf([1, 2, 3, 4]));
    expect(counts).toEqual([10_000, 20_000, 30_000, 40_000]);
    expect(countsOf('weighted-round-robin', listOf([1, 1, 1, 1]))).toEqual(
      [1, 1, 1, 1].map(() => PICKS / 4),
    );
  });
});

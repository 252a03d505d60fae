import { describe, expect, it } from 'vitest';

import { createWeightedRandom } from '../../../../src/discovery/balancers/weighted-random.js';
import { countPicks, misfit, randomOf } from '../../../helpers/picks.js';

const PICKS = 100_000;
const FLOATS = [0.1, 0.25, 1, 1, 2.5, 0, 7.3, 40];
const MANY = Array.from({ length: 1000 }, (_, index) => 0.5 + (index % 7));

describe('weighted random', () => {
  it.each([
    ['floats', FLOATS],
    ['equal weights', [1, 1, 1]],
    ['a very heavy one', [10_000, 1, 1]],
    ['1,000 instances', MANY],
  ])('gives each its share of 100,000 picks: %s', (_, weights) => {
    const balancer = createWeightedRandom({ weights }, { random: randomOf(2) });
    const counts = countPicks(PICKS, weights.length, () => balancer.pick());
    expect(misfit(counts, weights)).toBeLessThan(1);
  });

  it('shares what the excluded would get among the others by weight', () => {
    const balancer = createWeightedRandom({ weights: FLOATS }, { random: randomOf(3) });
    const counts = countPicks(PICKS, FLOATS.length, () =>
      balancer.pickExcept((index) => index === 6),
    );
    expect(misfit(counts, FLOATS.with(6, 0))).toBeLessThan(1);
  });

  it('keeps to the weights where almost all are excluded, and draws hardly ever find one that is not', () => {
    const balancer = createWeightedRandom({ weights: MANY }, { random: randomOf(4) });
    const isOut = (index: number): boolean => index >= 5;
    const counts = countPicks(20_000, 5, () => balancer.pickExcept(isOut));
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(20_000);
    expect(misfit(counts, MANY.slice(0, 5))).toBeLessThan(1);
  });
});

describe('the measure of these tests', () => {
  it('tells shares that are off by a fifth', () => {
    const balancer = createWeightedRandom({ weights: [1, 1, 1.2] }, { random: randomOf(5) });
    const counts = countPicks(PICKS, 3, () => balancer.pick());
    expect(misfit(counts, [1, 1, 1])).toBeGreaterThan(1);
    expect(misfit([10, 10], [1, 0])).toBe(Infinity);
  });
});

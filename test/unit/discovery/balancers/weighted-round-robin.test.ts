import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createWeightedRoundRobin as create } from '../../../../src/discovery/balancers/weighted-round-robin.js';

const createWeightedRoundRobin = (weights: readonly number[], random: () => number) =>
  create({ weights }, { random });

/** Repeatable numbers in [0, 1) from a seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function count(picks: number, size: number, pick: () => number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (let done = 0; done < picks; done += 1) {
    const index = pick();
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

const weight = fc.oneof(
  fc.double({ min: 0.01, max: 100, noNaN: true }),
  fc.integer({ min: 1, max: 10_000 }),
);

describe('weighted round robin', () => {
  it('gives equal weights the same number of picks, to within one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(2000), fc.nat(), (size, picks, seed) => {
        const balancer = createWeightedRoundRobin(new Array(size).fill(2.5), randomOf(seed));
        const counts = count(picks, size, () => balancer.pick());
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('visits equal weights in the order of the list', () => {
    const balancer = createWeightedRoundRobin([1, 1, 1], () => 0.5);
    expect([1, 2, 3, 4].map(() => balancer.pick())).toEqual([1, 2, 0, 1]);
  });

  it('keeps every share within a bounded error of its weight, over any run', () => {
    fc.assert(
      fc.property(
        fc.array(weight, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat(),
        (weights, picks, seed) => {
          const sum = weights.reduce((total, one) => total + one, 0);
          const balancer = createWeightedRoundRobin(weights, randomOf(seed));
          const counts = count(picks, weights.length, () => balancer.pick());
          for (const [index, one] of weights.entries()) {
            const share = one / sum;
            // One pick of its own, and its part of the one pick that each other may be ahead or behind.
            const bound = 1 + weights.length * share;
            expect(Math.abs((counts[index] ?? 0) - picks * share)).toBeLessThanOrEqual(bound);
          }
        },
      ),
    );
  });

  it('stays exact for fractions after a million picks', () => {
    const weights = [0.1, 0.2, 0.7, 1];
    const balancer = createWeightedRoundRobin(weights, randomOf(7));
    const counts = count(1_000_000, 4, () => balancer.pick());
    for (const [index, one] of weights.entries()) {
      expect(Math.abs((counts[index] ?? 0) - 500_000 * one)).toBeLessThanOrEqual(2);
    }
  });

  it('spreads the picks of a heavy instance instead of bunching them', () => {
    const balancer = createWeightedRoundRobin([1, 1, 4], randomOf(3));
    const sequence = Array.from({ length: 600 }, () => balancer.pick());
    const longest = Math.max(
      ...sequence
        .join('')
        .split(/[01]/)
        .map((run) => run.length),
    );
    expect(longest).toBeLessThanOrEqual(4);
  });

  it.each([[[0, 1, 0, 3]], [[0, 2, 2]], [[-1, 5]], [[NaN, 1]]])(
    'never picks an instance without weight: %j',
    (weights) => {
      const balancer = createWeightedRoundRobin(weights, randomOf(1));
      const counts = count(100, weights.length, () => balancer.pick());
      for (const [index, one] of weights.entries()) {
        expect((counts[index] ?? 0) > 0).toBe(one > 0);
      }
    },
  );

  it('picks nothing when there is nothing', () => {
    for (const weights of [[], [0], [0, 0]]) {
      const balancer = createWeightedRoundRobin(weights, randomOf(1));
      expect(balancer.pick()).toBe(-1);
      expect(balancer.pickExcept(() => false)).toBe(-1);
    }
  });

  it('gives ties to the smaller index, every time', () => {
    const sequence = (): number[] => {
      const balancer = createWeightedRoundRobin([1, 1, 2], () => 0);
      return Array.from({ length: 8 }, () => balancer.pick());
    };
    expect(sequence()).toEqual([0, 1, 2, 2, 0, 1, 2, 2]);
    expect(sequence()).toEqual(sequence());
  });

  it('does not start all clients at the same instance, and starts each as often as its weight says', () => {
    const random = randomOf(11);
    const weights = [1, 2, 7];
    const firsts = count(20_000, 3, () => createWeightedRoundRobin(weights, random).pick());
    for (const [index, one] of weights.entries()) {
      expect((firsts[index] ?? 0) / 20_000).toBeGreaterThan((one / 10) * 0.9);
      expect((firsts[index] ?? 0) / 20_000).toBeLessThan((one / 10) * 1.1);
    }
  });

  it('passes over the excluded and picks none when all are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(weight, fc.boolean()), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        (members, seed) => {
          const balancer = createWeightedRoundRobin(
            members.map(([one]) => one),
            randomOf(seed),
          );
          const excluded = (index: number): boolean => members[index]?.[1] === true;
          const open = members.some(([, out]) => !out);
          for (let done = 0; done < 10; done += 1) {
            const picked = balancer.pickExcept(excluded);
            expect(picked >= 0).toBe(open);
            if (picked >= 0) expect(excluded(picked)).toBe(false);
          }
        },
      ),
    );
  });

  it('does not give the excluded their missed turns in one burst', () => {
    const weights = [1, 2, 3];
    const balancer = createWeightedRoundRobin(weights, randomOf(5));
    for (let done = 0; done < 10_000; done += 1) balancer.pickExcept((index) => index === 2);
    const counts = count(600, 3, () => balancer.pick());
    for (const [index, one] of weights.entries()) {
      expect(Math.abs((counts[index] ?? 0) - 100 * one)).toBeLessThanOrEqual(3);
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Balancer, BalancedList } from '../../../../src/discovery/balancer.js';
import { BALANCER_NAMES, balancerByName } from '../../../../src/discovery/balancers/by-name.js';
import { aCall } from '../../../helpers/a-call.js';
import { aWeight, countPicks, listOf, randomOf } from '../../../helpers/picks.js';

describe.each(BALANCER_NAMES)('%s', (name) => {
  const create = (list: BalancedList, seed = 1): Balancer =>
    balancerByName(name)(list, { random: randomOf(seed), nowMs: () => 0 });
  /** A call with a key of its own, for the one that looks at calls. */
  const callOf = (number: number) => aCall({ path: `/items/${String(number)}` });

  it('picks places of the list that have a weight, whatever is under way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(aWeight, fc.constant(0)), fc.nat(5), fc.nat(100)), {
          minLength: 1,
          maxLength: 80,
        }),
        fc.nat(),
        (members, seed) => {
          const weights = members.map(([weight]) => weight);
          const list = listOf(
            weights,
            members.map(([, active]) => active),
          );
          for (const [index, [, , ms]] of members.entries()) {
            const stat = list.stats[index];
            if (stat !== undefined) stat.ewmaMs = ms;
          }
          const balancer = create(list, seed);
          for (let done = 0; done < 20; done += 1) {
            const picked = balancer.pick(done % 2 === 0 ? callOf(done) : undefined);
            if (weights.some((weight) => weight > 0)) expect(weights[picked]).toBeGreaterThan(0);
            else expect(picked).toBe(-1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('passes over the excluded and the weightless, and picks none when no other is left', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(aWeight, fc.constant(0)), fc.boolean(), fc.nat(3)), {
          minLength: 1,
          maxLength: 80,
        }),
        fc.nat(),
        (members, seed) => {
          const list = listOf(
            members.map(([weight]) => weight),
            members.map(([, , active]) => active),
          );
          const balancer = create(list, seed);
          const isOpen = (index: number): boolean => {
            const [weight = 0, out = true] = members[index] ?? [];
            return weight > 0 && !out;
          };
          const hasOpen = members.some((_, index) => isOpen(index));
          for (let done = 0; done < 20; done += 1) {
            const picked = balancer.pickExcept(
              (index) => members[index]?.[1] === true,
              done % 2 === 0 ? callOf(done) : undefined,
            );
            if (hasOpen) expect(isOpen(picked)).toBe(true);
            else expect(picked).toBe(-1);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([[[]], [[0]], [[0, 0]], [[-1, NaN]]])(
    'picks nothing where nothing has a weight: %j',
    (weights) => {
      const balancer = create(listOf(weights));
      for (const call of [undefined, callOf(1)]) {
        expect(balancer.pick(call)).toBe(-1);
        expect(balancer.pickExcept(() => false, call)).toBe(-1);
      }
    },
  );

  it('always picks the only one', () => {
    const balancer = create(listOf([0, 0.3], [0, 9]));
    for (let done = 0; done < 100; done += 1) {
      expect(balancer.pick(callOf(done))).toBe(1);
      expect(balancer.pickExcept((index) => index === 1, callOf(done))).toBe(-1);
    }
  });

  it('reaches each of 1,000 instances', () => {
    const balancer = create(listOf(new Array<number>(1000).fill(1)));
    let number = 0;
    const counts = countPicks(100_000, 1000, () => balancer.pick(callOf((number += 1))));
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(100_000);
  });

  it('takes weights as far apart as numbers go', () => {
    const balancer = create(listOf([1e308, 1e308, 5e-324]));
    const counts = countPicks(1000, 3, () => balancer.pick());
    expect(counts[2]).toBeLessThanOrEqual(1);
    expect(Math.min(counts[0] ?? 0, counts[1] ?? 0)).toBeGreaterThan(300);
  });
});

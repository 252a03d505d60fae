import { describe, expect, it } from 'vitest';

import type { Balancer, BalancedList } from '../../../../src/discovery/balancer.js';
import { createConsistentHash } from '../../../../src/discovery/balancers/consistent-hash.js';
import type { CallInfo } from '../../../../src/process-hub.js';
import { aCall } from '../../../helpers/a-call.js';
import { countPicks, listOf, misfit, randomOf } from '../../../helpers/picks.js';

const KEYS = 20_000;
const callOf = (key: number): CallInfo => aCall({ headers: { 'x-user': `user-${String(key)}` } });
const CALLS = Array.from({ length: KEYS }, (_, key) => callOf(key));

function create(list: BalancedList, seed = 1): Balancer {
  const make = createConsistentHash({ kind: 'header', name: 'x-user' });
  return make(list, { random: randomOf(seed), nowMs: () => 0 });
}

/** By key: the address that it goes to. */
function placesOf(list: BalancedList): string[] {
  const balancer = create(list);
  return CALLS.map((call) => list.stats[balancer.pick(call)]?.key ?? 'none');
}

/** By key: the address that it goes to when the first one is out. */
function secondPlacesOf(list: BalancedList): string[] {
  const balancer = create(list);
  return CALLS.map((call) => {
    const first = balancer.pick(call);
    return list.stats[balancer.pickExcept((index) => index === first, call)]?.key ?? 'none';
  });
}

function without(list: BalancedList, index: number): BalancedList {
  const rest = <Item>(items: readonly Item[]): Item[] => items.filter((_, at) => at !== index);
  return { weights: rest(list.weights), addresses: rest(list.addresses), stats: rest(list.stats) };
}

describe('consistent hashing', () => {
  it('sends a key to the same instance every time, from every process', () => {
    const list = listOf([1, 2, 3, 0.5]);
    const [here, there] = [create(list, 1), create(list, 2)];
    for (const call of CALLS.slice(0, 500)) {
      const picked = here.pick(call);
      expect(here.pick(call)).toBe(picked);
      expect(there.pick(call)).toBe(picked);
      expect(there.pickExcept(() => false, call)).toBe(picked);
    }
  });

  it('does not depend on the order of the list, in the first choice and in the second', () => {
    const list = listOf([1, 2, 3, 0.5, 1]);
    const turned: BalancedList = {
      weights: list.weights.toReversed(),
      addresses: list.addresses.toReversed(),
      stats: list.stats.toReversed(),
    };
    expect(placesOf(turned)).toEqual(placesOf(list));
    expect(secondPlacesOf(turned)).toEqual(secondPlacesOf(list));
  });

  it.each([2, 5, 50])('moves only the keys of the one that leaves: of %d', (size) => {
    const list = listOf(Array.from({ length: size }, (_, index) => 1 + (index % 3)));
    const before = placesOf(list);
    const after = placesOf(without(list, 1));
    const gone = list.stats[1]?.key;
    const share = before.filter((place) => place === gone).length / KEYS;
    const weight = list.weights.reduce((sum, one) => sum + one, 0);
    expect(share * (weight / 2)).toBeGreaterThan(0.75);
    expect(share * (weight / 2)).toBeLessThan(1.25);
    for (const [key, place] of before.entries()) {
      if (place === gone) expect(after[key]).not.toBe(gone);
      else expect(after[key]).toBe(place);
    }
  });

  it('spreads the keys of the one that leaves over all others', () => {
    const list = listOf([1, 1, 1, 1, 1]);
    const before = placesOf(list);
    const after = placesOf(without(list, 0));
    const heirs = after.filter((_, key) => before[key] === list.stats[0]?.key);
    for (const { key } of list.stats.slice(1)) {
      const inherited = heirs.filter((place) => place === key).length / heirs.length;
      expect(inherited).toBeGreaterThan(0.2);
      expect(inherited).toBeLessThan(0.3);
    }
  });

  it('moves keys only to the one that gets heavier', () => {
    const before = placesOf(listOf([1, 1, 1, 1]));
    const heavier = listOf([1, 1.5, 1, 1]);
    const after = placesOf(heavier);
    const moved = after.filter((place, key) => place !== before[key]);
    expect(new Set(moved)).toEqual(new Set([heavier.stats[1]?.key]));
    expect(moved.length / KEYS).toBeLessThan(0.11);
  });

  it('does not care about the unit of weights', () => {
    const weights = [1, 2, 3, 0.5];
    expect(placesOf(listOf(weights.map((weight) => weight * 128)))).toEqual(
      placesOf(listOf(weights)),
    );
  });

  it.each([
    [[1, 1, 1], 0.04],
    [[0.5, 1, 2, 4], 0.08],
    [new Array<number>(100).fill(1), 0.3],
  ])('gives keys by weight: %j, but for %d of a share', (weights, error) => {
    const list = listOf(weights);
    const balancer = create(list);
    const counts = countsOfKeys(list, 100_000, balancer);
    const sum = weights.reduce((total, one) => total + one, 0);
    for (const [index, count] of counts.entries()) {
      const share = (count / 100_000) * (sum / (weights[index] ?? 1));
      expect(Math.abs(share - 1)).toBeLessThan(error);
    }
  });

  it('draws by weight for calls without a key', () => {
    const weights = [1, 0, 2, 5];
    const balancer = create(listOf(weights));
    const none = aCall();
    expect(
      misfit(
        countPicks(100_000, 4, () => balancer.pick(none)),
        weights,
      ),
    ).toBeLessThan(1);
    expect(
      misfit(
        countPicks(100_000, 4, () => balancer.pick()),
        weights,
      ),
    ).toBeLessThan(1);
    const others = countPicks(100_000, 4, () => balancer.pickExcept((index) => index === 2, none));
    expect(misfit(others, [1, 0, 0, 5])).toBeLessThan(1);
  });

  it('has the same second choice for a key every time, and different ones for different keys', () => {
    const list = listOf([1, 1, 1, 1, 1]);
    const balancer = create(list);
    const mine = CALLS.filter((call) => balancer.pick(call) === 2);
    const isOut = (index: number): boolean => index === 2;
    const seconds = mine.map((call) => balancer.pickExcept(isOut, call));
    expect(mine.map((call) => balancer.pickExcept(isOut, call))).toEqual(seconds);
    expect(new Set(seconds)).toEqual(new Set([0, 1, 3, 4]));
  });

  it('leaves the keys of the others where they are while one is out', () => {
    const balancer = create(listOf([1, 1, 1, 1, 1]));
    for (const call of CALLS.slice(0, 2000)) {
      const picked = balancer.pick(call);
      if (picked !== 2) expect(balancer.pickExcept((index) => index === 2, call)).toBe(picked);
    }
  });
});

describe('bounded load', () => {
  it.each([
    ['equal weights', new Array<number>(10).fill(1)],
    ['weights', [1, 2, 3, 4, 10]],
  ])('keeps each within 1.25 of its share, though all calls have one key: %s', (_, weights) => {
    const list = listOf(weights);
    const balancer = create(list);
    const sum = weights.reduce((total, one) => total + one, 0);
    const call = callOf(1);
    for (let total = 1; total <= 1000; total += 1) {
      const stat = list.stats[balancer.pick(call)];
      if (stat !== undefined) stat.active += 1;
      for (const [index, { active }] of list.stats.entries()) {
        expect(active).toBeLessThanOrEqual(Math.ceil((1.25 * total * (weights[index] ?? 0)) / sum));
      }
    }
  });

  it('keeps a key in place as long as its instance has room', () => {
    const list = listOf(new Array<number>(4).fill(1), [9, 9, 9, 9]);
    const balancer = create(list);
    const places = CALLS.slice(0, 100).map((call) => balancer.pick(call));
    const idle = create(listOf(new Array<number>(4).fill(1)));
    expect(places).toEqual(CALLS.slice(0, 100).map((call) => idle.pick(call)));
  });

  it('comes back to the first choice when that has room again', () => {
    const list = listOf([1, 1, 1]);
    const balancer = create(list);
    const call = callOf(7);
    const first = balancer.pick(call);
    const stat = list.stats[first];
    if (stat !== undefined) stat.active = 10;
    const second = balancer.pick(call);
    expect(second).not.toBe(first);
    expect(balancer.pick(call)).toBe(second);
    if (stat !== undefined) stat.active = 0;
    expect(balancer.pick(call)).toBe(first);
  });

  it('finds the only one with room among many', () => {
    const list = listOf(new Array<number>(300).fill(1), new Array<number>(300).fill(50));
    const free = list.stats[123];
    if (free !== undefined) free.active = 0;
    const others = list.stats.filter((_, index) => index % 100 === 23 && index !== 123);
    for (const stat of others) stat.active = 100;
    const balancer = create(list);
    const isOut = (index: number): boolean => index % 100 !== 23;
    for (const call of CALLS.slice(0, 50)) expect(balancer.pickExcept(isOut, call)).toBe(123);
  });

  it('takes one without room where no other is left', () => {
    const balancer = create(listOf([1, 1], [1000, 1]));
    for (const call of CALLS.slice(0, 50)) {
      expect(balancer.pickExcept((index) => index === 1, call)).toBe(0);
    }
  });

  it('keeps 1,000 instances near their bound, with a sum that is up to 31 picks old', () => {
    const list = listOf(new Array<number>(1000).fill(1));
    const balancer = create(list);
    for (let total = 1; total <= 20_000; total += 1) {
      const stat = list.stats[balancer.pick(callOf(total % 50))];
      if (stat !== undefined) stat.active += 1;
    }
    expect(Math.max(...list.stats.map(({ active }) => active))).toBeLessThanOrEqual(25);
  });
});

function countsOfKeys(list: BalancedList, keys: number, balancer: Balancer): number[] {
  let key = 0;
  return countPicks(keys, list.weights.length, () => balancer.pick(callOf((key += 1))));
}

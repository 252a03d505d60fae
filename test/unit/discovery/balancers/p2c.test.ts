import { describe, expect, it } from 'vitest';

import type { Balancer, BalancedList } from '../../../../src/discovery/balancer.js';
import { createP2c } from '../../../../src/discovery/balancers/p2c.js';
import type { CallOutcome } from '../../../../src/process-hub.js';
import { createFakeClock, type FakeClock } from '../../../helpers/fake-clock.js';
import { countPicks, listOf, misfit, randomOf } from '../../../helpers/picks.js';

const PICKS = 100_000;

function world(weights: readonly number[], active: readonly number[] = []) {
  const clock = createFakeClock();
  const list = listOf(weights, active);
  return { clock, list, balancer: create(list, clock), ...settling(list, clock) };
}

function create(list: BalancedList, clock: FakeClock): Balancer {
  return createP2c(list, { random: randomOf(6), nowMs: () => clock.nowMs() });
}

function settling(list: BalancedList, clock: FakeClock) {
  return {
    settle(
      index: number,
      tookMs: number,
      outcome: CallOutcome = 'answered',
      status?: number,
    ): void {
      const stat = list.stats[index];
      const ended = { outcome, tookMs, ...(status !== undefined && { status }) };
      if (stat !== undefined) createP2c.settled?.(stat, ended, clock.nowMs());
    },
    ewmaMs: (index: number): number => list.stats[index]?.ewmaMs ?? NaN,
  };
}

describe('power of two choices', () => {
  it('gives each its share while all answer alike', () => {
    const weights = [0.5, 1, 1, 4, 0, 10];
    const { balancer, settle } = world(weights);
    expect(
      misfit(
        countPicks(PICKS, 6, () => balancer.pick()),
        weights,
      ),
    ).toBeLessThan(1);
    // Times of real fleets are never quite equal.
    for (let index = 0; index < 6; index += 1) settle(index, 20 + index / 3);
    expect(
      misfit(
        countPicks(PICKS, 6, () => balancer.pick()),
        weights,
      ),
    ).toBeLessThan(1);
  });

  it('prefers the one that answers faster', () => {
    const { balancer, settle } = world([1, 1]);
    settle(0, 10);
    settle(1, 100);
    const [fast = 0, slow = 0] = countPicks(PICKS, 2, () => balancer.pick());
    expect(fast).toBeGreaterThan(20 * slow);
    expect(slow).toBeGreaterThan(0);
  });

  it('prefers the one with less under way, in proportion to the weights', () => {
    const busy = world([1, 1], [4, 0]);
    const [first = 0, second = 0] = countPicks(PICKS, 2, () => busy.balancer.pick());
    expect(second).toBeGreaterThan(20 * first);
    const fair = world([4, 1], [8, 2]);
    expect(
      misfit(
        countPicks(PICKS, 2, () => fair.balancer.pick()),
        [4, 1],
      ),
    ).toBeLessThan(1);
  });

  it('keeps a small weight small, though its instance is somewhat faster', () => {
    const { balancer, settle } = world([10, 1]);
    settle(0, 15);
    settle(1, 10);
    const [, light = 0] = countPicks(PICKS, 2, () => balancer.pick());
    expect(light / PICKS).toBeLessThan(2 / 11);
    expect(light / PICKS).toBeGreaterThan(1 / 11);
  });

  it('gives a new instance its share: neither all calls nor none', () => {
    const { balancer, settle } = world([1, 1, 1, 1]);
    for (const index of [0, 1, 2]) settle(index, 30);
    expect(
      misfit(
        countPicks(PICKS, 4, () => balancer.pick()),
        [1, 1, 1, 1],
      ),
    ).toBeLessThan(1);
  });

  it('does not flood a new instance while its first answers are awaited', () => {
    const { balancer, settle, list } = world([1, 1, 1, 1], [1, 1, 1, 0]);
    for (const index of [0, 1, 2]) settle(index, 30);
    for (let done = 0; done < 40; done += 1) {
      const stat = list.stats[balancer.pick()];
      if (stat !== undefined) stat.active += 1;
    }
    expect(list.stats[3]?.active).toBeLessThanOrEqual(13);
    expect(list.stats[3]?.active).toBeGreaterThanOrEqual(8);
  });

  it('lets a new instance with much under way be', () => {
    const { balancer, settle } = world([1, 1], [0, 9]);
    settle(0, 30);
    const [known = 0, fresh = 0] = countPicks(PICKS, 2, () => balancer.pick());
    expect(known).toBeGreaterThan(20 * fresh);
  });

  it('takes a slow one whose time is old before a fast one that is busy', async () => {
    const { balancer, settle, clock } = world([1, 1], [4, 0]);
    settle(0, 10);
    settle(1, 1000);
    const shareOfSlow = (): number => (countPicks(PICKS, 2, () => balancer.pick())[1] ?? 0) / PICKS;
    expect(shareOfSlow()).toBeLessThan(0.05);
    await clock.advance(50_000);
    expect(shareOfSlow()).toBeGreaterThan(0.95);
  });

  it('tries a slow one again as what is known of it gets old', async () => {
    const { balancer, settle, clock } = world([1, 1, 1]);
    for (const index of [0, 1]) settle(index, 10);
    settle(2, 1000);
    const shareOfSlow = (): number => (countPicks(PICKS, 3, () => balancer.pick())[2] ?? 0) / PICKS;
    const shares = [shareOfSlow()];
    for (const ms of [50_000, 30_000]) {
      await clock.advance(ms);
      shares.push(shareOfSlow());
    }
    expect(shares[0]).toBeLessThan(0.03);
    expect(shares[1]).toBeGreaterThan(0.1);
    expect(shares[1]).toBeLessThan(0.2);
    expect(shares[2]).toBeGreaterThan(0.3);
  });

  it('chooses between two of those that are not excluded', () => {
    const { balancer, settle } = world([1, 1, 1]);
    settle(0, 1);
    settle(1, 10);
    settle(2, 100);
    const [out, fast = 0, slow = 0] = countPicks(PICKS, 3, () =>
      balancer.pickExcept((index) => index === 0),
    );
    expect(out).toBe(0);
    expect(fast).toBeGreaterThan(1.5 * slow);
  });
});

describe('what power of two choices learns', () => {
  it('takes a slower answer at once, and a faster one as time passes', async () => {
    const { settle, ewmaMs, clock } = world([1]);
    settle(0, 10);
    settle(0, 200);
    expect(ewmaMs(0)).toBe(200);
    settle(0, 10);
    expect(ewmaMs(0)).toBe(200);
    await clock.advance(10_000);
    settle(0, 10);
    expect(ewmaMs(0)).toBeCloseTo(10 + 190 / Math.E, 6);
    await clock.advance(100_000);
    settle(0, 10);
    expect(ewmaMs(0)).toBeCloseTo(10, 1);
  });

  it.each([
    ['unsent', undefined],
    ['broken', undefined],
    ['answered', 502],
    ['answered', 503],
    ['answered', 504],
  ] as const)('does not take a fast failure for a fast answer: %s %s', (outcome, status) => {
    const { settle, ewmaMs } = world([1, 1]);
    settle(0, 1, outcome, status);
    expect(ewmaMs(0)).toBe(1000);
    settle(1, 800);
    settle(1, 1, outcome, status);
    expect(ewmaMs(1)).toBe(1600);
    settle(1, 1, outcome, status);
    expect(ewmaMs(1)).toBe(3200);
  });

  it('bounds what failures in a row add up to', () => {
    const { settle, ewmaMs } = world([1]);
    for (let failures = 0; failures < 50; failures += 1) settle(0, 1, 'unsent');
    expect(ewmaMs(0)).toBe(60_000);
  });

  it.each([200, 404, 500])('takes status %d as an answer', (status) => {
    const { settle, ewmaMs } = world([1]);
    settle(0, 7, 'answered', status);
    expect(ewmaMs(0)).toBe(7);
  });

  it('takes of an abandoned attempt only that an answer would have taken longer', () => {
    const { settle, ewmaMs } = world([1]);
    settle(0, 50, 'abandoned');
    expect(ewmaMs(0)).toBe(0);
    settle(0, 20);
    settle(0, 5, 'abandoned');
    expect(ewmaMs(0)).toBe(20);
    settle(0, 90, 'abandoned');
    expect(ewmaMs(0)).toBe(90);
  });

  it('knows an answer without any time from no answer, and passes over what is no time', () => {
    const { settle, ewmaMs } = world([1]);
    settle(0, NaN);
    settle(0, Infinity);
    expect(ewmaMs(0)).toBe(0);
    settle(0, 0);
    expect(ewmaMs(0)).toBeGreaterThan(0);
  });
});

import { describe, expect, it, vi } from 'vitest';

import type { CreateBalancer } from '../../../../src/discovery/balancer.js';
import { guardBalancer } from '../../../../src/discovery/balancers/guarded.js';
import type { Logger } from '../../../../src/logger.js';
import { A_CALL } from '../../../helpers/a-call.js';
import { countPicks, listOf } from '../../../helpers/picks.js';

const PARTS = { random: () => 0, nowMs: () => 0 };

function guard(create: CreateBalancer) {
  const warn = vi.fn<(message: string) => void>();
  const logger: Logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() };
  return { guarded: guardBalancer(create, logger), warn };
}

/** A balancer as plain JavaScript may make it. */
const giving =
  (value: unknown): CreateBalancer =>
  () => ({ pick: () => value as never, pickExcept: () => value as never });

describe('the fence around a balancer that users bring', () => {
  it('lets a sound one do as it likes', () => {
    const pick = vi.fn(() => 2);
    const pickExcept = vi.fn(() => 1);
    const { guarded, warn } = guard(() => ({ pick, pickExcept }));
    const balancer = guarded(listOf([1, 1, 1]), PARTS);
    expect(balancer.pick(A_CALL)).toBe(2);
    const isExcluded = (index: number): boolean => index === 2;
    expect(balancer.pickExcept(isExcluded, A_CALL)).toBe(1);
    expect(pick).toHaveBeenCalledWith(A_CALL);
    expect(pickExcept).toHaveBeenCalledWith(isExcluded, A_CALL);
    expect(warn).not.toHaveBeenCalled();
  });

  it('lets it say that there is nothing for this call', () => {
    const { guarded, warn } = guard(giving(-1));
    const balancer = guarded(listOf([1, 1]), PARTS);
    expect(balancer.pick()).toBe(-1);
    expect(balancer.pickExcept(() => false)).toBe(-1);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each([3, -2, 0.5, NaN, Infinity, undefined, null, '1', {}, Promise.resolve(1)])(
    'goes round when it picks %o, and says so once',
    (value) => {
      const { guarded, warn } = guard(giving(value));
      const balancer = guarded(listOf([1, 1, 1]), PARTS);
      expect(countPicks(300, 3, () => balancer.pick(A_CALL))).toEqual([100, 100, 100]);
      expect(balancer.pickExcept((index) => index !== 1)).toBe(1);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toContain('weighted round robin is used instead');
    },
  );

  it('goes round when it picks an excluded one', () => {
    const { guarded, warn } = guard(giving(0));
    const balancer = guarded(listOf([1, 1]), PARTS);
    expect(balancer.pick()).toBe(0);
    expect(balancer.pickExcept((index) => index === 0)).toBe(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it.each<[string, CreateBalancer]>([
    [
      'at each pick',
      () => ({
        pick() {
          throw new Error('no idea');
        },
        pickExcept() {
          throw new Error('no idea');
        },
      }),
    ],
    [
      'when it is made',
      () => {
        throw new Error('no idea');
      },
    ],
  ])('goes round when it throws %s, and says why once', (_, create) => {
    const { guarded, warn } = guard(create);
    for (let lists = 0; lists < 2; lists += 1) {
      const balancer = guarded(listOf([1, 3]), PARTS);
      expect(countPicks(400, 2, () => balancer.pick())).toEqual([100, 300]);
      expect(balancer.pickExcept((index) => index === 1)).toBe(0);
    }
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[0]).toContain('no idea');
  });

  it.each([undefined, null, {}])('goes round when what is made is no balancer: %o', (value) => {
    const { guarded, warn } = guard(() => value as never);
    const balancer = guarded(listOf([1, 1]), PARTS);
    expect(balancer.pick()).toBe(0);
    expect(balancer.pickExcept((index) => index === 0)).toBe(1);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('survives an error that cannot be made a text', () => {
    const { guarded, warn } = guard(() => {
      throw Object.create(null);
    });
    expect(guarded(listOf([1]), PARTS).pick()).toBe(0);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('learns from plain data, whatever the attempt is', () => {
    const settled = vi.fn();
    const { guarded } = guard(Object.assign(giving(0), { settled }));
    const [stat] = listOf([1]).stats;
    if (stat === undefined) throw new Error('a list of one has one');
    class Attempt {
      readonly outcome = 'answered';
      readonly status = 200;
      readonly request = {};
      get tookMs(): number {
        return 3;
      }
    }
    guarded.settled?.(stat, new Attempt(), 17);
    expect(settled.mock.calls).toStrictEqual([
      [stat, { outcome: 'answered', status: 200, tookMs: 3 }, 17],
    ]);
  });

  it('hands on what it wants to learn, and holds back what it throws there', () => {
    const settled = vi.fn(() => {
      throw new Error('cannot learn');
    });
    const { guarded, warn } = guard(Object.assign(giving(0), { settled }));
    const [stat] = listOf([1]).stats;
    if (stat === undefined) throw new Error('a list of one has one');
    guarded.settled?.(stat, { outcome: 'answered', tookMs: 3 }, 17);
    guarded.settled?.(stat, { outcome: 'unsent', tookMs: 3 }, 18);
    expect(settled.mock.calls).toEqual([
      [stat, { outcome: 'answered', tookMs: 3 }, 17],
      [stat, { outcome: 'unsent', tookMs: 3 }, 18],
    ]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(guard(giving(0)).guarded.settled).toBeUndefined();
  });
});

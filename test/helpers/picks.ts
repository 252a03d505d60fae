/**
 * Owns what tests of balancers have in common: lists, repeatable chance, counts, and the test whether counts fit to shares.
 */
import fc from 'fast-check';

import type { BalancedList, InstanceStat } from '../../src/discovery/balancer.js';

/** Repeatable numbers in [0, 1) from a seed, good enough for statistics. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface MutableList extends BalancedList {
  readonly weights: number[];
  readonly stats: InstanceStat[];
}

/** A list of instances with these weights; the instance at `index` is 10.0.x.y:8080 on every call. */
export function listOf(weights: readonly number[], active: readonly number[] = []): MutableList {
  const addresses = weights.map((_, index) => ({
    ip: `10.0.${String(index >> 8)}.${String(index & 255)}`,
    port: 8080,
  }));
  const stats = addresses.map(({ ip, port }, index) => ({
    key: `${ip}:${String(port)}`,
    active: active[index] ?? 0,
    ewmaMs: 0,
    ewmaAtMs: 0,
  }));
  return { weights: [...weights], addresses, stats };
}

/** How often each index came; -1 and what is out of the list count nowhere. */
export function countPicks(picks: number, size: number, pick: () => number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (let done = 0; done < picks; done += 1) {
    const index = pick();
    if (index >= 0 && index < size) counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

/**
 * How far counts are from shares, against what chance explains in all but one of a thousand cases: at most 1 when they fit. A count where
 * there is no share never fits. Pearson's chi-square; its bound by Wilson and Hilferty.
 */
export function misfit(counts: readonly number[], weights: readonly number[]): number {
  const total = counts.reduce((sum, one) => sum + one, 0);
  const weight = weights.reduce((sum, one) => sum + Math.max(0, one), 0);
  let chiSquare = 0;
  let free = -1;
  for (const [index, one] of counts.entries()) {
    const expected = (total * Math.max(0, weights[index] ?? 0)) / weight;
    if (expected === 0 && one === 0) continue;
    if (expected === 0) return Infinity;
    chiSquare += (one - expected) ** 2 / expected;
    free += 1;
  }
  const spread = 2 / (9 * free);
  return chiSquare / (free * (1 - spread + 3.09 * Math.sqrt(spread)) ** 3);
}

/** Weights as Nacos has them: floats up to 10000. */
export const aWeight = fc.oneof(
  fc.double({ min: 0.01, max: 100, noNaN: true }),
  fc.integer({ min: 1, max: 10_000 }),
);

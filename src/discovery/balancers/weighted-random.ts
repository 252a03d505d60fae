/**
 * Owns weighted random choice. Used as a balancer of its own, and by the other balancers wherever they draw. Alias method: each
 * column of a table holds its own instance below a height and one other above it, so a draw is one random number and two reads,
 * however many instances there are. Picks know nothing of each other: right where many callers come and go.
 */
import type { BalancedList, Balancer, BalancerParts } from '../balancer.js';

/** Draws which may hit the excluded before the rest is weighed: with half of the list out, one in 256 gets that far. */
const BLIND_TRIES = 8;

/** Satisfies CreateBalancer. */
export function createWeightedRandom(
  { weights }: Pick<BalancedList, 'weights'>,
  { random }: Pick<BalancerParts, 'random'>,
): WeightedRandom {
  return new WeightedRandom(weights, random);
}

/** Reads are never outside of the arrays; `??` only says so to the compiler. */
export class WeightedRandom implements Balancer {
  readonly #random: () => number;
  /** Per column: its instance, the other one, and the share of the column that is its own. Without the weightless. */
  readonly #own: Uint32Array;
  readonly #other: Uint32Array;
  readonly #heights: Float64Array;
  /** Per column: the weight of its instance against the heaviest, so that no sum overflows. */
  readonly #weights: Float64Array;

  constructor(weights: readonly number[], random: () => number) {
    this.#random = random;
    this.#own = Uint32Array.from(weightyOf(weights));
    const size = this.#own.length;
    const most = weights.reduce((max, weight) => (weight > max ? weight : max), 0);
    this.#weights = Float64Array.from(this.#own, (index) => (weights[index] ?? 0) / most);
    this.#other = Uint32Array.from(this.#own);
    this.#heights = new Float64Array(size);
    this.#fill();
  }

  pick(): number {
    const place = this.#random() * this.#own.length;
    const column = Math.floor(place);
    const picked = place - column < (this.#heights[column] ?? 0) ? this.#own : this.#other;
    return picked[column] ?? -1;
  }

  pickExcept(isExcluded: (index: number) => boolean): number {
    for (let tries = 0; tries < BLIND_TRIES; tries += 1) {
      const picked = this.pick();
      if (picked < 0 || !isExcluded(picked)) return picked;
    }
    return this.#pickAmongRest(isExcluded);
  }

  /** Two passes: the weight that is left, then the place in it. */
  #pickAmongRest(isExcluded: (index: number) => boolean): number {
    let left = 0;
    for (let at = 0; at < this.#own.length; at += 1) {
      if (!isExcluded(this.#own[at] ?? 0)) left += this.#weights[at] ?? 0;
    }
    let rest = this.#random() * left;
    let picked = -1;
    for (let at = 0; at < this.#own.length; at += 1) {
      const index = this.#own[at] ?? 0;
      if (isExcluded(index)) continue;
      picked = index;
      rest -= this.#weights[at] ?? 0;
      if (rest < 0) break;
    }
    return picked;
  }

  /** Vose's order: each column that is too low is filled up by one that is too high. What rounding leaves over is full. */
  #fill(): void {
    const size = this.#own.length;
    const heights = this.#heights;
    const mean = this.#weights.reduce((sum, weight) => sum + weight, 0) / size;
    const low: number[] = [];
    const high: number[] = [];
    for (let at = 0; at < size; at += 1) {
      heights[at] = (this.#weights[at] ?? 0) / mean;
      ((heights[at] ?? 0) < 1 ? low : high).push(at);
    }
    while (low.length > 0 && high.length > 0) {
      const taker = low.pop() ?? 0;
      const giver = high.at(-1) ?? 0;
      this.#other[taker] = this.#own[giver] ?? 0;
      heights[giver] = (heights[giver] ?? 0) - (1 - (heights[taker] ?? 0));
      if ((heights[giver] ?? 0) >= 1) continue;
      high.pop();
      low.push(giver);
    }
    for (const at of low) heights[at] = 1;
  }
}

/** Indexes of those with a weight; NaN has none. */
export function weightyOf(weights: readonly number[]): number[] {
  const weighty: number[] = [];
  for (const [index, weight] of weights.entries()) if (weight > 0) weighty.push(index);
  return weighty;
}

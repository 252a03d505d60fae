/**
 * Owns the choice of the instance with the fewest attempts under way for its weight. Used as a balancer, through `by-name.ts`. Among
 * those that are equal, weights decide by chance, so that an idle fleet gets what weighted random gives it.
 *
 * An idle instance cannot be beaten: a weighted draw that finds one is the answer. So the whole list is read only when it is
 * small and busy; of a large one the least of many draws is near the least of all, at a bounded cost.
 */
import type { BalancedList, Balancer, BalancerParts, InstanceStat } from '../balancer.js';
import { createWeightedRandom, type WeightedRandom } from './weighted-random.js';

/** Draws that look for an idle instance before all are compared. */
const IDLE_TRIES = 4;
/** Lists up to this size are compared as a whole. */
const COMPARED_SIZE = 64;
/** Draws out of a larger list. */
const DRAWS = 16;

/** Satisfies CreateBalancer. */
export function createLeastActive(list: BalancedList, parts: BalancerParts): Balancer {
  return new LeastActive(list, parts.random);
}

class LeastActive implements Balancer {
  readonly #random: () => number;
  readonly #draw: WeightedRandom;
  readonly #stats: readonly InstanceStat[];
  readonly #weights: Float64Array;

  constructor(list: BalancedList, random: () => number) {
    this.#random = random;
    this.#draw = createWeightedRandom(list, { random });
    this.#stats = list.stats;
    this.#weights = Float64Array.from(list.weights);
  }

  pick(): number {
    const isLarge = this.#weights.length > COMPARED_SIZE;
    const least = this.#leastDrawn(isLarge ? DRAWS : IDLE_TRIES);
    return isLarge || least < 0 || this.#loadOf(least) === 0 ? least : this.#leastOfAll(undefined);
  }

  pickExcept(isExcluded: (index: number) => boolean): number {
    let least = -1;
    const tries = this.#weights.length > COMPARED_SIZE ? DRAWS : IDLE_TRIES;
    for (let tried = 0; tried < tries; tried += 1) {
      const drawn = this.#draw.pick();
      if (drawn < 0) return -1;
      if (isExcluded(drawn)) continue;
      if (this.#loadOf(drawn) === 0) return drawn;
      if (least < 0 || this.#loadOf(drawn) < this.#loadOf(least)) least = drawn;
    }
    const isEnough = least >= 0 && this.#weights.length > COMPARED_SIZE;
    return isEnough ? least : this.#leastOfAll(isExcluded);
  }

  /** The least of some draws, and the first idle one at once. */
  #leastDrawn(tries: number): number {
    let least = this.#draw.pick();
    if (least < 0) return -1;
    let leastLoad = this.#loadOf(least);
    for (let tried = 1; tried < tries && leastLoad > 0; tried += 1) {
      const drawn = this.#draw.pick();
      const load = this.#loadOf(drawn);
      if (load >= leastLoad) continue;
      least = drawn;
      leastLoad = load;
    }
    return least;
  }

  /** Two passes: the least load with the weight of all that have it, then the place in that weight. */
  #leastOfAll(isExcluded: ((index: number) => boolean) | undefined): number {
    const weights = this.#weights;
    let least = Infinity;
    let tied = 0;
    for (let at = 0; at < weights.length; at += 1) {
      const weight = weights[at] ?? 0;
      if (!(weight > 0) || isExcluded?.(at) === true) continue;
      const load = this.#loadOf(at);
      if (load > least) continue;
      tied = load < least ? weight : tied + weight;
      least = load;
    }
    let rest = this.#random() * tied;
    let picked = -1;
    for (let at = 0; at < weights.length && rest >= 0; at += 1) {
      const weight = weights[at] ?? 0;
      if (!(weight > 0) || this.#loadOf(at) !== least || isExcluded?.(at) === true) continue;
      picked = at;
      rest -= weight;
    }
    return picked;
  }

  #loadOf(index: number): number {
    return (this.#stats[index]?.active ?? 0) / (this.#weights[index] ?? 1);
  }
}

/**
 * Owns consistent hashing with bounded load: calls with the same key go to the same instance, from every process that calls, and the
 * list may change without moving keys of those that stay. Used as a balancer, through `by-name.ts`.
 *
 * An instance that has more than 1.25 times its share of what is under way passes further keys on; each key has an order of instances of
 * its own, so that it comes to the same second choice every time. Calls without a key: weighted random.
 */
import type { CallInfo } from '../../process-hub.js';
import type {
  BalancedList,
  Balancer,
  BalancerParts,
  CreateBalancer,
  InstanceStat,
} from '../balancer.js';
import { hashOfCall, mix, type HashKey, type HashOfCall } from './hash-key.js';
import { slotOf, slotTable } from './slot-table.js';
import { createWeightedRandom, weightyOf, type WeightedRandom } from './weighted-random.js';

const LOAD_FACTOR = 1.25;
/** Slots that a key goes through before the rest of the list is looked at. */
const CHOICES = 32;
/** The sum of attempts under way is taken anew after this share of the list's size in picks: so it costs the same at any size. */
const PICKS_PER_SUM = 1 / 32;
const STEP = 0x9e3779b9;

/** A way to balance by this key of each call. */
export function createConsistentHash(key: HashKey): CreateBalancer {
  return consistentHashBy(hashOfCall(key));
}

export function consistentHashBy(hashOf: HashOfCall): CreateBalancer {
  return (list, parts) => new ConsistentHash(list, parts, hashOf);
}

class ConsistentHash implements Balancer {
  readonly #hashOf: HashOfCall;
  readonly #stats: readonly InstanceStat[];
  readonly #weighty: readonly number[];
  /** By index: its part of all weights. */
  readonly #shares: Float64Array;
  readonly #owners: Uint32Array;
  readonly #withoutKey: WeightedRandom;
  /** Attempts under way in the whole list, with the one that is picked for now. */
  #total = 0;
  #picksLeft = 0;

  constructor(list: BalancedList, parts: BalancerParts, hashOf: HashOfCall) {
    this.#hashOf = hashOf;
    this.#stats = list.stats;
    this.#weighty = weightyOf(list.weights);
    const most = this.#weighty.reduce((max, at) => Math.max(max, list.weights[at] ?? 0), 0);
    const sum = this.#weighty.reduce((total, at) => total + (list.weights[at] ?? 0) / most, 0);
    this.#shares = Float64Array.from(list.weights, (weight) => weight / most / sum);
    this.#owners =
      this.#weighty.length === 0
        ? new Uint32Array()
        : slotTable(
            list.stats.map(({ key }) => key),
            list.weights,
            this.#weighty,
          );
    this.#withoutKey = createWeightedRandom(list, parts);
  }

  pick(call?: CallInfo): number {
    const hash = call === undefined ? -1 : this.#hashOf(call);
    if (hash < 0 || this.#weighty.length === 0) return this.#withoutKey.pick();
    this.#count();
    const owner = this.#ownerOf(hash);
    return this.#hasRoom(owner) ? owner : this.#other(hash, owner, undefined);
  }

  pickExcept(isExcluded: (index: number) => boolean, call?: CallInfo): number {
    const hash = call === undefined ? -1 : this.#hashOf(call);
    if (hash < 0 || this.#weighty.length === 0) return this.#withoutKey.pickExcept(isExcluded);
    this.#count();
    const owner = this.#ownerOf(hash);
    if (isExcluded(owner)) return this.#other(hash, -1, isExcluded);
    return this.#hasRoom(owner) ? owner : this.#other(hash, owner, isExcluded);
  }

  /** The next one of this key that has room; else the first one that may be called, `owner` where it is given. */
  #other(
    hash: number,
    owner: number,
    isExcluded: ((index: number) => boolean) | undefined,
  ): number {
    let first = owner;
    for (let choice = 1, next = hash; choice < CHOICES; choice += 1) {
      next = mix(next + STEP);
      const index = this.#ownerOf(next);
      if (index === owner || isExcluded?.(index) === true) continue;
      if (this.#hasRoom(index)) return index;
      if (first < 0) first = index;
    }
    const weighty = this.#weighty;
    const start = hash % weighty.length;
    for (let offset = 0; offset < weighty.length; offset += 1) {
      const index = weighty[(start + offset) % weighty.length] ?? -1;
      if (isExcluded?.(index) === true) continue;
      if (this.#hasRoom(index)) return index;
      if (first < 0) first = index;
    }
    return first;
  }

  #ownerOf(hash: number): number {
    return this.#owners[slotOf(hash)] ?? -1;
  }

  /** With one more it has at most its part of what is then under way, times the factor, and at least one. */
  #hasRoom(index: number): boolean {
    const active = this.#stats[index]?.active ?? 0;
    if (active === 0) return true;
    return active < Math.ceil(LOAD_FACTOR * this.#total * (this.#shares[index] ?? 0));
  }

  /** A sum from time to time, and one more for each pick since. */
  #count(): void {
    this.#total += 1;
    this.#picksLeft -= 1;
    if (this.#picksLeft >= 0) return;
    let sum = 1;
    for (let at = 0; at < this.#stats.length; at += 1) sum += this.#stats[at]?.active ?? 0;
    this.#total = sum;
    this.#picksLeft = Math.floor(this.#stats.length * PICKS_PER_SUM);
  }
}

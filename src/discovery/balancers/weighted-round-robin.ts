/**
 * Owns weighted round robin. Used by `callable-list.ts` as the default. Equal weights: an index that goes round. Unequal weights:
 * earliest deadline first. Pick number k of an instance with weight w is due at (k + phase) / w; the smallest one is next, ties
 * go to the smaller index. So at any moment each instance was picked as often as its weight says, within one pick per instance,
 * for any float weights. A heap in typed arrays makes a pick cost log(n) steps and no garbage.
 */
import type { BalancedList, Balancer, BalancerParts } from '../balancer.js';

/** Satisfies CreateBalancer. */
export function createWeightedRoundRobin(
  { weights }: Pick<BalancedList, 'weights'>,
  { random }: Pick<BalancerParts, 'random'>,
): Balancer {
  const first = weights[0] ?? 0;
  return first > 0 && weights.every((weight) => weight === first)
    ? new Rotation(weights.length, random)
    : new DeadlineHeap(weights, random);
}

class Rotation implements Balancer {
  readonly #size: number;
  #next: number;

  constructor(size: number, random: () => number) {
    this.#size = size;
    this.#next = Math.floor(random() * size);
  }

  pick(): number {
    const picked = this.#next;
    this.#next = picked + 1 === this.#size ? 0 : picked + 1;
    return picked;
  }

  pickExcept(isExcluded: (index: number) => boolean): number {
    for (let tries = 0; tries < this.#size; tries += 1) {
      const picked = this.pick();
      if (!isExcluded(picked)) return picked;
    }
    return -1;
  }
}

/** The index in whose part of the sum of all weights `share` lies. */
function placeOf(share: number, weights: Float64Array): number {
  let last = -1;
  let left = share;
  for (let index = 0; index < weights.length; index += 1) {
    const weight = weights[index] ?? 0;
    if (!(weight > 0)) continue;
    last = index;
    left -= weight;
    if (left < 0) break;
  }
  return last;
}

/**
 * Two arrays in heap order, the earliest deadline first: comparing needs no way round by the index. Reads are never outside of them;
 * `?? 0` only says so to the compiler.
 */
class DeadlineHeap implements Balancer {
  readonly #weights: Float64Array;
  /** By index: phase plus picks so far. The deadline comes from it anew each time, so that no rounding error adds up. */
  readonly #turns: Float64Array;
  readonly #heap: Uint32Array;
  readonly #dues: Float64Array;

  /**
   * Enters the sequence at a random pick. That is one of an instance chosen by weight, with the others at any place of their turns: were all
   * phases random, heavy ones would be first too often (at weights 1 and 10, the light one in 5 % of the cases instead of 9 %).
   */
  constructor(weights: readonly number[], random: () => number) {
    const own = new Float64Array(weights);
    const weighty = new Uint32Array(own.length);
    let size = 0;
    let sum = 0;
    for (let index = 0; index < own.length; index += 1) {
      const weight = own[index] ?? 0;
      if (!(weight > 0)) continue;
      weighty[size] = index;
      size += 1;
      sum += weight;
    }
    this.#weights = own;
    this.#turns = new Float64Array(own.length);
    this.#heap = weighty.subarray(0, size);
    this.#dues = new Float64Array(size);
    const first = placeOf(random() * sum, own);
    for (let at = 0; at < size; at += 1) this.#advance(at, weighty[at] === first ? 0 : random());
    this.#heapify();
  }

  pick(): number {
    const index = this.#heap[0];
    if (index === undefined) return -1;
    // Its next deadline is later, so it can only sink.
    this.#advance(0, 1);
    this.#sink(0);
    return index;
  }

  /** The excluded lose the turns that were due: else they would get them all in one burst later. */
  pickExcept(isExcluded: (index: number) => boolean): number {
    const heap = this.#heap;
    const dues = this.#dues;
    if (heap[0] === undefined || !isExcluded(heap[0])) return this.pick();
    let best = -1;
    for (let at = 1; at < heap.length; at += 1) {
      if (isExcluded(heap[at] ?? 0)) continue;
      if (best < 0 || this.#isBefore(at, best)) best = at;
    }
    if (best < 0) return -1;
    const due = dues[best] ?? 0;
    for (let at = 0; at < heap.length; at += 1) {
      const early = due - (dues[at] ?? 0);
      if (early > 0) this.#advance(at, Math.ceil(early * (this.#weights[heap[at] ?? 0] ?? 0)));
    }
    const picked = heap[best] ?? -1;
    this.#advance(best, 1);
    this.#heapify();
    return picked;
  }

  /** Moves the deadline of the one at this place of the heap. */
  #advance(at: number, turns: number): void {
    const index = this.#heap[at] ?? 0;
    const sum = (this.#turns[index] ?? 0) + turns;
    this.#turns[index] = sum;
    this.#dues[at] = sum / (this.#weights[index] ?? 1);
  }

  #heapify(): void {
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const dues = this.#dues;
    const size = heap.length;
    const index = heap[from] ?? 0;
    const due = dues[from] ?? 0;
    let at = from;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && this.#isBefore(child + 1, child)) child += 1;
      const childDue = dues[child] ?? 0;
      const childIndex = heap[child] ?? 0;
      if (childDue > due || (childDue === due && childIndex > index)) break;
      heap[at] = childIndex;
      dues[at] = childDue;
      at = child;
    }
    heap[at] = index;
    dues[at] = due;
  }

  #isBefore(left: number, right: number): boolean {
    const leftDue = this.#dues[left] ?? 0;
    const rightDue = this.#dues[right] ?? 0;
    if (leftDue !== rightDue) return leftDue < rightDue;
    return (this.#heap[left] ?? 0) < (this.#heap[right] ?? 0);
  }
}

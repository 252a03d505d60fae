/**
 * Owns weighted round robin. Used by `callable-list.ts` as the default. Equal weights: an index that goes round. Unequal weights:
 * earliest deadline first. Pick number k of an instance with weight w is due at (k + phase) / w; the smallest one is next, ties
 * go to the smaller index. So at any moment each instance was picked as often as its weight says, within one pick per instance,
 * for any float weights. A heap in typed arrays makes a pick cost log(n) steps and no garbage.
 */
import type { Balancer } from '../balancer.js';

/**
 * Random phases alone would give the first pick to heavy instances too often (at weights 1 and 10, 5 % instead of 9 % for the
 * light one). So a new sequence is entered at a random place: up to this many picks per instance are skipped.
 */
const RUN_IN_PER_INSTANCE = 4;

/** Satisfies CreateBalancer. */
export function createWeightedRoundRobin(
  weights: readonly number[],
  random: () => number,
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

/** All arrays have the same length, so a read inside it is never undefined; `?? 0` only says so to the compiler. */
class DeadlineHeap implements Balancer {
  readonly #weights: Float64Array;
  /** Phase plus picks so far. The deadline is computed from it anew each time, so that no rounding error adds up. */
  readonly #turns: Float64Array;
  readonly #deadlines: Float64Array;
  /** Indexes of instances with a weight, the earliest deadline on top. */
  readonly #heap: Uint32Array;

  constructor(weights: readonly number[], random: () => number) {
    this.#weights = Float64Array.from(weights);
    this.#turns = new Float64Array(weights.length);
    this.#deadlines = new Float64Array(weights.length);
    const weighty: number[] = [];
    for (const [index, weight] of weights.entries()) {
      if (!(weight > 0)) continue;
      weighty.push(index);
      this.#turns[index] = random();
      this.#deadlines[index] = (this.#turns[index] ?? 0) / weight;
    }
    this.#heap = Uint32Array.from(weighty);
    this.#heapify();
    const skipped = Math.floor(random() * RUN_IN_PER_INSTANCE * weighty.length);
    for (let count = 0; count < skipped; count += 1) this.pick();
  }

  pick(): number {
    return this.#heap.length === 0 ? -1 : this.#takeTop();
  }

  /** The excluded lose the turns that were due: else they would get them all in one burst later. */
  pickExcept(isExcluded: (index: number) => boolean): number {
    const top = this.#heap[0];
    if (top === undefined) return -1;
    if (!isExcluded(top)) return this.#takeTop();
    let best = -1;
    for (const index of this.#heap) {
      if (isExcluded(index)) continue;
      if (best < 0 || this.#isBefore(index, best)) best = index;
    }
    if (best < 0) return -1;
    const due = this.#deadlines[best] ?? 0;
    for (const index of this.#heap) {
      const early = due - (this.#deadlines[index] ?? 0);
      if (early > 0) this.#advance(index, Math.ceil(early * (this.#weights[index] ?? 1)));
    }
    this.#advance(best, 1);
    this.#heapify();
    return best;
  }

  /** Gives the turn to the one on top; its next deadline is later, so it can only sink. */
  #takeTop(): number {
    const index = this.#heap[0] ?? 0;
    this.#advance(index, 1);
    this.#sink(0);
    return index;
  }

  #advance(index: number, turns: number): void {
    const sum = (this.#turns[index] ?? 0) + turns;
    this.#turns[index] = sum;
    this.#deadlines[index] = sum / (this.#weights[index] ?? 1);
  }

  #heapify(): void {
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moving = heap[from] ?? 0;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1] ?? 0, heap[child] ?? 0)) {
        child += 1;
      }
      if (!this.#isBefore(heap[child] ?? 0, moving)) break;
      heap[at] = heap[child] ?? 0;
      at = child;
    }
    heap[at] = moving;
  }

  #isBefore(left: number, right: number): boolean {
    const leftDue = this.#deadlines[left] ?? 0;
    const rightDue = this.#deadlines[right] ?? 0;
    return leftDue < rightDue || (leftDue === rightDue && left < right);
  }
}

/**
 * Owns how much of its weight a new instance has. Asked by `callable-list.ts` when a balancer is built, told of each list by
 * `service-entry.ts`. Time runs from when this process first saw the instance callable, by its own clock: what a provider says of its
 * start may be hours off. What is in the first list of all is warm. An instance that is listed on, but cannot be called for a
 * while, does not begin anew; one that was gone does. Only made when a warm-up is set.
 */
import { hostPort, type Instance } from '../model.js';
import type { Clock, Timer } from '../util/clock.js';
import type { Target } from './call-target.js';

export interface WarmUpParts {
  /** From the first moment to the full weight. */
  readonly warmUpMs: number;
  readonly clock: Pick<Clock, 'nowMs' | 'after'>;
  /** Weights have changed. */
  readonly onStep: () => void;
}

/** So that an instance gets calls at all from the start. */
const FLOOR = 0.1;
/** Balancers are built anew this often while anything is warming, rather than to weigh at each pick. */
const STEPS = 10;

export class WarmUp {
  readonly #parts: WarmUpParts;
  /** When each listed instance was first callable; -Infinity: it was there before us. */
  readonly #firstMs = new Map<string, number>();
  #hadList = false;
  #timer: Timer | undefined;

  constructor(parts: WarmUpParts) {
    this.#parts = parts;
  }

  /** Of each list that comes into use: what may be called, and all that is listed. */
  listed(callable: readonly Target[], all: readonly Instance[]): void {
    const firstMs = this.#hadList ? this.#parts.clock.nowMs() : -Infinity;
    this.#hadList = true;
    const keys = new Set(all.map(hostPort));
    for (const key of this.#firstMs.keys()) if (!keys.has(key)) this.#firstMs.delete(key);
    for (const { stat } of callable) {
      if (!this.#firstMs.has(stat.key)) this.#firstMs.set(stat.key, firstMs);
    }
    this.#schedule();
  }

  /** From a tenth to 1, in proportion to the time. */
  shareOf(key: string): number {
    const firstMs = this.#firstMs.get(key) ?? -Infinity;
    if (firstMs === -Infinity) return 1;
    const { clock, warmUpMs } = this.#parts;
    return Math.min(1, Math.max(FLOOR, (clock.nowMs() - firstMs) / warmUpMs));
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined || !this.#isWarming()) return;
    const { clock, warmUpMs, onStep } = this.#parts;
    this.#timer = clock.after(warmUpMs / STEPS, () => {
      this.#timer = undefined;
      this.#schedule();
      onStep();
    });
  }

  /** Those that are warm by now need no look at the clock any more. */
  #isWarming(): boolean {
    let isWarming = false;
    for (const key of this.#firstMs.keys()) {
      if (this.shareOf(key) < 1) isWarming = true;
      else this.#firstMs.set(key, -Infinity);
    }
    return isWarming;
  }
}

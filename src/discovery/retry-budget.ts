/**
 * Owns how many further attempts the calls of one service may add, so that an outage is not made worse by those who call. Asked by
 * `retry.ts`. Counting a call is one addition; the clock is read only when an attempt is asked for, after a failure.
 *
 * It remembers the last 10 s, older calls and attempts less and less: what was counted t ms ago weighs exp(-t / 10000).
 */
import type { Clock } from '../util/clock.js';

export interface RetryBudgetParts {
  /** Of the calls of a service. 0: there is no further attempt that costs anything. */
  readonly share: number;
  readonly clock: Pick<Clock, 'nowMs'>;
}

const WINDOW_MS = 10_000;
/** A service with few calls may have as many in a window besides its share. */
const FLOOR = 10;

export class RetryBudget {
  readonly #parts: RetryBudgetParts;
  #atMs: number;
  /** Since `#atMs`. */
  #newCalls = 0;
  /** Of the window before `#atMs`, weighed. */
  #calls = 0;
  #spent = 0;

  constructor(parts: RetryBudgetParts) {
    this.#parts = parts;
    this.#atMs = parts.clock.nowMs();
  }

  /** A call begins. */
  began(): void {
    this.#newCalls += 1;
  }

  /** Takes one attempt; false when there is none left. */
  spend(): boolean {
    const { share } = this.#parts;
    if (share <= 0) return false;
    this.#turn();
    if (this.#spent + 1 > this.#calls * share + FLOOR) return false;
    this.#spent += 1;
    return true;
  }

  /** Nobody knows when exactly the calls since the last time began: they count as if they had come evenly. */
  #turn(): void {
    const nowMs = this.#parts.clock.nowMs();
    const passed = (nowMs - this.#atMs) / WINDOW_MS;
    const kept = Math.exp(-passed);
    this.#calls = this.#calls * kept + this.#newCalls * (passed > 0 ? (1 - kept) / passed : 1);
    this.#spent *= kept;
    this.#newCalls = 0;
    this.#atMs = nowMs;
  }
}

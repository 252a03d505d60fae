/**
 * Owns time in the in-memory registry: it stands still until `advance`. What is due at once runs in the same turn, so that nothing has to be
 * waited for and no timer of the process is used; a user's fake timers and ours have nothing to do with each other.
 */
import { setImmediate } from 'node:timers';

import type { Clock, Timer } from '../util/clock.js';

interface Entry {
  dueMs: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
}

/** Taken when this loads: the one of a test may be a fake by the time it is needed. */
const nextTurn = setImmediate;
const START_MS = 1_000_000;

/** Resolves when everything that follows from what was done has been done, as far as no time has to pass. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}

export class StillClock implements Clock {
  readonly #timers = new Set<Entry>();
  #nowMs = START_MS;
  #seed = 1;

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return Date.UTC(2030, 0, 1) + this.#nowMs;
  }

  /** The same numbers in each run. */
  random(): number {
    // Park and Miller's minimal standard generator.
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return (this.#seed - 1) / 2_147_483_646;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), everyMs: undefined, run };
    this.#timers.add(entry);
    if (delayMs <= 0) queueMicrotask(() => this.#fire(entry));
    return { cancel: () => void this.#timers.delete(entry) };
  }

  every(periodMs: number, run: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + periodMs, everyMs: periodMs, run };
    this.#timers.add(entry);
    return { cancel: () => void this.#timers.delete(entry) };
  }

  /** Runs what falls due, in order, and lets the consequences happen in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#fire(next);
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#timers) {
      if (entry.dueMs <= untilMs && (first === undefined || entry.dueMs < first.dueMs)) {
        first = entry;
      }
    }
    return first;
  }

  #fire(entry: Entry): void {
    if (!this.#timers.has(entry)) return;
    if (entry.everyMs === undefined) this.#timers.delete(entry);
    else entry.dueMs += entry.everyMs;
    entry.run();
  }
}

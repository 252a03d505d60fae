/**
 * Owns the waits that faults ask for: late answers, time between down and up. Used by the request order and the
 * faults. Closing the server ends every wait at once, so that none outlives it.
 */
import type { Clock } from '../util/clock.js';

export class Pauses {
  readonly #clock: Clock;
  readonly #ends = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, or when the server closes. Holds the process: somebody waits for what comes then. */
  wait(ms: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#ends.delete(end);
        resolve();
      };
      const timer = this.#clock.after(ms, end, { holdsProcess: true });
      this.#ends.add(end);
    });
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end();
  }
}

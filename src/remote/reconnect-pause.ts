/**
 * Owns the wait between two attempts to connect: it grows from 50 to 100 ms up to 2.5 to 5 s (docs/protocol.md#reconnect). Used by
 * the session's loop, which is woken early when it closes, or when the connection is lost that served during a move.
 */
import { backoffMs } from '../util/backoff.js';
import type { Clock } from '../util/clock.js';
import { createDeferred } from '../util/deferred.js';

const BASE_MS = 100;
const CAP_MS = 5000;

export class ReconnectPause {
  readonly #clock: Clock;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `step` counts from 1. */
  async wait(step: number): Promise<void> {
    const over = createDeferred<void>();
    this.#wake = () => over.resolve();
    const random = (): number => this.#clock.random();
    const waitMs = backoffMs(step, { baseMs: BASE_MS, capMs: CAP_MS, random });
    const timer = this.#clock.after(waitMs, this.#wake);
    await over.promise;
    timer.cancel();
  }

  /** Ends a wait under way. */
  wake(): void {
    this.#wake();
  }
}

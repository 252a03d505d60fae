/**
 * Owns the short memory of instances that could not be connected to. Called by `service-entry.ts`: a failure puts an address here,
 * and picks avoid it for a moment while others exist. It is no ejection: when all are in here, all are called.
 */
import type { Clock } from '../util/clock.js';

export class Penalties {
  readonly #clock: Clock;
  readonly #durationMs: number;
  /** `ip:port` -> when it is over. Oldest first, since a new failure moves its address to the end. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock;
    this.#durationMs = durationMs;
  }

  /** False at no cost as long as nothing failed lately. */
  get isEmpty(): boolean {
    if (this.#untilMs.size === 0) return true;
    const nowMs = this.#clock.nowMs();
    for (const [key, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) return false;
      this.#untilMs.delete(key);
    }
    return true;
  }

  add(key: string): void {
    if (this.#durationMs <= 0) return;
    this.#untilMs.delete(key);
    this.#untilMs.set(key, this.#clock.nowMs() + this.#durationMs);
  }

  has(key: string): boolean {
    return (this.#untilMs.get(key) ?? 0) > this.#clock.nowMs();
  }
}

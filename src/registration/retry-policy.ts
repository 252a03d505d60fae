/**
 * Owns when a registration is attempted again and when its failing is an error: options `registration.retry_times` and `retry_interval`.
 * Used for everything that must go well before an instance is in the registry, its address too. After the last attempt there is one
 * loud line, and the attempts go on for ever with a pause that grows to 5 s.
 */
import type { Logger } from '../logger.js';
import { backoffMs } from '../util/backoff.js';
import type { Clock } from '../util/clock.js';

/** Options `registration.retry_times` and `retry_interval`. */
export interface RetryOptions {
  /** Attempts after the first. Default 3. */
  readonly times?: number;
  /** Default 2000. Each interval without a confirmation is one attempt, whether the server refused or could not be reached. */
  readonly intervalMs?: number;
}

export interface RetryPolicyOptions extends RetryOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with the text of the loud line. */
  readonly onUsedUp?: (reason: string) => void;
}

const TIMES = 3;
const INTERVAL_MS = 2000;
const LONGEST_PAUSE_MS = 5000;

export class RetryPolicy {
  /** How long one attempt may take without a confirmation. */
  readonly intervalMs: number;
  readonly #options: RetryPolicyOptions;
  readonly #times: number;
  #failures = 0;
  #firstMs: number | undefined;
  #attemptMs = 0;

  constructor(options: RetryPolicyOptions) {
    this.#options = options;
    this.#times = options.times ?? TIMES;
    this.intervalMs = options.intervalMs ?? INTERVAL_MS;
  }

  /** What the attempts take together when none succeeds. */
  get totalMs(): number {
    return (this.#times + 1) * this.intervalMs;
  }

  /** None has failed yet. */
  get isFirst(): boolean {
    return this.#failures === 0;
  }

  /** An attempt begins. */
  begin(): void {
    this.#attemptMs = this.#options.clock.nowMs();
    this.#firstMs ??= this.#attemptMs;
  }

  /** It has failed. `what` begins the loud line: `orders 10.0.0.5:8080 is not registered`. Returns the ms until the next one. */
  failed(what: string, why: string): number {
    const { clock, logger, onUsedUp } = this.#options;
    this.#failures += 1;
    const nowMs = clock.nowMs();
    const left = Math.max(0, this.#attemptMs + this.intervalMs - nowMs);
    if (this.#failures <= this.#times) return left;
    const after = this.#failures - this.#times;
    if (after === 1) {
      const tookS = Math.round((nowMs - (this.#firstMs ?? nowMs)) / 100) / 10;
      const attempts = `${String(this.#failures)} attempt${this.#failures === 1 ? '' : 's'}`;
      const reason = `${what} after ${attempts} in ${String(tookS)} s: ${why}`;
      logger.error(`${reason}; going on`);
      onUsedUp?.(reason);
    }
    return backoffMs(after, {
      baseMs: Math.min(this.intervalMs, LONGEST_PAUSE_MS),
      capMs: LONGEST_PAUSE_MS,
      random: () => clock.random(),
    });
  }

  succeeded(): void {
    this.#failures = 0;
    this.#firstMs = undefined;
  }
}

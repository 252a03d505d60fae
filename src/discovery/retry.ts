/**
 * Owns whether a failed call may go to another instance, and when. Asked by `service-entry.ts`; it chooses no instance. See docs/retries.md.
 *
 * Two questions, in this order: `delayMs`, which looks at this call alone, and `affords`, which takes the attempt out of the budget of the
 * service once there is an instance for it.
 */
import type { CallInfo, FailedCall } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import { RetryBudget } from './retry-budget.js';
import type { RetrySettings } from './service-settings.js';

export interface RetryParts {
  readonly settings: RetrySettings;
  /** Of the whole call; 0: none. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'nowMs' | 'random'>;
}

/** To be sent twice means the same as once (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);
const FIRST_BACK_OFF_MS = 10;
const MAX_BACK_OFF_MS = 1000;
/** A call without a deadline of ours does not wait longer than this for an instance that asks for it. */
const MAX_RETRY_AFTER_MS = 10_000;

export class RetryPolicy {
  readonly #parts: RetryParts;
  readonly #budget: RetryBudget;
  /** How often each call was repeated after something may have been sent. Only calls that failed are in it. */
  readonly #repeats = new WeakMap<CallInfo, number>();

  constructor(parts: RetryParts) {
    const { settings, clock } = parts;
    this.#parts = parts;
    this.#budget = new RetryBudget({ share: settings.budget, clock });
  }

  /** Once for each call. */
  began(): void {
    this.#budget.began();
  }

  /** How long to wait before another attempt, in ms; undefined: there is none. */
  delayMs(failed: FailedCall): number | undefined {
    const { timeoutMs } = this.#parts;
    const delayMs = failed.outcome === 'unsent' ? 0 : this.#backOffMs(failed);
    if (delayMs === undefined) return undefined;
    const longestMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs - failed.elapsedMs;
    return delayMs < longestMs ? delayMs : undefined;
  }

  /**
   * Takes the attempt; false when the budget is used up. `isHopeful`: calls are not kept off the instance that it goes to. Where nothing was
   * sent, such an attempt is free: it puts no load on an instance that has failed already.
   */
  affords(failed: FailedCall, isHopeful: boolean): boolean {
    if (failed.outcome === 'unsent' && isHopeful) return true;
    if (!this.#budget.spend()) return false;
    if (failed.outcome === 'unsent') return true;
    this.#repeats.set(failed.info, this.#repeatsOf(failed) + 1);
    return true;
  }

  #backOffMs(failed: FailedCall): number | undefined {
    const { settings, timeoutMs, clock } = this.#parts;
    const { info, outcome, status = 0, retryAfterMs = 0 } = failed;
    const repeats = this.#repeatsOf(failed);
    if (repeats >= settings.maxRetries) return undefined;
    if (!info.isReplayable || !IDEMPOTENT.has(info.method)) return undefined;
    if (outcome === 'answered' && !settings.statuses.includes(status)) return undefined;
    if (timeoutMs === 0 && retryAfterMs > MAX_RETRY_AFTER_MS) return undefined;
    const mostMs = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** repeats);
    return Math.max(retryAfterMs, mostMs * clock.random());
  }

  #repeatsOf({ info }: FailedCall): number {
    return this.#repeats.get(info) ?? 0;
  }
}

/**
 * Owns whether a failed call may go to another instance, and when. Asked by `service-entry.ts`; it chooses no instance.
 */
import type { FailedCall } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import type { RetrySettings } from './service-settings.js';

export interface RetryParts {
  readonly settings: RetrySettings;
  /** Of the whole call; 0: none. */
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'nowMs' | 'random'>;
}

export class RetryPolicy {
  readonly #parts: RetryParts;

  constructor(parts: RetryParts) {
    this.#parts = parts;
  }

  /** How long to wait before another attempt, in ms; undefined: there is none. */
  delayMs(failed: FailedCall): number | undefined {
    const { timeoutMs } = this.#parts;
    const isInTime = timeoutMs === 0 || failed.elapsedMs < timeoutMs;
    return failed.outcome === 'unsent' && isInTime ? 0 : undefined;
  }
}

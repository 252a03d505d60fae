/**
 * Owns what an attempt tells of its end. Made by `http-call.cts` for each attempt (those of undici tell it themselves), so that the clock is read only when
 * somebody asks what the attempt took: most balancers do not, and the clock costs more than the pick. Whoever asks does so while it is being told.
 */
import type { CallOutcome, EndedAttempt } from '../process-hub.js';
import { nowMs } from './call-clock.cjs';

export class Ended implements EndedAttempt {
  readonly outcome: CallOutcome;
  readonly status: number | undefined;
  readonly #startedMs: number;
  #tookMs: number | undefined;

  constructor(outcome: CallOutcome, status: number | undefined, startedMs: number) {
    this.outcome = outcome;
    this.status = status;
    this.#startedMs = startedMs;
  }

  get tookMs(): number {
    this.#tookMs ??= nowMs() - this.#startedMs;
    return this.#tookMs;
  }
}

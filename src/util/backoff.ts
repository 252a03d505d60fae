/**
 * Owns how long to wait before trying again. Used by the session. The wait doubles from `baseMs` up to `capMs`, and
 * each one is shortened by a random part, so that many clients of one server do not come back at the same moment.
 */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The wait before attempt `failures + 1`; between half of the full step and all of it. */
export function backoffMs(failures: number, options: BackoffOptions): number {
  const step = Math.min(options.capMs, options.baseMs * 2 ** Math.min(failures - 1, 30));
  return step / 2 + (step / 2) * options.random();
}

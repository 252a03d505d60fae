/**
 * Owns time and chance: every timer, deadline and random number of the library comes through a Clock, so
 * that tests drive time by hand and never sleep. Passed in from the composition root.
 */

export interface Timer {
  /** Stops the timer; harmless when it already fired. */
  cancel(): void;
}

export interface TimerOptions {
  /** True while a caller of ours waits for this timer: it then keeps the process alive. Default false. */
  readonly holdsProcess?: boolean;
}

export interface Clock {
  /** Monotonic milliseconds; not wall time, so a clock jump changes nothing. */
  nowMs(): number;
  /** Wall time in epoch milliseconds, for signatures, tokens and the age of files only. */
  wallMs(): number;
  after(delayMs: number, run: () => void, options?: TimerOptions): Timer;
  every(periodMs: number, run: () => void): Timer;
  /** Uniform in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run, options) {
    const handle = setTimeout(run, delayMs);
    if (options?.holdsProcess !== true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(periodMs, run) {
    const handle = setInterval(run, periodMs);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
  random: () => Math.random(),
};

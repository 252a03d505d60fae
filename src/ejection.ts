/**
 * Owns what is told of an instance that calls are kept off. Read by users through `discovery.ejected()` and `ejectedInstances()`; made by
 * `discovery/outlier.ts`. Types only.
 */

/** One instance that calls are kept off. */
export interface Ejection {
  /** `ip:port`. */
  readonly key: string;
  /** avoided: a connection failed just now. ejected: too much failed. probing: one call finds out whether it is back. */
  readonly state: 'avoided' | 'ejected' | 'probing';
  /** On the clock of `performance.now()`. When it is over the next call is the probe; of a probe: when another may follow. */
  readonly untilMs: number;
  /** How many of its last calls, 32 at most, failed. */
  readonly failures: number;
  readonly reason: string;
}

/**
 * Owns what a balancer is: it chooses among the instances of one list. Built by `callable-list.ts` once for each list, lazily.
 * Implementations are under `balancers/`; users may bring their own. A balancer knows nothing of names, the network or health.
 */
import type { InstanceAddress } from '../model.js';
import type { CallInfo, EndedAttempt } from '../process-hub.js';

/** What is known of one instance across lists: it lives as long as the service lists the address. */
export interface InstanceStat {
  /** `ip:port`, unique in the service. */
  readonly key: string;
  /** Attempts that are under way. */
  active: number;
  /** For balancers: smoothed time of an answer in ms, and when it was last changed. 0: no answer yet. */
  ewmaMs: number;
  ewmaAtMs: number;
}

/** The list that a balancer chooses from; the same index means the same instance everywhere. */
export interface BalancedList {
  /** Finite; 0 and less get nothing. */
  readonly weights: readonly number[];
  readonly addresses: readonly InstanceAddress[];
  readonly stats: readonly InstanceStat[];
}

/** Chooses among the instances of one service. */
export interface Balancer {
  /** Index of the next one to call; -1 when nothing has a weight. Synchronous, allocates nothing. */
  pick(call?: CallInfo): number;
  /** Like `pick` among those that `isExcluded` does not hold; -1 when none is left. For the path after a failure. */
  pickExcept(isExcluded: (index: number) => boolean, call?: CallInfo): number;
}

/** What a balancer gets besides its list. */
export interface BalancerParts {
  /** Uniform in [0, 1): so that many clients with the same list do not call in step. */
  readonly random: () => number;
  /** A clock that only goes forward, as `performance.now()`. */
  readonly nowMs: () => number;
}

/** A way to balance: called for each new list of a service. */
export interface CreateBalancer {
  (list: BalancedList, parts: BalancerParts): Balancer;
  /** Told of each attempt that ended, with the stat of its instance: for balancers which learn. */
  readonly settled?: (stat: InstanceStat, ended: EndedAttempt, nowMs: number) => void;
}

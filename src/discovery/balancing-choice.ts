/**
 * Owns how single calls are balanced, whatever is set for their service: what code says by `runWithBalancing`, or to `pick` and `resolve`. Read by
 * `discovery.ts` for each call by name.
 */
import { SharedStorage } from '../util/shared-storage.js';
import type { CreateBalancer } from './balancer.js';
import type { BalancerName } from './balancers/by-name.js';
import { CALL_CHECKS, checkKeys, invalid, type Checks } from './check-options.js';

/** How one call is balanced, in place of what is set for its service. */
export interface BalancingChoice {
  /**
   * A name, or one of your own: a function that stays the same from call to call, since each one has a state for each list. Default:
   * `consistent-hash` where a key is given.
   */
  readonly balancer?: BalancerName | CreateBalancer | undefined;
  /** What `consistent-hash` tells the call apart by, in place of the hash key of the service. */
  readonly key?: string | undefined;
}

export const CHOICE_CHECKS: Checks<BalancingChoice> = {
  balancer: CALL_CHECKS.balancer,
  key: (value) => (typeof value === 'string' && value !== '' ? undefined : 'a text'),
};

const choices = new SharedStorage<BalancingChoice>(Symbol.for('nacos-serving.balancing.1'));

/**
 * Calls by name that `run` makes, at once or later, are balanced in this way, in place of what is set for their services. Further attempts
 * of such a call too.
 *
 *     await runWithBalancing({ key: userId }, () => fetch('http://carts/'));
 *
 * @throws ConfigError
 */
export function runWithBalancing<T>(choice: BalancingChoice, run: () => T): T {
  checkKeys(choice, CHOICE_CHECKS, 'balancing');
  if (choice.balancer === undefined && choice.key === undefined) {
    throw invalid('balancing', choice, 'an object with balancer, key or both');
  }
  return choices.run(Object.freeze({ ...choice }), run);
}

/** What is chosen for calls that are made now. */
export function choiceOfNow(): BalancingChoice | undefined {
  return choices.value;
}

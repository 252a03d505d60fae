/**
 * Owns the names of the balancers, as options spell them. Used by whoever turns options into settings of a service. A balancer of the
 * user's own has no name: it is given in code.
 */
import type { CreateBalancer } from '../balancer.js';
import type { HashKey } from './hash-key.js';
import { createWeightedRandom } from './weighted-random.js';
import { createWeightedRoundRobin } from './weighted-round-robin.js';

/** The first one is the default. */
export const BALANCER_NAMES = [
  'weighted-round-robin',
  'weighted-random',
  'least-active',
  'p2c',
  'consistent-hash',
] as const;

export type BalancerName = (typeof BALANCER_NAMES)[number];

export interface NamedBalancerOptions {
  /** For `consistent-hash`. Default: the path. */
  readonly hashKey?: HashKey | undefined;
}

/** One for each service and each change of its settings, or one for all: none of them keeps anything outside of its lists. */
export function balancerByName(name: BalancerName, _options: NamedBalancerOptions): CreateBalancer {
  return name === 'weighted-round-robin' ? createWeightedRoundRobin : createWeightedRandom;
}

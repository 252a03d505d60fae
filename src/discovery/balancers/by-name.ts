/**
 * Owns the names of the balancers, as options spell them. Used by whoever turns options into settings of a service. A balancer of the
 * user's own has no name: it is given in code.
 */
import type { CreateBalancer } from '../balancer.js';
import { createConsistentHash } from './consistent-hash.js';
import type { HashKey } from './hash-key.js';
import { createLeastActive } from './least-active.js';
import { createP2c } from './p2c.js';
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

/** A balancer of the package, as options name it. */
export type BalancerName = (typeof BALANCER_NAMES)[number];

/** What a balancer that is named needs to know besides its name. */
export interface NamedBalancerOptions {
  /** For `consistent-hash`. Default: the path. */
  readonly hashKey?: HashKey | undefined;
}

/**
 * None of them keeps anything outside of its lists: one may serve any number of services.
 *
 * @example
 * const discovery = createDiscovery({ naming: client.naming, balancer: 'p2c' });
 */
export function balancerByName(
  name: BalancerName,
  options: NamedBalancerOptions = {},
): CreateBalancer {
  switch (name) {
    case 'weighted-round-robin':
      return createWeightedRoundRobin;
    case 'weighted-random':
      return createWeightedRandom;
    case 'least-active':
      return createLeastActive;
    case 'p2c':
      return createP2c;
    case 'consistent-hash':
      return createConsistentHash(options.hashKey ?? { kind: 'path' });
  }
}

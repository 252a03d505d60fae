/**
 * Owns what can be set for one service that is called, and the defaults of it. Built by `discovery.ts` from its options, per service;
 * read by everything between a name and an instance. Data only: each part of it is explained where it is used.
 */
import type { InstanceInput, ServiceRef } from '../model.js';
import type { RouteRule } from '../route-rule.js';
import type { CreateBalancer } from './balancer.js';
import type { HashKey } from './balancers/hash-key.js';

export type { RouteRule, RouteSource } from '../route-rule.js';

/** See `retry.ts`. */
export interface RetrySettings {
  /** Further attempts after a failure of which something may have been sent. Default 2. What was never sent goes on while instances are left. */
  readonly maxRetries: number;
  /** Statuses that count as a failure. Default none. */
  readonly statuses: readonly number[];
  /** The most that retries may add to the calls of a service, as a share. Default 0.2. */
  readonly budget: number;
}

/** See `outlier.ts`. */
export interface OutlierSettings {
  readonly enabled: boolean;
  /** Connections in a row that failed. Default 3. */
  readonly consecutiveFailures: number;
  /** Share of broken calls and of statuses 502, 503 and 504 among the last ones. 0: not looked at. Default 0.5. */
  readonly errorRate: number;
  /** A call that took longer counts as failed. 0: not looked at, the default. */
  readonly slowMs: number;
  /** The first time out, growing with each further one up to 6 times this. Default 10000. */
  readonly ejectionMs: number;
  /** The most of a list that may be out at once. Default 0.5. */
  readonly maxShare: number;
}

/** See `locality.ts`. */
export interface LocalitySettings {
  /** Own cluster and zone; undefined: no preference. */
  readonly cluster: string | undefined;
  readonly zone: string | undefined;
}

export interface ServiceSettings {
  readonly service: ServiceRef;
  /** Only these clusters; empty: all. */
  readonly clusters: readonly string[];
  readonly createBalancer: CreateBalancer;
  /** For calls that ask for consistent hashing, whatever `createBalancer` is. */
  readonly hashKey: HashKey;
  readonly routes: readonly RouteRule[];
  readonly locality: LocalitySettings;
  /** How long a new instance takes to its full weight; 0: at once. See `warm-up.ts`. */
  readonly warmUpMs: number;
  /** How many of a large list this process uses; 0: all. See `subset.ts`. */
  readonly subsetSize: number;
  readonly retry: RetrySettings;
  readonly outlier: OutlierSettings;
  /** Bound of a whole call until its response begins; 0: none of ours. */
  readonly timeoutMs: number;
  /** How long the last callable list outlives an empty one; 0 turns the protection off. */
  readonly emptyProtectionMs: number;
  /** Instead of what the registry lists; undefined: the registry is asked. */
  readonly instances: readonly InstanceInput[] | undefined;
}

export const DEFAULT_RETRY: RetrySettings = { maxRetries: 2, statuses: [], budget: 0.2 };
export const DEFAULT_OUTLIER: OutlierSettings = {
  enabled: true,
  consecutiveFailures: 3,
  errorRate: 0.5,
  slowMs: 0,
  ejectionMs: 10_000,
  maxShare: 0.5,
};

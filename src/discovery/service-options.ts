/**
 * Owns what users of `createDiscovery` may set: for all services that are called, and for single ones. Types only; `check-options.ts` checks
 * what is given and `make-settings.ts` makes the settings of a service of it. Times are milliseconds.
 */
import type { InstanceAddress, InstanceInput } from '../model.js';
import type { CreateBalancer } from './balancer.js';
import type { BalancerName } from './balancers/by-name.js';
import type { HashKey } from './balancers/hash-key.js';
import type { OutlierSettings, RetrySettings, RouteRule } from './service-settings.js';

/** `undefined` means not given. */
export type PartOf<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Of calls by name. What is set for one service goes before what is set for all; `undefined` means not given. */
export interface CallSettingsInput {
  /** A name, or one of your own (docs/balancing.md). Default `weighted-round-robin`. */
  readonly balancer?: BalancerName | CreateBalancer | undefined;
  /**
   * What `consistent-hash` tells calls apart by: `header:x-user`, `cookie:sid`, `query:id`, `path`, the same as an object, or a function of the call.
   * Default: the path.
   */
  readonly hashKey?: string | HashKey | undefined;
  /** Rules of gray release, in order; see docs/routing.md. Default: none. */
  readonly routes?: readonly RouteRule[] | undefined;
  /** The cluster of the caller. Default: none, so that no cluster is nearer than another. */
  readonly cluster?: string | undefined;
  /** The zone of the caller: instances whose metadata has the same `zone` are nearer. Default: none. */
  readonly zone?: string | undefined;
  /** Calls go to instances of the caller's own cluster as long as one of them can be called. Default true. */
  readonly sameClusterFirst?: boolean | undefined;
  /** How long a new instance takes to its full weight. Default 0: it has it at once. */
  readonly warmUpMs?: number | undefined;
  /** How many instances of a larger list this process calls. Default 0: all of them. */
  readonly subsetSize?: number | undefined;
  /** Default: 2 further attempts, no statuses, a budget of 0.2. See docs/failure-behaviour.md. */
  readonly retry?: PartOf<RetrySettings> | undefined;
  /** Default: on. See docs/failure-behaviour.md. */
  readonly outlier?: PartOf<OutlierSettings> | undefined;
  /** The most that a whole call may take until its response begins, with all attempts. Default 0: no bound of ours. */
  readonly timeoutMs?: number | undefined;
  /**
   * When a service has nothing callable any more, calls keep its last callable list for a while. Default true: an empty list is more
   * often a registry in trouble than a service without instances.
   */
  readonly emptyProtection?: boolean | undefined;
  /** The most that an empty list is not believed. Default 300000. */
  readonly emptyProtectionMs?: number | undefined;
}

/** Of one service, or of all whose names match a pattern. */
export interface ServiceOptions extends CallSettingsInput {
  /** Where the service is registered. Default: `group` of discovery. */
  readonly group?: string | undefined;
  /** Only instances of these clusters are called. Default: those of all. */
  readonly clusters?: readonly string[] | undefined;
  /** These are called instead of what the registry lists, which is not asked: `10.0.0.5:8080`, or with weight and metadata. */
  readonly instances?: readonly (string | InstanceInput)[] | undefined;
  /** Like `instances` with a single one, for a service that runs on the developer's own machine: `localhost:3000`. It goes before `instances`. */
  readonly address?: string | InstanceAddress | undefined;
}

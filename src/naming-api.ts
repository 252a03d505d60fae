/**
 * Owns the interface of the naming client: what `discovery` and `registration` get passed in, so that
 * they never see sessions or the wire. Implemented by `naming/naming-client.ts`. Types only.
 */
import type {
  InstanceAddress,
  InstanceInput,
  ServiceDiff,
  ServiceInput,
  ServiceRef,
  ServiceSnapshot,
} from './model.js';

/** Where the connection to Nacos stands. See `docs/architecture.md`, things with a life. */
export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'backoff' | 'closed';

/** Bounds of one wait. */
export interface WaitOptions {
  /** Ends the wait by rejecting with the signal's reason; what is desired stays desired. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds until RequestTimeoutError. Default: 10,000 for register and deregister, which may wait for their turn, and
   * the client's `requestTimeoutMs` (3000) for everything else.
   */
  readonly timeoutMs?: number;
  /** False: the wait alone does not keep the process alive. Default true, since somebody awaits it. */
  readonly holdsProcess?: boolean;
}

export interface QueryOptions extends WaitOptions {
  /** Only these clusters. Default: all. */
  readonly clusters?: readonly string[];
  /** Leave out what the server counts as unhealthy. Default false. */
  readonly healthyOnly?: boolean;
}

export interface ListServicesOptions extends WaitOptions {
  /** Default `DEFAULT_GROUP`. */
  readonly group?: string;
  /** 1-based. Default 1. */
  readonly page?: number;
  /** Default 100. */
  readonly pageSize?: number;
}

export interface ServicePage {
  /** All services of the group, not only those of this page. */
  readonly count: number;
  readonly names: readonly string[];
}

/** Called with the new list and what changed; an exception is logged and changes nothing else. */
export type SnapshotListener = (snapshot: ServiceSnapshot, diff: ServiceDiff) => void;

/** subscribing: no list yet. live: pushed. stale: disconnected, the last list stays usable. */
export type SubscriptionState = 'subscribing' | 'live' | 'stale' | 'closed';

/** One listener's share of a subscription; the server sees one subscription per service. */
export interface Subscription extends AsyncDisposable {
  readonly service: ServiceRef;
  readonly state: SubscriptionState;
  /** The last list seen; undefined until the first one arrived. */
  readonly snapshot: ServiceSnapshot | undefined;
  /** Resolves with the first list, at once when there is one. */
  ready(options?: WaitOptions): Promise<ServiceSnapshot>;
  /** Stops the listener; with the last one of a service the server is told. Idempotent. */
  close(): Promise<void>;
}

export interface NamingApi {
  readonly connectionState: ConnectionState;
  /** Calls back on each change of `connectionState`; returns the function which stops that. */
  onConnectionState(listener: (state: ConnectionState) => void): () => void;
  /**
   * Adds or updates an instance and resolves once the server confirmed it. The wish is kept through
   * every outage: after a timeout or a lost connection it is still carried out as soon as possible.
   */
  register(service: ServiceInput, instance: InstanceInput, options?: WaitOptions): Promise<void>;
  /** Makes these the only instances that this client publishes for the service, in one request. */
  registerBatch(
    service: ServiceInput,
    instances: readonly InstanceInput[],
    options?: WaitOptions,
  ): Promise<void>;
  /** Takes one instance out, over the connection that registered it. Unknown ones are no error. */
  deregister(service: ServiceInput, address: InstanceAddress, options?: WaitOptions): Promise<void>;
  /** Asks the server now, past every cache. */
  query(service: ServiceInput, options?: QueryOptions): Promise<ServiceSnapshot>;
  listServices(options?: ListServicesOptions): Promise<ServicePage>;
  subscribe(service: ServiceInput, listener?: SnapshotListener): Subscription;
}

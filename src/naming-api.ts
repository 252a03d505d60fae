/**
 * Owns the interface of the naming client: what `discovery` and `registration` get passed in, so that
 * they never see sessions or the wire. Implemented by `naming/naming-client.ts`. Types only.
 */
import type {
  Instance,
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

/** One page of the names of a group. */
export interface ServicePage {
  /** All services of the group, not only those of this page. */
  readonly count: number;
  readonly names: readonly string[];
}

/** Everything that is given has to hold; `{}` means all instances. A function gets each instance and says whether it is meant. */
export type InstanceSelector = SelectorFields | ((instance: Instance) => boolean);

/** The fields of a selector; what is left out is not looked at. */
export interface SelectorFields {
  /** True: healthy, enabled and of a weight above 0. False: the others. */
  readonly callable?: boolean;
  /** As the server sees it. */
  readonly healthy?: boolean;
  /** False: switched off, by its provider or by an operator. Servers do not list such ones. */
  readonly enabled?: boolean;
  /** Of this weight or more. */
  readonly minWeight?: number;
  /** In one of these; an empty list means all. */
  readonly clusters?: readonly string[];
  /** With each of these values. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Anything else. */
  readonly where?: (instance: Instance) => boolean;
}

/** How to follow a service. */
export interface SubscribeOptions {
  /**
   * The subscription then has the selected instances only, and its listener hears when the selection differs. What the function of a selector throws is
   * logged once; the instance is not selected. Default: all instances.
   */
  readonly selector?: InstanceSelector;
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

/**
 * Which services. A `*` at the beginning, at the end or at both stands for any characters; between others it is refused, since to a server it would match
 * nothing. Default of both: `*`. The namespace is that of the client.
 */
export interface ServicePattern {
  readonly name?: string;
  readonly group?: string;
}

/** added: somebody publishes it now. removed: nobody does any more. */
export interface ServicePatternChange {
  readonly type: 'added' | 'removed';
  readonly service: ServiceRef;
}

/** Called with each service that comes or goes; an exception is logged and changes nothing else. */
export type ServicePatternListener = (change: ServicePatternChange) => void;

/** Which services match a pattern now, kept up to date by the server. Knows nothing of their instances. */
export interface ServicePatternWatch extends AsyncDisposable {
  /** As far as the server has told, in order of their group and name; kept while the connection is away. */
  readonly services: readonly ServiceRef[];
  /**
   * Resolves when the server has told all that match. Default time: 10,000 ms, for a server takes about one second.
   * @throws ServerError SERVER_UNSUPPORTED before Nacos 3 and on r-nacos; the watch begins by itself when a later server can.
   */
  ready(options?: WaitOptions): Promise<readonly ServiceRef[]>;
  /** Stops the listener; with the last one of a pattern the server is told. Idempotent. */
  close(): Promise<void>;
}

/** Instances and services of one namespace, over one connection. */
export interface NamingApi {
  readonly connectionState: ConnectionState;
  /** Calls back on each change of `connectionState`; returns the function which stops that. */
  onConnectionState(listener: (state: ConnectionState) => void): () => void;
  /**
   * Adds or updates an instance and resolves once the server confirmed it. The wish is kept through
   * every outage: after a timeout or a lost connection it is still carried out as soon as possible.
   */
  register(service: ServiceInput, instance: InstanceInput, options?: WaitOptions): Promise<void>;
  /**
   * Makes these the only instances that this client publishes for the service, in one request. Each can be changed or taken out for itself later:
   * what stays is sent again as one batch. None of them can be persistent.
   */
  registerBatch(
    service: ServiceInput,
    instances: readonly InstanceInput[],
    options?: WaitOptions,
  ): Promise<void>;
  /** Takes one instance out, over the connection that registered it. Unknown ones are no error. A persistent one needs `ephemeral: false`, from any client. */
  deregister(
    service: ServiceInput,
    address: InstanceAddress & { readonly ephemeral?: boolean; readonly cluster?: string },
    options?: WaitOptions,
  ): Promise<void>;
  /** Takes several out in one request; what else this client publishes for the service stays. */
  deregisterBatch(
    service: ServiceInput,
    addresses: readonly InstanceAddress[],
    options?: WaitOptions,
  ): Promise<void>;
  /** Asks the server now, past every cache. */
  query(service: ServiceInput, options?: QueryOptions): Promise<ServiceSnapshot>;
  /**
   * The selected instances of now: of the list that this client follows, when it does and that is live, else of a query. Default: what may be
   * called (`{ callable: true }`).
   */
  select(
    service: ServiceInput,
    selector?: InstanceSelector,
    options?: WaitOptions,
  ): Promise<readonly Instance[]>;
  /**
   * One of them by weight at random; none without weight.
   * @throws NoInstanceError
   */
  pick(
    service: ServiceInput,
    selector?: InstanceSelector,
    options?: WaitOptions,
  ): Promise<Instance>;
  /** The names of a group, one page. */
  listServices(options?: ListServicesOptions): Promise<ServicePage>;
  /** All services of a group, page by page as they are read. `page` is the first one, `timeoutMs` is for each. */
  services(options?: ListServicesOptions): AsyncIterable<ServiceRef>;
  /** Follows a service through every outage, until the subscription is closed. The listener also gets the list of now. */
  subscribe(
    service: ServiceInput,
    listener?: SnapshotListener,
    options?: SubscribeOptions,
  ): Subscription;
  /** What this client follows now, each service once, in order of group and name. */
  subscribedServices(): readonly ServiceRef[];
  /**
   * Follows which services match, through every outage; `'order*'` is `{ name: 'order*' }`. Nacos 3 only, which keeps 20 patterns of all its clients
   * together and tells at most 500 matches of one.
   */
  watchServices(
    pattern: string | ServicePattern,
    listener?: ServicePatternListener,
  ): ServicePatternWatch;
}

/**
 * Owns the naming API over one session: checks what users pass in, then hands it to the ledger, the subscriptions or straight to
 * the server. Built by `client/client.ts`; discovery and registration see it as NamingApi only.
 */
import { ConfigError, NoInstanceError, RequestTimeoutError } from '../errors.js';
import type { Logger } from '../logger.js';
import {
  groupedName,
  hostPort,
  type Instance,
  type InstanceAddress,
  type InstanceInput,
  type ServiceInput,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type {
  ConnectionState,
  InstanceSelector,
  ListServicesOptions,
  NamingApi,
  QueryOptions,
  ServicePage,
  ServicePattern,
  ServicePatternListener,
  ServicePatternWatch,
  SnapshotListener,
  SubscribeOptions,
  Subscription,
  WaitOptions,
} from '../naming-api.js';
import type { Session } from '../remote/session.js';
import type { Clock } from '../util/clock.js';
import { waitWithin } from '../util/deferred.js';
import {
  DEREGISTER_INSTANCE,
  readServiceInfo,
  readServiceList,
  REGISTER_INSTANCE,
  SERVICE_LIST_REQUEST,
  SERVICE_QUERY_REQUEST,
  serviceListBody,
  serviceQueryBody,
} from '../wire/messages/naming.js';
import { Ledger, type LedgerChange } from './ledger.js';
import { sendPersistent } from './persistent.js';
import { subscribeSelected } from './selected-subscription.js';
import { CALLABLE, pickByWeight, testOf } from './selection.js';
import { allServices, DEFAULT_PAGE_SIZE } from './service-pages.js';
import { ServiceWatches } from './service-watches.js';
import { applyServiceInfo } from './snapshots.js';
import { Subscriptions } from './subscriptions.js';
import {
  checkAddress,
  checkClusters,
  checkCount,
  checkInstance,
  checkService,
  checkServicePattern,
} from '../naming-rules.js';

export interface NamingClientOptions {
  readonly session: Session;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

/** A wish waits for its turn behind others and for a connection, so it gets more time than one request. */
const CONFIRM_TIMEOUT_MS = 10_000;

export class NamingClient implements NamingApi {
  readonly #session: Session;
  readonly #options: NamingClientOptions;
  readonly #ledger: Ledger;
  readonly #subscriptions: Subscriptions;
  readonly #watches: ServiceWatches;

  constructor(options: NamingClientOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#ledger = new Ledger(options);
    this.#subscriptions = new Subscriptions(options);
    this.#watches = new ServiceWatches(options);
  }

  get connectionState(): ConnectionState {
    return this.#session.state;
  }

  onConnectionState(listener: (state: ConnectionState) => void): () => void {
    return this.#session.onState(listener);
  }

  async register(
    service: ServiceInput,
    instance: InstanceInput,
    options: WaitOptions = {},
  ): Promise<void> {
    const checked = checkInstance(instance);
    if (!checked.ephemeral) {
      await this.#persistent(REGISTER_INSTANCE, service, checked, options);
      return;
    }
    await this.#change(service, options, (wanted) => {
      wanted.set(hostPort(checked), checked);
    });
  }

  async registerBatch(
    service: ServiceInput,
    instances: readonly InstanceInput[],
    options: WaitOptions = {},
  ): Promise<void> {
    const checked = instances.map(checkInstance);
    const persistent = checked.find((instance) => !instance.ephemeral);
    if (persistent !== undefined) {
      throw new ConfigError(
        'INVALID_INSTANCE',
        `${hostPort(persistent)} is persistent, which no instance of a batch can be: register it by itself`,
      );
    }
    await this.#change(service, options, (wanted) => {
      wanted.clear();
      for (const instance of checked) wanted.set(hostPort(instance), instance);
    });
  }

  async deregister(
    service: ServiceInput,
    address: Parameters<NamingApi['deregister']>[1],
    options: WaitOptions = {},
  ): Promise<void> {
    if (address.ephemeral === false) {
      await this.#persistent(DEREGISTER_INSTANCE, service, checkInstance(address), options);
      return;
    }
    await this.deregisterBatch(service, [address], options);
  }

  async deregisterBatch(
    service: ServiceInput,
    addresses: readonly InstanceAddress[],
    options: WaitOptions = {},
  ): Promise<void> {
    // Checked, so that a typing error is told and not taken for "not there".
    const keys = addresses.map((address) => hostPort(checkAddress(address)));
    await this.#change(service, options, (wanted) => {
      for (const key of keys) wanted.delete(key);
    });
  }

  async query(service: ServiceInput, options: QueryOptions = {}): Promise<ServiceSnapshot> {
    const ref = checkService(service);
    const { clusters = [] } = options;
    checkClusters(clusters);
    const target = { namespace: this.#options.namespace, service: ref };
    this.#session.start();
    const body = await this.#session.request(
      SERVICE_QUERY_REQUEST,
      serviceQueryBody(target, options),
      options,
    );
    const info = readServiceInfo(body) ?? {
      service: ref,
      clusters: '',
      hosts: [],
      lastRefTime: 0,
      reachProtectionThreshold: false,
    };
    // r-nacos lists every cluster, whatever was asked for.
    const hosts = info.hosts.filter(
      (host) => clusters.length === 0 || clusters.includes(host.cluster),
    );
    const change = applyServiceInfo(ref, undefined, { ...info, hosts });
    if (change === undefined) throw new TypeError('a first list is always a change');
    return change.snapshot;
  }

  async select(
    service: ServiceInput,
    selector: InstanceSelector = CALLABLE,
    options: WaitOptions = {},
  ): Promise<readonly Instance[]> {
    const test = testOf(selector);
    const ref = checkService(service);
    const list = this.#subscriptions.live(ref) ?? (await this.query(ref, options));
    return Object.freeze(list.instances.filter(test));
  }

  async pick(
    service: ServiceInput,
    selector: InstanceSelector = CALLABLE,
    options: WaitOptions = {},
  ): Promise<Instance> {
    const selected = await this.select(service, selector, options);
    const picked = pickByWeight(selected, this.#options.clock.random());
    if (picked !== undefined) return picked;
    const name = groupedName(checkService(service));
    throw new NoInstanceError(
      selected.length === 0
        ? `no instance of ${name} is selected`
        : `none of the ${String(selected.length)} selected instances of ${name} has a weight above 0`,
    );
  }

  async listServices(options: ListServicesOptions = {}): Promise<ServicePage> {
    const { group } = checkService({
      name: 'any',
      ...(options.group === undefined ? {} : { group: options.group }),
    });
    const request = serviceListBody({
      namespace: this.#options.namespace,
      group,
      page: checkCount('page', options.page ?? 1),
      pageSize: checkCount('pageSize', options.pageSize ?? DEFAULT_PAGE_SIZE),
    });
    this.#session.start();
    const { count, names } = readServiceList(
      await this.#session.request(SERVICE_LIST_REQUEST, request, options),
    );
    return { count, names: Object.freeze(names.map(plainName)) };
  }

  services(options: ListServicesOptions = {}): AsyncIterable<ServiceRef> {
    return allServices(this, options);
  }

  subscribe(
    service: ServiceInput,
    listener?: SnapshotListener,
    options: SubscribeOptions = {},
  ): Subscription {
    const ref = checkService(service);
    const test = options.selector === undefined ? undefined : testOf(options.selector);
    this.#session.start();
    if (test === undefined) return this.#subscriptions.subscribe(ref, listener);
    const follow = (each: SnapshotListener) => this.#subscriptions.subscribe(ref, each);
    return subscribeSelected({ follow, test, listener, logger: this.#options.logger });
  }

  subscribedServices(): readonly ServiceRef[] {
    return Object.freeze(this.#subscriptions.services());
  }

  watchServices(
    pattern: string | ServicePattern,
    listener?: ServicePatternListener,
  ): ServicePatternWatch {
    const checked = checkServicePattern(pattern);
    this.#session.start();
    return this.#watches.watch(checked, listener);
  }

  /** Stops following and wishing; called before the session closes. */
  close(): void {
    this.#ledger.close();
    this.#subscriptions.close();
    this.#watches.close();
  }

  async #persistent(
    type: typeof REGISTER_INSTANCE | typeof DEREGISTER_INSTANCE,
    service: ServiceInput,
    instance: Instance,
    options: WaitOptions,
  ): Promise<void> {
    const target = { namespace: this.#options.namespace, service: checkService(service) };
    this.#session.start();
    const bounds = { timeoutMs: CONFIRM_TIMEOUT_MS, ...options };
    await sendPersistent(this.#session, type, { target, instance }, bounds);
  }

  #change(service: ServiceInput, options: WaitOptions, change: LedgerChange): Promise<void> {
    const ref = checkService(service);
    this.#session.start();
    const timeoutMs = options.timeoutMs ?? CONFIRM_TIMEOUT_MS;
    return waitWithin(this.#ledger.change(ref, change), {
      clock: this.#options.clock,
      timeoutMs,
      signal: options.signal,
      holdsProcess: options.holdsProcess ?? true,
      onTimeout: () => {
        const problem = this.#ledger.problem(ref);
        const why = problem === undefined ? '' : ` (${problem})`;
        return new RequestTimeoutError(
          `Nacos did not confirm ${groupedName(ref)} within ${String(timeoutMs)} ms${why}; the wish is kept and carried out as soon as it can be`,
        );
      },
    });
  }
}

/** Servers list plain names; one that puts the group in front is understood as well. */
function plainName(name: string): string {
  const cut = name.indexOf('@@');
  return cut < 0 ? name : name.slice(cut + 2);
}

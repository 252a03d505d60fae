/**
 * Owns a registry that unit tests of discovery and registration script by hand: a NamingApi without sockets. Lists arrive when the
 * test pushes them; the list of services answers at once unless the test holds or fails it.
 */
import type { Instance, ServiceRef, ServiceSnapshot } from '../../src/model.js';
import { toServiceRef } from '../../src/model.js';
import type {
  ConnectionState,
  NamingApi,
  ServicePage,
  SnapshotListener,
  Subscription,
} from '../../src/naming-api.js';
import { createDeferred, type Deferred } from '../../src/util/deferred.js';

/** An instance with Nacos' defaults. */
export function anInstance(fields: Partial<Instance> = {}): Instance {
  return Object.freeze({
    ip: '10.0.0.1',
    port: 8080,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    cluster: 'DEFAULT',
    metadata: {},
    ...fields,
  });
}

export interface FakeNaming {
  readonly api: NamingApi;
  /** Names that `listServices` gives. */
  setServices(...names: string[]): void;
  /** Makes the first lists of subscriptions arrive by themselves, as a server's answer does. */
  setInstances(service: string, ...instances: Instance[]): void;
  /** Pushes a list to whoever is subscribed. */
  push(service: string, ...instances: Instance[]): void;
  setState(state: ConnectionState): void;
  /** `listServices` waits until the returned function is called. */
  holdList(): () => void;
  /** `listServices` fails like this; undefined: works again. */
  failList(error: Error | undefined): void;
  /** Calls of `listServices`, by page. */
  readonly listCalls: readonly number[];
  /** Services subscribed to now. */
  readonly subscribed: readonly string[];
}

interface Topic {
  readonly service: ServiceRef;
  readonly listener: SnapshotListener | undefined;
  readonly first: Deferred<ServiceSnapshot>;
  snapshot: ServiceSnapshot | undefined;
  closed: boolean;
}

export function createFakeNaming(): FakeNaming {
  let services: string[] = [];
  let state: ConnectionState = 'ready';
  let held: Deferred<undefined> | undefined;
  let failure: Error | undefined;
  let revision = 0;
  const listCalls: number[] = [];
  const lists = new Map<string, readonly Instance[]>();
  const topics = new Set<Topic>();
  const stateListeners = new Set<(state: ConnectionState) => void>();

  const deliver = (topic: Topic, instances: readonly Instance[]): void => {
    if (topic.closed) return;
    revision += 1;
    topic.snapshot = {
      service: topic.service,
      instances,
      revision,
      serverTimeMs: revision,
      protectThresholdReached: false,
    };
    topic.first.resolve(topic.snapshot);
    topic.listener?.(topic.snapshot, { added: instances, removed: [], changed: [] });
  };
  const notScripted = (): Promise<never> => Promise.reject(new TypeError('not scripted'));
  const notThere = (): never => {
    throw new TypeError('not scripted');
  };

  const api: NamingApi = {
    get connectionState() {
      return state;
    },
    onConnectionState(listener) {
      stateListeners.add(listener);
      return () => void stateListeners.delete(listener);
    },
    register: notScripted,
    registerBatch: notScripted,
    deregister: notScripted,
    deregisterBatch: notScripted,
    query: notScripted,
    select: notScripted,
    pick: notScripted,
    services: notThere,
    subscribedServices: notThere,
    watchServices: notThere,
    async listServices({ page = 1, pageSize = 100 } = {}): Promise<ServicePage> {
      listCalls.push(page);
      await held?.promise;
      if (failure !== undefined) throw failure;
      const from = (page - 1) * pageSize;
      return { count: services.length, names: services.slice(from, from + pageSize) };
    },
    subscribe(input, listener): Subscription {
      const service = toServiceRef(input);
      const topic: Topic = {
        service,
        listener,
        first: createDeferred(),
        snapshot: undefined,
        closed: false,
      };
      topics.add(topic);
      const known = lists.get(service.name);
      if (known !== undefined) queueMicrotask(() => deliver(topic, known));
      const close = async (): Promise<void> => {
        topic.closed = true;
        topics.delete(topic);
      };
      return {
        service,
        get state() {
          return topic.closed ? 'closed' : topic.snapshot === undefined ? 'subscribing' : 'live';
        },
        get snapshot() {
          return topic.snapshot;
        },
        ready: () => topic.first.promise,
        close,
        [Symbol.asyncDispose]: close,
      };
    },
  };

  return {
    api,
    setServices: (...names) => {
      services = names;
    },
    setInstances: (service, ...instances) => {
      lists.set(service, instances);
    },
    push: (service, ...instances) => {
      lists.set(service, instances);
      for (const topic of topics) if (topic.service.name === service) deliver(topic, instances);
    },
    setState: (next) => {
      state = next;
      for (const listener of stateListeners) listener(next);
    },
    holdList: () => {
      held = createDeferred();
      return () => {
        held?.resolve(undefined);
        held = undefined;
      };
    },
    failList: (error) => {
      failure = error;
    },
    listCalls,
    get subscribed() {
      return [...topics].map((topic) => topic.service.name).sort();
    },
  };
}

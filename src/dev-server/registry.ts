/**
 * Owns what the server knows, and joins it: stores, subscriptions, pushes and the handlers that work on them. Built
 * once by the server. It has no sockets; connections come and go through `Connections`.
 */
import type { Clock } from '../util/clock.js';
import type { Connections } from './connections.js';
import { internalHandlers } from './handlers/internal.js';
import { namingHandlers } from './handlers/naming.js';
import { NamingPushes } from './pushes.js';
import type { RpcHandlers } from './rpc.js';
import { selectInstances, serviceInfoJson, type InstanceFilter } from './service-info.js';
import { NamingStore, type ServiceKey } from './store/naming-store.js';
import { Subscriptions } from './store/subscriptions.js';

export interface RegistryOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly pushDelayMs: number;
}

export interface Registry {
  readonly naming: NamingStore;
  readonly subscriptions: Subscriptions;
  readonly handlers: RpcHandlers;
  /** What a restarted server does not have any more. */
  forgetEphemeral(): void;
}

export function createRegistry(options: RegistryOptions): Registry {
  const { clock, connections } = options;
  const naming = new NamingStore(clock);
  const subscriptions = new Subscriptions();
  let lastRefTime = 0;
  const serviceInfo = (key: ServiceKey, filter: InstanceFilter) => {
    // Wall time may jump back; what clients compare must not.
    lastRefTime = Math.max(lastRefTime, clock.wallMs());
    const instances = selectInstances(naming.instances(key), filter);
    return serviceInfoJson(key, instances, { clusters: filter.clusters, nowMs: lastRefTime });
  };
  const pushes = new NamingPushes({
    clock,
    connections,
    subscriptions,
    serviceInfo: (key, clusters) => serviceInfo(key, { clusters, healthyOnly: false }),
    delayMs: options.pushDelayMs,
  });
  naming.onChange((key) => pushes.toAll(key));
  connections.onGone(({ id }) => {
    subscriptions.dropConnection(id);
    naming.dropConnection(id);
  });
  const handlers: RpcHandlers = new Map([
    ...internalHandlers(),
    ...namingHandlers({ store: naming, subscriptions, pushes, serviceInfo }),
  ]);
  return {
    naming,
    subscriptions,
    handlers,
    forgetEphemeral() {
      pushes.clear();
      subscriptions.clear();
      naming.clear();
    },
  };
}

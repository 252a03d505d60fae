/**
 * Owns what the server knows, and joins it: stores, subscriptions, pushes and the handlers that work on them. Built
 * once by the server. It has no sockets; connections come and go through `Connections`.
 */
import type { Clock } from '../util/clock.js';
import type { Connections } from './connections.js';
import { ConfigPushes } from './config-pushes.js';
import { configHandlers } from './handlers/config.js';
import { internalHandlers } from './handlers/internal.js';
import { namingHandlers } from './handlers/naming.js';
import { CONFIG_WORDS, patternHandlers, SERVICE_WORDS } from './handlers/patterns.js';
import { PatternPushes } from './pattern-pushes.js';
import { NamingPushes } from './pushes.js';
import type { JsonObject } from '../wire/json.js';
import type { ConfigRef } from '../wire/messages/config.js';
import type { PatternKey } from '../wire/messages/fuzzy-watch.js';
import type { RpcHandlers } from './rpc.js';
import { selectInstances, serviceInfoJson, type InstanceFilter } from './service-info.js';
import { ConfigListeners } from './store/config-listeners.js';
import { ConfigStore } from './store/config-store.js';
import { NamingStore, textOf, type ServiceKey } from './store/naming-store.js';
import { ServiceViews } from './store/service-views.js';
import { Subscriptions } from './store/subscriptions.js';

export interface RegistryOptions {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly pushDelayMs: number;
  readonly dumpDelayMs: number;
  /** See `PatternPushParts.delayMs`. */
  readonly patternDelayMs?: number;
}

export interface Registry {
  readonly naming: NamingStore;
  readonly subscriptions: Subscriptions;
  readonly config: ConfigStore;
  /** A service's list as callers see it, in JSON. */
  readonly serviceInfo: (key: ServiceKey, filter: InstanceFilter) => JsonObject;
  readonly handlers: RpcHandlers;
  /** Forgets what a restarted server does not have any more; configs stay. */
  forgetEphemeral(): void;
  /** Stops every timer. */
  close(): void;
}

export function createRegistry(options: RegistryOptions): Registry {
  const { clock, connections } = options;
  const naming = new NamingStore(clock);
  const views = new ServiceViews(naming);
  const subscriptions = new Subscriptions();
  const config = new ConfigStore({ clock, dumpDelayMs: options.dumpDelayMs });
  const listeners = new ConfigListeners();
  const configPushes = new ConfigPushes({ clock, connections, listeners });
  let lastRefTime = 0;
  const serviceInfo = (key: ServiceKey, filter: InstanceFilter): JsonObject => {
    // Wall time may jump back; what clients compare must not.
    lastRefTime = Math.max(lastRefTime, clock.wallMs());
    const instances = selectInstances(views.instances(key), filter);
    return serviceInfoJson(key, instances, { clusters: filter.clusters, nowMs: lastRefTime });
  };
  const pushes = new NamingPushes({
    clock,
    connections,
    subscriptions,
    refresh: (key) => void views.refresh(key),
    serviceInfo: (key, clusters) => serviceInfo(key, { clusters, healthyOnly: false }),
    delayMs: options.pushDelayMs,
  });
  const patternKeyOf = ({ namespace, service }: ServiceKey) => ({ namespace, ...service });
  const servicePatterns = new PatternPushes({
    clock,
    connections,
    words: SERVICE_WORDS,
    keys: () => naming.published().map(patternKeyOf),
    delayMs: options.patternDelayMs,
  });
  const published = new Set<string>();
  naming.onChange((key) => {
    const isThere = naming.isPublished(key);
    if (isThere === published.has(textOf(key))) return;
    if (isThere) published.add(textOf(key));
    else published.delete(textOf(key));
    servicePatterns.changed(patternKeyOf(key), isThere ? 'added' : 'removed');
  });
  const configPatterns = new PatternPushes({
    clock,
    connections,
    words: CONFIG_WORDS,
    keys: () => config.servedRefs().map(patternKeyOfRef),
    delayMs: options.patternDelayMs,
  });
  config.onChange((ref) => {
    configPushes.changed(ref);
    const isThere = config.served(ref) !== undefined;
    configPatterns.changed(patternKeyOfRef(ref), isThere ? 'changed' : 'removed');
  });
  naming.onChange((key) => pushes.toAll(key));
  connections.onGone(({ id }) => {
    servicePatterns.dropConnection(id);
    configPatterns.dropConnection(id);
    listeners.dropConnection(id);
    subscriptions.dropConnection(id);
    naming.dropConnection(id);
  });
  const handlers: RpcHandlers = new Map([
    ...internalHandlers(),
    ...namingHandlers({ store: naming, subscriptions, pushes, serviceInfo }),
    ...patternHandlers([
      { words: SERVICE_WORDS, pushes: servicePatterns },
      { words: CONFIG_WORDS, pushes: configPatterns },
    ]),
    ...configHandlers({ store: config, listeners }),
  ]);
  const forgetEphemeral = (): void => {
    pushes.clear();
    servicePatterns.clear();
    configPatterns.clear();
    published.clear();
    configPushes.clear();
    listeners.clear();
    subscriptions.clear();
    naming.clear();
    views.clear();
  };
  return {
    naming,
    subscriptions,
    config,
    serviceInfo,
    handlers,
    forgetEphemeral,
    close() {
      forgetEphemeral();
      config.close();
    },
  };
}

function patternKeyOfRef({ namespace, group, dataId }: ConfigRef): PatternKey {
  return { namespace, group, name: dataId };
}

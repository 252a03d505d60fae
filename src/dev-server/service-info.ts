/**
 * Owns the JSON of a service's list: which instances a caller gets to see, and how they are written. Used by query,
 * subscribe, pushes and HTTP, so that all of them agree. Source: docs/protocol.md#serviceinfo, #instance
 * (Nacos `ServiceUtil.selectInstances`). Never null, and every field that any known client insists on (trap 23).
 */
import { groupedName } from '../model.js';
import type { JsonObject } from '../wire/json.js';
import { instanceToJson } from '../wire/messages/naming.js';
import type { ServiceKey, StoredInstance } from './store/naming-store.js';

export interface InstanceFilter {
  /** Comma list; empty for all. */
  readonly clusters: string;
  readonly healthyOnly: boolean;
}

/** How long servers tell clients to cache a list. */
const CACHE_MILLIS = 10_000;
const HEARTBEAT_INTERVAL_MS = 5000;
const HEARTBEAT_TIMEOUT_MS = 15_000;
const DELETE_TIMEOUT_MS = 30_000;

/** Clusters first, then only enabled ones, then health. */
export function selectInstances(
  instances: readonly StoredInstance[],
  filter: InstanceFilter,
): readonly StoredInstance[] {
  const clusters = new Set(filter.clusters.split(',').filter((cluster) => cluster !== ''));
  return instances.filter(
    (instance) =>
      (clusters.size === 0 || clusters.has(instance.cluster)) &&
      instance.enabled &&
      (instance.healthy || !filter.healthyOnly),
  );
}

/** `instances` are the selected ones; `nowMs` the server's clock, which must never go back. */
export function serviceInfoJson(
  key: ServiceKey,
  instances: readonly StoredInstance[],
  view: { readonly clusters: string; readonly nowMs: number },
): JsonObject {
  return {
    name: key.service.name,
    groupName: key.service.group,
    clusters: view.clusters,
    cacheMillis: CACHE_MILLIS,
    hosts: instances.map((instance) => storedInstanceJson(key, instance)),
    lastRefTime: view.nowMs,
    checksum: '',
    allIps: false,
    allIPs: false,
    reachProtectionThreshold: false,
    valid: true,
  };
}

export function storedInstanceJson(key: ServiceKey, instance: StoredInstance): JsonObject {
  return {
    instanceId: instance.instanceId,
    ...instanceToJson(instance),
    serviceName: groupedName(key.service),
    instanceHeartBeatInterval: HEARTBEAT_INTERVAL_MS,
    instanceHeartBeatTimeOut: HEARTBEAT_TIMEOUT_MS,
    ipDeleteTimeout: DELETE_TIMEOUT_MS,
    instanceIdGenerator: 'simple',
  };
}

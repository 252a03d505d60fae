/**
 * Owns the naming messages and the JSON of instances and service lists. Used by the naming client and by the dev
 * server. Source: docs/protocol.md#naming (Nacos `api/naming/remote`, `naming/pojo`).
 */
import { DEFAULT_CLUSTER, DEFAULT_GROUP, type Instance, type ServiceRef } from '../../model.js';
import {
  isJsonObject,
  readBoolean,
  readNumber,
  readObjects,
  readString,
  readStringMap,
  type JsonObject,
} from '../json.js';

export const INSTANCE_REQUEST = 'InstanceRequest';
export const INSTANCE_RESPONSE = 'InstanceResponse';
export const BATCH_INSTANCE_REQUEST = 'BatchInstanceRequest';
export const BATCH_INSTANCE_RESPONSE = 'BatchInstanceResponse';
export const SERVICE_QUERY_REQUEST = 'ServiceQueryRequest';
/** Not `ServiceQueryResponse`. */
export const QUERY_SERVICE_RESPONSE = 'QueryServiceResponse';
export const SUBSCRIBE_SERVICE_REQUEST = 'SubscribeServiceRequest';
export const SUBSCRIBE_SERVICE_RESPONSE = 'SubscribeServiceResponse';
export const SERVICE_LIST_REQUEST = 'ServiceListRequest';
export const SERVICE_LIST_RESPONSE = 'ServiceListResponse';
export const NOTIFY_SUBSCRIBER_REQUEST = 'NotifySubscriberRequest';
export const NOTIFY_SUBSCRIBER_RESPONSE = 'NotifySubscriberResponse';

export const REGISTER_INSTANCE = 'registerInstance';
export const DEREGISTER_INSTANCE = 'deregisterInstance';
export const BATCH_REGISTER_INSTANCE = 'batchRegisterInstance';

/** The list of a service as servers send it. */
export interface ServiceInfo {
  readonly service: ServiceRef;
  /** Echo of the cluster filter; empty for all. */
  readonly clusters: string;
  readonly hosts: readonly Instance[];
  /** The server's clock in ms when it built the list. */
  readonly lastRefTime: number;
  readonly reachProtectionThreshold: boolean;
}

/** Every field that any known server insists on; `serviceName` is left out (docs/protocol.md#instance). */
export function instanceToJson(instance: Instance): JsonObject {
  return {
    ip: instance.ip,
    port: instance.port,
    weight: instance.weight,
    healthy: instance.healthy,
    enabled: instance.enabled,
    ephemeral: instance.ephemeral,
    clusterName: instance.cluster,
    metadata: instance.metadata,
  };
}

export function readInstance(json: JsonObject): Instance {
  return Object.freeze({
    ip: readString(json, 'ip'),
    port: readNumber(json, 'port'),
    weight: readNumber(json, 'weight', 1),
    healthy: readBoolean(json, 'healthy', true),
    enabled: readBoolean(json, 'enabled', true),
    ephemeral: readBoolean(json, 'ephemeral', true),
    cluster: readString(json, 'clusterName') || DEFAULT_CLUSTER,
    metadata: Object.freeze(readStringMap(json, 'metadata')),
  });
}

/**
 * Reads the `serviceInfo` of a body; undefined when there is none. The HTTP list and some servers
 * write `group@@name` into `name`: both spellings are understood.
 */
export function readServiceInfo(body: JsonObject): ServiceInfo | undefined {
  const info = body['serviceInfo'];
  if (!isJsonObject(info)) return undefined;
  return {
    service: splitGroupedName(readString(info, 'name'), readString(info, 'groupName')),
    clusters: readString(info, 'clusters'),
    hosts: readObjects(info, 'hosts').map(readInstance),
    lastRefTime: readNumber(info, 'lastRefTime'),
    reachProtectionThreshold: readBoolean(info, 'reachProtectionThreshold'),
  };
}

/** `group@@name` or a plain name with its group beside it. */
export function splitGroupedName(name: string, group: string): ServiceRef {
  const cut = name.indexOf('@@');
  if (cut >= 0) return { group: name.slice(0, cut) || DEFAULT_GROUP, name: name.slice(cut + 2) };
  return { group: group || DEFAULT_GROUP, name };
}

/**
 * Owns the naming messages and the JSON of instances and service lists. Used by the naming client and by the dev
 * server. Source: docs/protocol.md#naming (Nacos `api/naming/remote`, `naming/pojo`).
 */
import { ConfigError } from '../../errors.js';
import { DEFAULT_CLUSTER, DEFAULT_GROUP, type Instance, type ServiceRef } from '../../model.js';
import {
  isJsonObject,
  readBoolean,
  readNumber,
  readObjects,
  readString,
  readStringMap,
  readStrings,
  type JsonObject,
} from '../json.js';

export const INSTANCE_REQUEST = 'InstanceRequest';
export const INSTANCE_RESPONSE = 'InstanceResponse';
/** Answered by an InstanceResponse too. */
export const PERSISTENT_INSTANCE_REQUEST = 'PersistentInstanceRequest';
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

/** Key of the ability table of servers from 2.3 on. */
export const PERSISTENT_BY_GRPC_ABILITY = 'supportPersistentInstanceByGrpc';

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

/**
 * Every field that any known server insists on; `serviceName` is left out (docs/protocol.md#instance).
 * @throws ConfigError INVALID_INSTANCE for a number that JSON cannot hold: it would become null.
 */
export function instanceToJson(instance: Instance): JsonObject {
  if (!Number.isFinite(instance.port) || !Number.isFinite(instance.weight)) {
    throw new ConfigError(
      'INVALID_INSTANCE',
      'port and weight of an instance must be finite numbers',
    );
  }
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

/** A service with the namespace of its client: never empty on the wire, r-nacos mistakes an empty one. */
export interface NamingTarget {
  readonly namespace: string;
  readonly service: ServiceRef;
}

/** Body of an InstanceRequest or a PersistentInstanceRequest. Of ephemeral ones a server has one record per connection and service: see docs/protocol.md#trap-10. */
export function instanceBody(
  target: NamingTarget,
  type: typeof REGISTER_INSTANCE | typeof DEREGISTER_INSTANCE,
  instance: Instance,
): JsonObject {
  return {
    namespace: target.namespace,
    serviceName: target.service.name,
    groupName: target.service.group,
    type,
    instance: instanceToJson(instance),
  };
}

/** Body of a BatchInstanceRequest: all that the connection publishes for the service from now on. */
export function batchBody(target: NamingTarget, instances: readonly Instance[]): JsonObject {
  return {
    ...targetBody(target),
    type: BATCH_REGISTER_INSTANCE,
    instances: instances.map(instanceToJson),
  };
}

/** Clusters stay empty: a server keeps one filter per connection and service (docs/protocol.md#trap-11). */
export function subscribeBody(target: NamingTarget, subscribe: boolean): JsonObject {
  return { ...targetBody(target), subscribe, clusters: '' };
}

export interface ServiceQueryFilter {
  readonly clusters?: readonly string[];
  readonly healthyOnly?: boolean;
}

export function serviceQueryBody(
  target: NamingTarget,
  filter: ServiceQueryFilter = {},
): JsonObject {
  const { clusters = [], healthyOnly = false } = filter;
  return { ...targetBody(target), cluster: clusters.join(','), healthyOnly, udpPort: 0 };
}

export interface ServiceListPage {
  readonly namespace: string;
  readonly group: string;
  /** 1-based. */
  readonly page: number;
  readonly pageSize: number;
}

export function serviceListBody(list: ServiceListPage): JsonObject {
  return {
    namespace: list.namespace,
    groupName: list.group,
    serviceName: '',
    pageNo: list.page,
    pageSize: list.pageSize,
    selector: '',
  };
}

export interface ServiceList {
  /** All services of the group, not only those of this page. */
  readonly count: number;
  /** Plain names, without their group. */
  readonly names: readonly string[];
}

export function readServiceList(body: JsonObject): ServiceList {
  return { count: readNumber(body, 'count'), names: readStrings(body, 'serviceNames') };
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

function targetBody(target: NamingTarget): JsonObject {
  return {
    namespace: target.namespace,
    groupName: target.service.group,
    serviceName: target.service.name,
  };
}

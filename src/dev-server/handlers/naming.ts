/**
 * Owns the naming requests: register, batch, query, subscribe, list. Called by the request order, which has checked
 * shape and parameters through what is given here. State lives in the stores.
 * Source: docs/protocol.md#naming, #registration (Nacos `naming/remote/rpc/handler`).
 */
import {
  isJsonObject,
  readBoolean,
  readNumber,
  readObjects,
  readString,
  type JsonObject,
} from '../../wire/json.js';
import {
  ERROR_CLIENT_DISCONNECTED,
  ERROR_INVALID_PARAM,
  RESULT_FAIL,
  successBody,
} from '../../wire/messages/common.js';
import {
  BATCH_INSTANCE_REQUEST,
  BATCH_REGISTER_INSTANCE,
  DEREGISTER_INSTANCE,
  INSTANCE_REQUEST,
  readInstance,
  REGISTER_INSTANCE,
  SERVICE_LIST_REQUEST,
  SERVICE_QUERY_REQUEST,
  SUBSCRIBE_SERVICE_REQUEST,
} from '../../wire/messages/naming.js';
import type { Connection } from '../connections.js';
import { checkInstances, checkNaming, instanceFault, type NamingParams } from '../param-check.js';
import type { NamingPushes } from '../pushes.js';
import { rejection } from '../rejection.js';
import { requireFields, requireInstance, requireInstances } from '../request-shape.js';
import type { RpcCall, RpcHandler } from '../rpc.js';
import type { InstanceFilter } from '../service-info.js';
import {
  toStored,
  type NamingStore,
  type ServiceKey,
  type StoredInstance,
} from '../store/naming-store.js';
import type { Subscriptions } from '../store/subscriptions.js';

export interface NamingHandlerParts {
  readonly store: NamingStore;
  readonly subscriptions: Subscriptions;
  readonly pushes: NamingPushes;
  readonly serviceInfo: (key: ServiceKey, filter: InstanceFilter) => JsonObject;
}

/** `module` which a connection must have said in its setup to publish and to subscribe. */
const NAMING_MODULE = 'naming';
const TARGET_FIELDS = ['namespace', 'groupName', 'serviceName'] as const;

export function namingHandlers(parts: NamingHandlerParts): ReadonlyMap<string, RpcHandler> {
  return new Map<string, RpcHandler>([
    [INSTANCE_REQUEST, instanceHandler(parts)],
    [BATCH_INSTANCE_REQUEST, batchHandler(parts)],
    [SERVICE_QUERY_REQUEST, queryHandler(parts)],
    [SUBSCRIBE_SERVICE_REQUEST, subscribeHandler(parts)],
    [SERVICE_LIST_REQUEST, listHandler(parts)],
  ]);
}

function instanceHandler({ store }: NamingHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', [...TARGET_FIELDS, 'type']);
      requireInstance(body['instance']);
    },
    checkParams: (body) => checkNaming(paramsOf(body)) ?? checkInstances(instancesOf(body)),
    handle({ body, connection }) {
      const key = publishedKeyOf(body, connection);
      const type = readString(body, 'type');
      if (type === REGISTER_INSTANCE) {
        store.publish(connection.id, key, acceptedInstances(key, body));
      } else if (type === DEREGISTER_INSTANCE) {
        store.unpublish(connection.id, key);
      } else {
        throw unsupported(type);
      }
      return successBody({ type });
    },
  };
}

function batchHandler({ store }: NamingHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', [...TARGET_FIELDS, 'type']);
      requireInstances(body, 'instances');
    },
    checkParams: (body) => checkNaming(paramsOf(body)) ?? checkInstances(instancesOf(body)),
    handle({ body, connection }) {
      const key = publishedKeyOf(body, connection);
      const type = readString(body, 'type');
      if (type !== BATCH_REGISTER_INSTANCE) throw unsupported(type);
      store.publish(connection.id, key, acceptedInstances(key, body));
      return successBody({ type });
    },
  };
}

function queryHandler({ serviceInfo }: NamingHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', TARGET_FIELDS);
    },
    checkParams: (body) =>
      checkNaming({ ...paramsOf(body), clusters: readString(body, 'cluster') }),
    handle({ body }) {
      const clusters = readString(body, 'cluster');
      const filter = { clusters, healthyOnly: readBoolean(body, 'healthyOnly') };
      return successBody({ serviceInfo: serviceInfo(keyOf(body), filter) });
    },
  };
}

function subscribeHandler(parts: NamingHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', TARGET_FIELDS);
      requireFields(body, 'boolean', ['subscribe']);
    },
    checkParams: (body) =>
      checkNaming({ ...paramsOf(body), clusters: readString(body, 'clusters') }),
    handle: (call) => subscribe(parts, call),
  };
}

/** Both ways answer with the present list. Only a new subscription also gets a push (trap 12). */
function subscribe(parts: NamingHandlerParts, { body, connection }: RpcCall): JsonObject {
  const key = publishedKeyOf(body, connection);
  const clusters = readString(body, 'clusters');
  if (!readBoolean(body, 'subscribe')) {
    parts.subscriptions.remove(connection.id, key);
  } else if (parts.subscriptions.add(connection.id, key, clusters)) {
    parts.pushes.toOne(key, connection.id);
  }
  const serviceInfo = parts.serviceInfo(key, { clusters, healthyOnly: false });
  return successBody({ message: 'success', serviceInfo });
}

function listHandler({ store }: NamingHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', ['namespace', 'groupName']);
      requireFields(body, 'number', ['pageNo', 'pageSize']);
    },
    failureFields: { count: 0 },
    checkParams: (body) => checkNaming(paramsOf(body)),
    handle({ body }) {
      const { namespace, groupName } = paramsOf(body);
      const page = { page: readNumber(body, 'pageNo', 1), pageSize: readNumber(body, 'pageSize') };
      const { count, names } = store.list(namespace, groupName, page);
      return successBody({ count, serviceNames: names });
    },
  };
}

/**
 * The service of a request that makes the connection a publisher or a subscriber.
 * A connection of another module is no naming client at all for the server, whatever it asks (trap 3).
 */
function publishedKeyOf(body: JsonObject, connection: Connection): ServiceKey {
  const key = keyOf(body);
  const { group, name } = key.service;
  if (name === '') throw blank('serviceName');
  if (group === '') throw blank('groupName');
  if (connection.module !== NAMING_MODULE) {
    throw rejection(
      ERROR_CLIENT_DISCONNECTED,
      `Client [${connection.id}] connection already disconnect, can't register ephemeral instance.`,
    );
  }
  return key;
}

/** The instances of a request as they are stored, if real servers take them. */
function acceptedInstances(key: ServiceKey, body: JsonObject): readonly StoredInstance[] {
  return jsonInstancesOf(body).map((json) => {
    const instance = readInstance(json);
    const fault = instanceFault(instance);
    if (fault !== undefined) throw rejection(ERROR_INVALID_PARAM, fault);
    return toStored(key, instance, readString(json, 'instanceId'));
  });
}

function instancesOf(body: JsonObject) {
  return jsonInstancesOf(body).map(readInstance);
}

/** Of a single or of a batch request. */
function jsonInstancesOf(body: JsonObject): readonly JsonObject[] {
  const single = body['instance'];
  return isJsonObject(single) ? [single] : readObjects(body, 'instances');
}

function paramsOf(body: JsonObject): NamingParams {
  return {
    namespace: readString(body, 'namespace'),
    serviceName: readString(body, 'serviceName'),
    groupName: readString(body, 'groupName'),
  };
}

/** As sent: '' is neither the default namespace nor the default group, and finds nothing of theirs. */
function keyOf(body: JsonObject): ServiceKey {
  const { namespace, groupName, serviceName } = paramsOf(body);
  return { namespace, service: { group: groupName, name: serviceName } };
}

function blank(field: string): Error {
  return rejection(RESULT_FAIL, `Param '${field}' is illegal, ${field} is blank`);
}

function unsupported(type: string): Error {
  return rejection(ERROR_INVALID_PARAM, `Unsupported request type ${type}`);
}

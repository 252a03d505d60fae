/**
 * Owns the naming requests: register, batch, query, subscribe, list. Called by the request order, which has checked
 * shape and parameters through what is given here. State lives in the stores.
 * Source: docs/protocol.md#naming, #registration (Nacos `naming/remote/rpc/handler`).
 */
import { ServerError } from '../../errors.js';
import {
  DEFAULT_CLUSTER,
  DEFAULT_GROUP,
  DEFAULT_NAMESPACE,
  groupedName,
  type Instance,
} from '../../model.js';
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
import { checkInstance, checkInstances, checkNaming } from '../param-check.js';
import type { NamingPushes } from '../pushes.js';
import { requireFields, requireInstance, requireInstances } from '../request-shape.js';
import type { RpcCall, RpcHandler } from '../rpc.js';
import type { InstanceFilter } from '../service-info.js';
import type { NamingStore, ServiceKey, StoredInstance } from '../store/naming-store.js';
import type { Subscriptions } from '../store/subscriptions.js';

export interface NamingHandlerParts {
  readonly store: NamingStore;
  readonly subscriptions: Subscriptions;
  readonly pushes: NamingPushes;
  readonly serviceInfo: (key: ServiceKey, filter: InstanceFilter) => JsonObject;
}

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
    checkShape: (body) => {
      requireInstance(body['instance']);
    },
    checkParams: (body) => checkNaming(namingParams(body)) ?? checkInstance(instanceOf(body)),
    handle: ({ body, connection }) => {
      const key = keyOf(body);
      const type = readString(body, 'type');
      if (type === REGISTER_INSTANCE) {
        requireNamingConnection(connection, 'register ephemeral instance');
        store.publish(connection.id, key, [
          toStored(key, instanceOf(body), instanceIdOf(body['instance'])),
        ]);
      } else if (type === DEREGISTER_INSTANCE) {
        requireNamingConnection(connection, 'deregister ephemeral instance');
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
    checkShape: (body) => {
      requireInstances(body, 'instances');
    },
    checkParams: (body) =>
      checkNaming(namingParams(body)) ??
      checkInstances(readObjects(body, 'instances').map(readInstance)),
    handle: ({ body, connection }) => {
      const key = keyOf(body);
      const type = readString(body, 'type');
      if (type !== BATCH_REGISTER_INSTANCE) throw unsupported(type);
      requireNamingConnection(connection, 'batch register ephemeral instance');
      const instances = readObjects(body, 'instances').map((json) =>
        toStored(key, readInstance(json), instanceIdOf(json)),
      );
      store.publish(connection.id, key, instances);
      return successBody({ type });
    },
  };
}

function queryHandler({ serviceInfo }: NamingHandlerParts): RpcHandler {
  return {
    checkParams: (body) =>
      checkNaming({ ...namingParams(body), clusters: readString(body, 'cluster') }),
    handle: ({ body }) => {
      const clusters = readString(body, 'cluster');
      const filter = { clusters, healthyOnly: readBoolean(body, 'healthyOnly') };
      return successBody({ serviceInfo: serviceInfo(keyOf(body), filter) });
    },
  };
}

function subscribeHandler(parts: NamingHandlerParts): RpcHandler {
  return {
    checkShape: (body) => {
      requireFields(body, 'boolean', ['subscribe']);
    },
    checkParams: (body) =>
      checkNaming({ ...namingParams(body), clusters: readString(body, 'clusters') }),
    handle: (call) => subscribe(parts, call),
  };
}

/** Both ways answer with the present list. Only a new subscription also gets a push (trap 12). */
function subscribe(parts: NamingHandlerParts, { body, connection }: RpcCall): JsonObject {
  const key = keyOf(body);
  const clusters = readString(body, 'clusters');
  if (readBoolean(body, 'subscribe')) {
    requireNamingConnection(connection, 'subscribe service');
    const isNew = parts.subscriptions.add(connection.id, key, clusters);
    if (isNew) parts.pushes.toOne(key, connection.id);
  } else {
    requireNamingConnection(connection, 'unsubscribe service');
    parts.subscriptions.remove(connection.id, key);
  }
  const serviceInfo = parts.serviceInfo(key, { clusters, healthyOnly: false });
  return successBody({ message: 'success', serviceInfo });
}

function listHandler({ store }: NamingHandlerParts): RpcHandler {
  return {
    checkShape: (body) => {
      requireFields(body, 'number', ['pageNo', 'pageSize']);
    },
    checkParams: (body) => checkNaming(namingParams(body)),
    handle: ({ body }) => {
      const { namespace, service } = keyOf(body);
      const page = readNumber(body, 'pageNo', 1);
      const { count, names } = store.list(
        namespace,
        service.group,
        page,
        readNumber(body, 'pageSize'),
      );
      return successBody({ count, serviceNames: names });
    },
  };
}

/** A connection of another module has no naming client on the server (docs/protocol.md#server-list). */
function requireNamingConnection(connection: Connection, what: string): void {
  if (connection.module === 'naming') return;
  throw new ServerError(
    'SERVER_REJECTED',
    `Client [${connection.id}] connection already disconnect, can't ${what}.`,
    { resultCode: ERROR_CLIENT_DISCONNECTED, errorCode: ERROR_CLIENT_DISCONNECTED },
  );
}

function unsupported(type: string): ServerError {
  return new ServerError('SERVER_REJECTED', `Unsupported request type ${type}`, {
    resultCode: ERROR_INVALID_PARAM,
    errorCode: ERROR_INVALID_PARAM,
  });
}

function namingParams(body: JsonObject): {
  namespace: string;
  serviceName: string;
  groupName: string;
} {
  return {
    namespace: readString(body, 'namespace'),
    serviceName: readString(body, 'serviceName'),
    groupName: readString(body, 'groupName'),
  };
}

// Blank means the default, so `||` and not `??`.
function keyOf(body: JsonObject): ServiceKey {
  return {
    namespace: readString(body, 'namespace') || DEFAULT_NAMESPACE,
    service: {
      group: readString(body, 'groupName') || DEFAULT_GROUP,
      name: readString(body, 'serviceName'),
    },
  };
}

function instanceOf(body: JsonObject): Instance {
  const json = body['instance'];
  return readInstance(isJsonObject(json) ? json : {});
}

function instanceIdOf(json: unknown): string {
  return isJsonObject(json) ? readString(json, 'instanceId') : '';
}

/** `ephemeral` is a matter of the service, and all of ours are; the id is filled in when there is none. */
function toStored(key: ServiceKey, instance: Instance, instanceId: string): StoredInstance {
  const cluster = instance.cluster || DEFAULT_CLUSTER;
  const { ip, port } = instance;
  const generated = `${ip}#${String(port)}#${cluster}#${groupedName(key.service)}`;
  return Object.freeze({
    ...instance,
    cluster,
    ephemeral: true,
    instanceId: instanceId || generated,
  });
}

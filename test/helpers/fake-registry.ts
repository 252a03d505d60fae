/**
 * Owns what a scripted server holds, in the two ways that real servers have: `replacing` as Nacos (one record for each connection
 * and service, a request replaces it) and `adding` as r-nacos (rows by address, each with its owner; a batch adds). It only
 * answers; pushes are sent when a test says so.
 */
import { isJsonObject, readObjects, readString, type JsonObject } from '../../src/wire/json.js';
import type { FakeConnection, FakeServer, Reply, Sent } from './fake-transport.js';

interface Row {
  readonly owner: FakeConnection;
  readonly instance: JsonObject;
}

export interface FakeRegistry {
  /** `ip:port` of everything that a service has, sorted. */
  rows(service: string): readonly string[];
  /** The rows themselves. */
  instances(service: string): readonly JsonObject[];
  /** Connections that are subscribed to a service. */
  subscribers(service: string): readonly FakeConnection[];
  /** Carries out a naming request; what a scripted answer calls when it answers otherwise. */
  carryOut(request: Sent, connection: FakeConnection): Reply;
  /** Sends the present list to every subscriber of a service. */
  push(service: string): void;
  /** Replaces what a service has by rows of nobody. */
  put(service: string, instances: readonly JsonObject[]): void;
}

/** As r-nacos does with a row of the same connection; on Nacos there never is one. */
function update(old: Row, now: JsonObject): JsonObject {
  return {
    ...now,
    weight: now['weight'] === 1 ? old.instance['weight'] : now['weight'],
    enabled: now['enabled'] === true ? old.instance['enabled'] : false,
  };
}

export function aRegistry(server: FakeServer, kind: 'replacing' | 'adding'): FakeRegistry {
  const rows = new Map<string, Map<string, Row>>();
  const foreign = new Map<string, readonly JsonObject[]>();
  const subscribed = new Map<string, Set<FakeConnection>>();
  let serverMs = 5_000;
  server.negotiates = kind === 'replacing';

  const of = (service: string): Map<string, Row> => {
    const known = rows.get(service) ?? new Map<string, Row>();
    rows.set(service, known);
    return known;
  };
  const addressOf = (instance: JsonObject): string =>
    `${readString(instance, 'ip')}:${String(instance['port'])}`;
  // On Nacos two connections may hold the same address; the key says whose row it is.
  const keyOf = (instance: JsonObject, owner: FakeConnection): string =>
    kind === 'adding'
      ? addressOf(instance)
      : `${String(server.connections.indexOf(owner))} ${addressOf(instance)}`;
  const clear = (service: string, owner: FakeConnection): void => {
    for (const [key, row] of of(service)) if (row.owner === owner) of(service).delete(key);
  };
  const publish = (service: string, owner: FakeConnection, list: readonly JsonObject[]): void => {
    if (kind === 'replacing') clear(service, owner);
    for (const instance of list) {
      const key = keyOf(instance, owner);
      const known = of(service).get(key);
      const old = known?.owner === owner ? known : undefined;
      of(service).set(key, {
        owner,
        instance: old === undefined ? instance : update(old, instance),
      });
    }
  };
  const instances = (service: string): readonly JsonObject[] => [
    ...[...of(service).values()].map((row) => row.instance),
    ...(foreign.get(service) ?? []),
  ];
  const infoOf = (service: string): JsonObject => ({
    name: service,
    groupName: 'DEFAULT_GROUP',
    clusters: '',
    hosts: instances(service),
    lastRefTime: (serverMs += 1),
    reachProtectionThreshold: false,
  });

  const carryOut = (request: Sent, connection: FakeConnection): Reply => {
    const service = readString(request.body, 'serviceName');
    const type = readString(request.body, 'type');
    switch (request.type) {
      case 'InstanceRequest': {
        const instance = request.body['instance'];
        if (!isJsonObject(instance)) throw new TypeError('no instance');
        if (type === 'registerInstance') publish(service, connection, [instance]);
        else if (kind === 'replacing') clear(service, connection);
        else of(service).delete(addressOf(instance));
        return { body: server.success({ type }) };
      }
      case 'BatchInstanceRequest':
        publish(service, connection, readObjects(request.body, 'instances'));
        return { body: server.success({ type }) };
      case 'SubscribeServiceRequest': {
        const followers = subscribed.get(service) ?? new Set();
        subscribed.set(service, followers);
        if (request.body['subscribe'] === true) followers.add(connection);
        else followers.delete(connection);
        return { body: server.success({ serviceInfo: infoOf(service) }) };
      }
      case 'ServiceQueryRequest':
        return { body: server.success({ serviceInfo: infoOf(service) }) };
      default:
        return server.usual(request);
    }
  };

  for (const type of [
    'InstanceRequest',
    'BatchInstanceRequest',
    'SubscribeServiceRequest',
    'ServiceQueryRequest',
  ]) {
    server.answers.set(type, carryOut);
  }
  server.onClosed = (connection) => {
    for (const service of rows.keys()) clear(service, connection);
    for (const followers of subscribed.values()) followers.delete(connection);
  };
  return {
    rows: (service) => [...new Set(instances(service).map(addressOf))].sort(),
    instances,
    subscribers: (service) => [...(subscribed.get(service) ?? [])],
    carryOut,
    push: (service) => {
      const info = infoOf(service);
      for (const connection of subscribed.get(service) ?? []) {
        connection.push('NotifySubscriberRequest', { requestId: 'p1', serviceInfo: info });
      }
    },
    put: (service, list) => void foreign.set(service, list),
  };
}

/** An instance as servers list it. */
export function aHost(address: string, extra: JsonObject = {}): JsonObject {
  const [ip = '', port = ''] = address.split(':');
  return {
    ip,
    port: Number(port),
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    clusterName: 'DEFAULT',
    metadata: {},
    ...extra,
  };
}

/**
 * Owns reading services over HTTP: the lists of v1 and v3. For people, scripts and live tests; clients use gRPC.
 * Source: docs/protocol.md#http-naming.
 */
import { DEFAULT_GROUP, DEFAULT_NAMESPACE, groupedName } from '../../model.js';
import { readObjects, type JsonObject } from '../../wire/json.js';
import { splitGroupedName } from '../../wire/messages/naming.js';
import { checkNaming } from '../param-check.js';
import type { InstanceFilter } from '../service-info.js';
import type { NamingStore, ServiceKey } from '../store/naming-store.js';
import {
  missingParameter,
  result,
  resultFailure,
  text,
  type HttpAnswer,
  type HttpQuery,
  type HttpRoutes,
} from './router.js';

export interface NamingRouteParts {
  readonly store: NamingStore;
  readonly serviceInfo: (key: ServiceKey, filter: InstanceFilter) => JsonObject;
}

const PARAMETER_ERROR = 10_001;

export function namingRoutes({ store, serviceInfo }: NamingRouteParts): HttpRoutes {
  const list = (query: HttpQuery): HttpAnswer => {
    if (query('serviceName') === '') return text(400, "Param 'serviceName' is required.");
    const key = keyOf(query);
    const clusters = query('clusters');
    const wrong = fault(key, clusters);
    if (wrong !== undefined) return text(400, wrong);
    const info = serviceInfo(key, { clusters, healthyOnly: query('healthyOnly') === 'true' });
    // Over HTTP the name has its group in it.
    return { status: 200, body: { ...info, name: groupedName(key.service) } };
  };
  const clientList = (query: HttpQuery): HttpAnswer => {
    if (query('serviceName') === '') return missingParameter('serviceName');
    const key = keyOf(query);
    const clusters = query('clusterName');
    const wrong = fault(key, clusters);
    if (wrong !== undefined) {
      return resultFailure({ status: 400, code: PARAMETER_ERROR, message: wrong });
    }
    const filter = { clusters, healthyOnly: query('healthyOnly') === 'true' };
    return result(readObjects(serviceInfo(key, filter), 'hosts'));
  };
  const services = (query: HttpQuery): HttpAnswer => {
    for (const name of ['pageNo', 'pageSize']) {
      if (query(name) === '') return text(400, `Param '${name}' is required.`);
    }
    const page = { page: numberOf(query('pageNo')), pageSize: numberOf(query('pageSize')) };
    const { count, names } = store.list(namespaceOf(query), groupOf(query), page);
    return { status: 200, body: { count, doms: names } };
  };
  return new Map([
    ['/nacos/v1/ns/instance/list', list],
    ['/nacos/v3/client/ns/instance/list', clientList],
    ['/nacos/v1/ns/service/list', services],
  ]);
}

function fault({ namespace, service }: ServiceKey, clusters: string): string | undefined {
  return checkNaming({ namespace, serviceName: service.name, groupName: service.group, clusters });
}

function keyOf(query: HttpQuery): ServiceKey {
  return {
    namespace: namespaceOf(query),
    service: splitGroupedName(query('serviceName'), groupOf(query)),
  };
}

// A parameter that is given but empty means the default, as one that is not given.
function namespaceOf(query: HttpQuery): string {
  return query('namespaceId') || DEFAULT_NAMESPACE;
}

function groupOf(query: HttpQuery): string {
  return query('groupName') || DEFAULT_GROUP;
}

function numberOf(value: string): number {
  const number = Number(value);
  return Number.isInteger(number) && number > 0 ? number : 0;
}

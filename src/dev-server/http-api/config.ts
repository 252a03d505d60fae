/**
 * Owns reading configs over HTTP, v1 and v3, and what a console shows of them: the list and the history. For people, scripts and tests, and for
 * what gRPC has no request for. Source: docs/protocol.md#http-config.
 */
import type { ConfigRef } from '../../wire/messages/config.js';
import type { JsonObject } from '../../wire/json.js';
import { namespaceOfTenant, tenantOf } from '../../wire/messages/config.js';
import { matchesPattern } from '../../wire/messages/fuzzy-watch.js';
import { checkConfig } from '../param-check.js';
import type { HistoryEntry } from '../store/config-history.js';
import type { ConfigStore } from '../store/config-store.js';
import type { StoredConfig } from '../store/stored-config.js';
import { configBody } from '../handlers/config.js';
import {
  missingParameter,
  result,
  resultFailure,
  text,
  type HttpAnswer,
  type HttpQuery,
  type HttpRoute,
  type HttpRoutes,
} from './router.js';

const PARAMETER_ERROR = 10_001;
const RESOURCE_NOT_FOUND = 20_004;
const DEFAULT_PAGE_SIZE = 100;

export function configRoutes(store: ConfigStore): HttpRoutes {
  const raw = (query: HttpQuery): HttpAnswer => {
    if (query('search') !== '') return { status: 200, body: listOf(query, 'v1') };
    for (const name of ['dataId', 'group']) {
      if (query(name) === '') return text(400, `Required parameter '${name}' is not present.`);
    }
    const ref = refOf(query('tenant'), query('group'), query('dataId'));
    const wrong = checkConfig({ tenant: ref.namespace, group: ref.group, dataId: ref.dataId });
    if (wrong !== undefined) return text(400, wrong);
    const config = store.served(ref);
    if (config === undefined) return text(404, 'config data not exist');
    const headers = {
      'Config-Type': config.contentType,
      'Content-MD5': config.md5,
      'Last-Modified': new Date(config.lastModifiedMs).toUTCString(),
      'Encrypted-Data-Key': config.encryptedDataKey,
    };
    return { status: 200, headers, body: config.content };
  };
  const client = (query: HttpQuery): HttpAnswer => {
    for (const name of ['dataId', 'groupName']) {
      if (query(name) === '') return missingParameter(name);
    }
    const ref = refOf(query('namespaceId'), query('groupName'), query('dataId'));
    const wrong = checkConfig({ tenant: ref.namespace, group: ref.group, dataId: ref.dataId });
    if (wrong !== undefined) {
      return resultFailure({ status: 400, code: PARAMETER_ERROR, message: wrong });
    }
    const config = store.served(ref);
    // 200: the code inside is what says that it is not there.
    return config === undefined
      ? resultFailure({ status: 200, code: RESOURCE_NOT_FOUND, message: 'resource not found' })
      : result(configBody(config));
  };
  const listOf = (query: HttpQuery, version: 'v1' | 'v3'): JsonObject => {
    const namespace = namespaceOfTenant(query(version === 'v1' ? 'tenant' : 'namespaceId'));
    const group = query(version === 'v1' ? 'group' : 'groupName') || '*';
    const pattern = { namespace, group, name: query('dataId') || '*' };
    const found = store
      .list(namespace)
      .filter(({ ref }) => matchesPattern(pattern, { ...ref, name: ref.dataId }));
    return pageOf(found, query, version === 'v1' ? listedBefore3 : listed);
  };
  const historyOf = (query: HttpQuery): readonly HistoryEntry[] => {
    const tenant = query('namespaceId') || query('tenant');
    return store.history.of(refOf(tenant, query('groupName') || query('group'), query('dataId')));
  };
  const historyBefore3 = (query: HttpQuery): HttpAnswer => {
    if (query('search') !== '') {
      return { status: 200, body: pageOf(historyOf(query), query, historyListedBefore3) };
    }
    const entry = historyOf(query).find(({ id }) => String(id) === query('nid'));
    // Nothing at all, as on 2.5.1.
    if (entry === undefined) return text(200, '');
    const { content, encryptedDataKey } = entry.config;
    return { status: 200, body: { ...historyListedBefore3(entry), content, encryptedDataKey } };
  };
  const historyEntry = (query: HttpQuery): HttpAnswer => {
    const entry = historyOf(query).find(({ id }) => String(id) === query('nid'));
    if (entry === undefined) {
      const message = 'certificate of the history entry is not found';
      return resultFailure({ status: 404, code: RESOURCE_NOT_FOUND, message });
    }
    const { content, encryptedDataKey } = entry.config;
    return result({ ...historyListed(entry), content, encryptedDataKey });
  };
  return new Map<string, HttpRoute>([
    ['/nacos/v1/cs/configs', raw],
    ['/nacos/v1/cs/history', historyBefore3],
    ['/nacos/v3/client/cs/config', client],
    ['/nacos/v3/admin/cs/config/list', (query) => result(listOf(query, 'v3'))],
    [
      '/nacos/v3/admin/cs/history/list',
      (query) => result(pageOf(historyOf(query), query, historyListed)),
    ],
    ['/nacos/v3/admin/cs/history', historyEntry],
  ]);
}

function pageOf<T>(all: readonly T[], query: HttpQuery, show: (item: T) => JsonObject): JsonObject {
  const pageNumber = Number(query('pageNo')) || 1;
  const size = Number(query('pageSize')) || DEFAULT_PAGE_SIZE;
  const from = (pageNumber - 1) * size;
  return {
    totalCount: all.length,
    pageNumber,
    pagesAvailable: Math.ceil(all.length / size),
    pageItems: all.slice(from, from + size).map(show),
  };
}

function listed({ ref, md5, contentType, appName, lastModifiedMs }: StoredConfig): JsonObject {
  const { namespace, group, dataId } = ref;
  return {
    namespaceId: namespace,
    groupName: group,
    dataId,
    md5,
    type: contentType,
    appName,
    modifyTime: lastModifiedMs,
  };
}

function listedBefore3({ ref, content, contentType, appName }: StoredConfig): JsonObject {
  const { namespace, group, dataId } = ref;
  const tenant = tenantOf(namespace);
  return { tenant, group, dataId, content, md5: null, type: contentType, appName };
}

function historyListedBefore3(entry: HistoryEntry): JsonObject {
  const { operation, config, grayName, atMs } = entry;
  const { namespace, group, dataId } = config.ref;
  return {
    id: String(entry.id),
    dataId,
    group,
    tenant: tenantOf(namespace),
    appName: config.appName,
    srcIp: '',
    srcUser: null,
    // As wide as the column of the database.
    opType: operation.padEnd(10),
    publishType: grayName === '' ? 'formal' : 'gray',
    grayName,
    extInfo: JSON.stringify({ type: config.contentType }),
    lastModifiedTime: new Date(atMs).toISOString(),
  };
}

function historyListed({ id, operation, config, grayName, atMs }: HistoryEntry): JsonObject {
  return {
    ...listed(config),
    id: String(id),
    modifyTime: atMs,
    srcIp: '',
    srcUser: null,
    opType: operation,
    publishType: grayName === '' ? 'formal' : 'gray',
    grayName,
  };
}

function refOf(tenant: string, group: string, dataId: string): ConfigRef {
  return { namespace: namespaceOfTenant(tenant), group, dataId };
}

/**
 * Owns reading configs over HTTP, v1 and v3. For people, scripts and live tests; clients use gRPC.
 * Source: docs/protocol.md#http-config.
 */
import type { ConfigRef } from '../../wire/messages/config.js';
import { namespaceOfTenant } from '../../wire/messages/config.js';
import { checkConfig } from '../param-check.js';
import type { ConfigStore } from '../store/config-store.js';
import { configBody } from '../handlers/config.js';
import {
  missingParameter,
  result,
  resultFailure,
  text,
  type HttpAnswer,
  type HttpQuery,
  type HttpRoutes,
} from './router.js';

const PARAMETER_ERROR = 10_001;
const RESOURCE_NOT_FOUND = 20_004;

export function configRoutes(store: ConfigStore): HttpRoutes {
  const raw = (query: HttpQuery): HttpAnswer => {
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
  return new Map([
    ['/nacos/v1/cs/configs', raw],
    ['/nacos/v3/client/cs/config', client],
  ]);
}

function refOf(tenant: string, group: string, dataId: string): ConfigRef {
  return { namespace: namespaceOfTenant(tenant), group, dataId };
}

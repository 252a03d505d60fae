/**
 * Owns the config requests: query, publish, remove, listen. Called by the request order. State lives in the stores.
 * Source: docs/protocol.md#config (Nacos `config/server/remote`).
 */
import {
  readBoolean,
  readObjects,
  readString,
  readStringMap,
  type JsonObject,
} from '../../wire/json.js';
import {
  ERROR_INVALID_PARAM,
  failureBody,
  RESULT_FAIL,
  successBody,
} from '../../wire/messages/common.js';
import {
  CONFIG_BATCH_LISTEN_REQUEST,
  CONFIG_NOT_FOUND,
  CONFIG_PUBLISH_REQUEST,
  CONFIG_QUERY_REQUEST,
  CONFIG_REMOVE_REQUEST,
  readConfigRef,
} from '../../wire/messages/config.js';
import { additionsFault, checkConfig, publishFault, type ConfigParams } from '../param-check.js';
import { requireFields } from '../request-shape.js';
import type { RpcHandler } from '../rpc.js';
import type { ConfigListeners } from '../store/config-listeners.js';
import type { Audience, ConfigStore } from '../store/config-store.js';
import type { StoredConfig } from '../store/stored-config.js';

export interface ConfigHandlerParts {
  readonly store: ConfigStore;
  readonly listeners: ConfigListeners;
}

const KEY_FIELDS = ['dataId', 'group', 'tenant'] as const;
const CONTENT_TYPES = new Set([
  'properties',
  'xml',
  'json',
  'text',
  'html',
  'yaml',
  'toml',
  'unset',
]);
const DEFAULT_CONTENT_TYPE = 'text';
/** Part of every ConfigQueryResponse, whatever it says. */
const QUERY_FAILURE_FIELDS = { lastModified: 0, beta: false };

export function configHandlers(parts: ConfigHandlerParts): ReadonlyMap<string, RpcHandler> {
  return new Map<string, RpcHandler>([
    [CONFIG_QUERY_REQUEST, queryHandler(parts)],
    [CONFIG_PUBLISH_REQUEST, publishHandler(parts)],
    [CONFIG_REMOVE_REQUEST, removeHandler(parts)],
    [CONFIG_BATCH_LISTEN_REQUEST, listenHandler(parts)],
  ]);
}

function queryHandler({ store }: ConfigHandlerParts): RpcHandler {
  return {
    failureFields: QUERY_FAILURE_FIELDS,
    checkShape(body) {
      requireFields(body, 'string', KEY_FIELDS);
    },
    checkParams: (body) => checkConfig(paramsOf(body)),
    handle({ body, connection }) {
      const tag = readString(body, 'tag');
      const config = store.served(readConfigRef(body), { ip: connection.clientIp, tag });
      if (config !== undefined) return configBody(config);
      // Who asks for a tag which has no content of its own gets nothing, not the formal content.
      return failureBody(CONFIG_NOT_FOUND, 'config data not exist', {
        ...QUERY_FAILURE_FIELDS,
        ...(tag === '' ? {} : { tag }),
      });
    },
  };
}

function publishHandler({ store }: ConfigHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', [...KEY_FIELDS, 'content']);
    },
    checkParams: (body) => checkConfig(paramsOf(body)),
    handle({ body }) {
      const content = readString(body, 'content');
      const fault = publishFault(paramsOf(body), content);
      if (fault !== undefined) return failureBody(ERROR_INVALID_PARAM, fault);
      const additions = readStringMap(body, 'additionMap');
      const unfit = additionsFault(additions);
      if (unfit !== undefined) return failureBody(RESULT_FAIL, unfit);
      const draft = {
        ref: readConfigRef(body),
        content,
        contentType: contentTypeOf(additions['type'] ?? ''),
        encryptedDataKey: additions['encryptedDataKey'] ?? '',
        appName: additions['appName'] ?? '',
      };
      const audience = audienceOf(additions);
      if (audience !== undefined) {
        store.publishGray(draft, audience);
        return successBody();
      }
      return store.publish(draft, readString(body, 'casMd5'))
        ? successBody()
        : failureBody(RESULT_FAIL, 'Cas publish fail, server md5 may have changed.');
    },
  };
}

function removeHandler({ store }: ConfigHandlerParts): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', KEY_FIELDS);
    },
    checkParams: (body) => checkConfig(paramsOf(body)),
    handle({ body }) {
      const fault = publishFault(paramsOf(body));
      // 0, not 400: so it stands on real servers, and a client has to look at resultCode.
      if (fault !== undefined) return failureBody(0, fault);
      const tag = readString(body, 'tag');
      if (tag === '') {
        store.remove(readConfigRef(body));
        return successBody();
      }
      // As on Nacos from 2.5 on: by the name of the version, and one that is not there is an exception in the server.
      return store.removeGray(readConfigRef(body), tag)
        ? successBody()
        : failureBody(0, 'Cannot invoke "ConfigInfoGrayWrapper.getId()": it is null');
    },
  };
}

function listenHandler({ store, listeners }: ConfigHandlerParts): RpcHandler {
  return {
    failureFields: { changedConfigs: [] },
    checkShape(body) {
      requireFields(body, 'boolean', ['listen']);
      requireFields(body, 'array', ['configListenContexts']);
      for (const context of readObjects(body, 'configListenContexts')) {
        requireFields(context, 'string', ['dataId', 'group']);
      }
    },
    checkParams(body) {
      for (const context of readObjects(body, 'configListenContexts')) {
        const wrong = checkConfig(paramsOf(context));
        if (wrong !== undefined) return wrong;
      }
      return undefined;
    },
    handle({ body, connection }) {
      const listen = readBoolean(body, 'listen', true);
      const changedConfigs: JsonObject[] = [];
      for (const context of readObjects(body, 'configListenContexts')) {
        const ref = readConfigRef(context);
        if (listen) listeners.add(connection.id, ref, readString(context, 'tenant'));
        else listeners.remove(connection.id, ref);
        // The key goes back as it came, also the spelling of the default namespace.
        const { group, dataId, tenant } = context;
        const served = store.servedMd5(ref, { ip: connection.clientIp, tag: '' });
        if (listen && served !== readString(context, 'md5')) {
          changedConfigs.push({ group, dataId, tenant });
        }
      }
      return successBody({ changedConfigs });
    },
  };
}

/** A found config as an answer; HTTP shows the same. */
export function configBody(config: StoredConfig): JsonObject {
  return successBody({
    content: config.content,
    encryptedDataKey: config.encryptedDataKey,
    contentType: config.contentType,
    md5: config.md5,
    lastModified: config.lastModifiedMs,
    beta: false,
  });
}

/** A beta goes before a tag. undefined: it is for all. */
function audienceOf(additions: Readonly<Record<string, string>>): Audience | undefined {
  const { betaIps = '', tag = '' } = additions;
  if (betaIps !== '') return { ips: betaIps.split(',').map((ip) => ip.trim()) };
  return tag === '' ? undefined : { tag };
}

function contentTypeOf(type: string): string {
  return CONTENT_TYPES.has(type) ? type : DEFAULT_CONTENT_TYPE;
}

function paramsOf(body: JsonObject): ConfigParams {
  return {
    tenant: readString(body, 'tenant'),
    group: readString(body, 'group'),
    dataId: readString(body, 'dataId'),
  };
}

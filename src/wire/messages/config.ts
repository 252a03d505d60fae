/**
 * Owns the config messages: their names, the bodies a client sends and what it reads. Used by the dev server and
 * by the config client. Content is text here; nobody below this file looks into it.
 * Source: docs/protocol.md#config (Nacos `api/config/remote`).
 */
import { DEFAULT_NAMESPACE } from '../../model.js';
import { readNumber, readObjects, readString, type JsonObject } from '../json.js';

export const CONFIG_QUERY_REQUEST = 'ConfigQueryRequest';
export const CONFIG_QUERY_RESPONSE = 'ConfigQueryResponse';
export const CONFIG_PUBLISH_REQUEST = 'ConfigPublishRequest';
export const CONFIG_PUBLISH_RESPONSE = 'ConfigPublishResponse';
export const CONFIG_REMOVE_REQUEST = 'ConfigRemoveRequest';
export const CONFIG_REMOVE_RESPONSE = 'ConfigRemoveResponse';
export const CONFIG_BATCH_LISTEN_REQUEST = 'ConfigBatchListenRequest';
export const CONFIG_CHANGE_BATCH_LISTEN_RESPONSE = 'ConfigChangeBatchListenResponse';
export const CONFIG_CHANGE_NOTIFY_REQUEST = 'ConfigChangeNotifyRequest';
export const CONFIG_CHANGE_NOTIFY_RESPONSE = 'ConfigChangeNotifyResponse';

/** `errorCode` of a ConfigQueryResponse for an unknown config. The same number means "starting" elsewhere. */
export const CONFIG_NOT_FOUND = 300;
/** `errorCode` of a ConfigQueryResponse while the config is written. Elsewhere: a wrong parameter. */
export const CONFIG_BEING_CHANGED = 400;

/** One config, with its namespace as the caller names it (`public` for the default one). */
export interface ConfigRef {
  readonly namespace: string;
  readonly group: string;
  readonly dataId: string;
}

/** One entry of a listen request. */
export interface ListenContext extends ConfigRef {
  /** Of the content the client has; '' when it has none. */
  readonly md5: string;
}

export interface ConfigContent {
  readonly content: string;
  readonly contentType: string;
  readonly md5: string;
  readonly encryptedDataKey: string;
  /** Server's clock, epoch ms; 0 when it does not say. */
  readonly lastModifiedMs: number;
}

/**
 * The namespace as config requests carry it. Every server takes '' for the default one; `public` is another,
 * empty namespace up to 2.5.0, and on 2.5.1 a listener under that name is never told anything.
 */
export function tenantOf(namespace: string): string {
  return namespace === DEFAULT_NAMESPACE ? '' : namespace;
}

/** The other way: servers leave the default namespace out, or write '' or `public` (docs/protocol.md#trap-18). */
export function namespaceOfTenant(tenant: string): string {
  return tenant === '' ? DEFAULT_NAMESPACE : tenant;
}

/** `tag`: asks for the content that was published for it; r-nacos wants no empty one there. */
export function configQueryBody(config: ConfigRef, tag?: string): JsonObject {
  return tag === undefined ? configKeyBody(config) : { ...configKeyBody(config), tag };
}

/**
 * `additions`: `type`, `appName`, `config_tags`, `desc` and the like; see docs/protocol.md#config. `casMd5`: what the stored content must
 * have; undefined writes in any case.
 */
export function configPublishBody(
  config: ConfigRef,
  content: string,
  additions: Readonly<Record<string, string>> = {},
  casMd5?: string,
): JsonObject {
  const body = { ...configKeyBody(config), content, additionMap: additions };
  return casMd5 === undefined ? body : { ...body, casMd5 };
}

export function configRemoveBody(config: ConfigRef, tag = ''): JsonObject {
  return { ...configKeyBody(config), tag };
}

/** Starts or ends listening; the outer three keys mean nothing, but r-nacos wants them there. */
export function configListenBody(listen: boolean, contexts: readonly ListenContext[]): JsonObject {
  return {
    listen,
    dataId: '',
    group: '',
    tenant: '',
    configListenContexts: contexts.map((context) => ({
      ...configKeyBody(context),
      md5: context.md5,
    })),
  };
}

/** The content of an answer which is a success; judge a failed one with `failureKind`. */
export function readConfigContent(body: JsonObject): ConfigContent {
  return {
    content: readString(body, 'content'),
    contentType: readString(body, 'contentType', 'text'),
    md5: readString(body, 'md5'),
    encryptedDataKey: readString(body, 'encryptedDataKey'),
    lastModifiedMs: readNumber(body, 'lastModified'),
  };
}

/** What differs from the md5 sums of a listen request. */
export function readChangedConfigs(body: JsonObject): readonly ConfigRef[] {
  return readObjects(body, 'changedConfigs').map(readConfigRef);
}

/** The config of a change notify; also reads the key of every config request. */
export function readConfigRef(body: JsonObject): ConfigRef {
  return {
    namespace: namespaceOfTenant(readString(body, 'tenant')),
    group: readString(body, 'group'),
    dataId: readString(body, 'dataId'),
  };
}

function configKeyBody(config: ConfigRef): JsonObject {
  return { dataId: config.dataId, group: config.group, tenant: tenantOf(config.namespace) };
}

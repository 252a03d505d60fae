/**
 * Owns the names of the config messages. Used by the dev server; the config client will read and build their
 * bodies here too. Source: docs/protocol.md#config (Nacos `api/config/remote`).
 */
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

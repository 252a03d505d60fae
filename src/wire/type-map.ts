/**
 * Owns which response class answers which request class. Used by the session, which tells an answer by its
 * type and never by gRPC status (docs/protocol.md#trap-1), and by the dev server for typed failures.
 */
import * as config from './messages/config.js';
import * as connection from './messages/connection.js';
import * as fuzzy from './messages/fuzzy-watch.js';
import * as naming from './messages/naming.js';

export const RESPONSE_OF: Readonly<Record<string, string>> = {
  [connection.SERVER_CHECK_REQUEST]: connection.SERVER_CHECK_RESPONSE,
  [connection.HEALTH_CHECK_REQUEST]: connection.HEALTH_CHECK_RESPONSE,
  [connection.CLIENT_DETECTION_REQUEST]: connection.CLIENT_DETECTION_RESPONSE,
  [connection.CONNECT_RESET_REQUEST]: connection.CONNECT_RESET_RESPONSE,
  [naming.INSTANCE_REQUEST]: naming.INSTANCE_RESPONSE,
  [naming.PERSISTENT_INSTANCE_REQUEST]: naming.INSTANCE_RESPONSE,
  [naming.BATCH_INSTANCE_REQUEST]: naming.BATCH_INSTANCE_RESPONSE,
  [naming.SERVICE_QUERY_REQUEST]: naming.QUERY_SERVICE_RESPONSE,
  [naming.SUBSCRIBE_SERVICE_REQUEST]: naming.SUBSCRIBE_SERVICE_RESPONSE,
  [naming.SERVICE_LIST_REQUEST]: naming.SERVICE_LIST_RESPONSE,
  [naming.NOTIFY_SUBSCRIBER_REQUEST]: naming.NOTIFY_SUBSCRIBER_RESPONSE,
  [config.CONFIG_QUERY_REQUEST]: config.CONFIG_QUERY_RESPONSE,
  [config.CONFIG_PUBLISH_REQUEST]: config.CONFIG_PUBLISH_RESPONSE,
  [config.CONFIG_REMOVE_REQUEST]: config.CONFIG_REMOVE_RESPONSE,
  [config.CONFIG_BATCH_LISTEN_REQUEST]: config.CONFIG_CHANGE_BATCH_LISTEN_RESPONSE,
  [config.CONFIG_CHANGE_NOTIFY_REQUEST]: config.CONFIG_CHANGE_NOTIFY_RESPONSE,
  [fuzzy.NAMING_FUZZY_WATCH_REQUEST]: fuzzy.NAMING_FUZZY_WATCH_RESPONSE,
  [fuzzy.NAMING_FUZZY_WATCH_SYNC_REQUEST]: fuzzy.NAMING_FUZZY_WATCH_SYNC_RESPONSE,
  [fuzzy.NAMING_FUZZY_WATCH_CHANGE_REQUEST]: fuzzy.NAMING_FUZZY_WATCH_CHANGE_RESPONSE,
  [fuzzy.CONFIG_FUZZY_WATCH_REQUEST]: fuzzy.CONFIG_FUZZY_WATCH_RESPONSE,
  [fuzzy.CONFIG_FUZZY_WATCH_SYNC_REQUEST]: fuzzy.CONFIG_FUZZY_WATCH_SYNC_RESPONSE,
  [fuzzy.CONFIG_FUZZY_WATCH_CHANGE_REQUEST]: fuzzy.CONFIG_FUZZY_WATCH_CHANGE_RESPONSE,
};

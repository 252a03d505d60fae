/**
 * Owns the requests to watch a pattern, of services and of configs. Called by the request order; state and pushes are in `PatternPushes`.
 * Source: docs/protocol.md#fuzzy-watch (Nacos `NamingFuzzyWatchRequestHandler`).
 */
import { failureBody, successBody } from '../../wire/messages/common.js';
import {
  CONFIG_PATTERNS,
  NAMING_PATTERNS,
  readPatternWatch,
  TOO_MANY_PATTERNS,
} from '../../wire/messages/fuzzy-watch.js';
import type { PatternPushes, PatternWords } from '../pattern-pushes.js';
import { requireFields } from '../request-shape.js';
import type { RpcHandler } from '../rpc.js';

/** How the naming side of a server speaks of patterns. */
export const SERVICE_WORDS: PatternWords = {
  module: 'naming',
  messages: NAMING_PATTERNS,
  batchSize: 10,
  keyField: 'serviceKey',
  changeField: 'changedType',
  types: { added: 'ADD_SERVICE', changed: 'INSTANCE_CHANGED', removed: 'DELETE_SERVICE' },
  changeTypes: { added: 'ADD_SERVICE', changed: 'INSTANCE_CHANGED', removed: 'DELETE_SERVICE' },
};

/** And the config side. */
export const CONFIG_WORDS: PatternWords = {
  module: 'config',
  messages: CONFIG_PATTERNS,
  batchSize: 20,
  keyField: 'groupKey',
  changeField: 'changeType',
  types: { added: 'ADD_CONFIG', changed: 'CONFIG_CHANGED', removed: 'DELETE_CONFIG' },
  // Also of a new config: a push about one key does not tell the two apart.
  changeTypes: { added: 'CONFIG_CHANGED', changed: 'CONFIG_CHANGED', removed: 'DELETE_CONFIG' },
};

export function patternHandlers(
  families: readonly { readonly words: PatternWords; readonly pushes: PatternPushes }[],
): ReadonlyMap<string, RpcHandler> {
  return new Map(
    families.map(({ words, pushes }) => [words.messages.watchRequest, patternHandler(pushes)]),
  );
}

function patternHandler(pushes: PatternPushes): RpcHandler {
  return {
    checkShape(body) {
      requireFields(body, 'string', ['groupKeyPattern', 'watchType']);
      requireFields(body, 'array', ['receivedGroupKeys']);
      requireFields(body, 'boolean', ['initializing']);
    },
    handle({ body, connection }) {
      // Any text is taken for a pattern, as real servers do; one that is none matches nothing.
      return pushes.take(connection.id, readPatternWatch(body))
        ? successBody()
        : failureBody(TOO_MANY_PATTERNS, 'fuzzy watch pattern over limit');
    },
  };
}

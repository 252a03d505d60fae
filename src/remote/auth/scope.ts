/**
 * Owns what a request is about, as its signature needs it: read from the body, where the module has its own names for it. Called by the session.
 * Source: docs/protocol.md#signatures.
 */
import type { JsonObject } from '../../wire/json.js';
import type { RequestScope } from './credentials.js';

export function scopeOf(module: RequestScope['module'], body: JsonObject): RequestScope {
  return module === 'naming'
    ? {
        module,
        namespace: text(body['namespace']),
        group: text(body['groupName']),
        name: text(body['serviceName']),
      }
    : {
        module,
        namespace: text(body['tenant']),
        group: text(body['group']),
        name: text(body['dataId']),
      };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/**
 * Owns the demand that a field is really there. Java reads a missing one as its default, r-nacos refuses the message;
 * this server does as r-nacos, so that a client which passes here passes everywhere.
 * Source: docs/protocol.md#trap-19. Called by the handlers, before anything else looks at a body.
 */
import { isJsonObject, readObjects, type JsonObject } from '../wire/json.js';
import { RESULT_FAIL } from '../wire/messages/common.js';
import { rejection } from './rejection.js';

type FieldKind = 'string' | 'boolean' | 'number' | 'array' | 'object';

/** @throws ServerError 500 naming the first field that is absent, null or of another type. */
export function requireFields(body: JsonObject, kind: FieldKind, keys: readonly string[]): void {
  for (const key of keys) {
    const value = body[key];
    if (value === undefined || value === null) throw unreadable(`missing field \`${key}\``);
    if (!isOfKind(value, kind)) throw unreadable(`field \`${key}\` is not a ${kind}`);
  }
}

/** Each instance must say all that Java has defaults for. */
export function requireInstance(value: unknown): void {
  if (!isJsonObject(value)) throw unreadable('missing field `instance`');
  requireFields(value, 'string', ['ip']);
  requireFields(value, 'number', ['port', 'weight']);
  if (!Number.isInteger(value['port'])) throw unreadable('field `port` is not an integer');
  requireFields(value, 'boolean', ['healthy', 'enabled', 'ephemeral']);
}

export function requireInstances(body: JsonObject, key: string): void {
  requireFields(body, 'array', [key]);
  for (const item of readObjects(body, key)) requireInstance(item);
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  if (kind === 'array') return Array.isArray(value);
  if (kind === 'object') return isJsonObject(value);
  return typeof value === kind;
}

function unreadable(message: string): Error {
  return rejection(RESULT_FAIL, message);
}

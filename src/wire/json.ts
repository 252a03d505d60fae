/**
 * Owns the step from bytes to checked JSON values. Called by the message readers: each field is read once, here,
 * with its default, so that no other file sees an unchecked value. Java leaves nulls out and adds getters
 * of its own: absent and null read as the default, unknown fields are ignored (docs/protocol.md#json).
 */
import { isAscii } from 'node:buffer';

import { ProtocolError } from '../errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Fields that are null are left out, as Java does: r-nacos refuses a message for one (docs/protocol.md#trap-19). */
export function encodeJson(value: unknown): Uint8Array {
  const text = JSON.stringify(value);
  // A replacer costs several times the rest, so it runs only when there may be something to leave out.
  return Buffer.from(
    text.includes('null')
      ? JSON.stringify(value, (_key, item: unknown) => item ?? undefined)
      : text,
  );
}

/** @throws ProtocolError MALFORMED_MESSAGE when the body is not a JSON object. */
export function decodeJson(body: Uint8Array, type: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(textOf(body));
  } catch (cause) {
    throw new ProtocolError('MALFORMED_MESSAGE', `body of ${type} is not JSON`, { cause });
  }
  if (!isJsonObject(value)) {
    throw new ProtocolError('MALFORMED_MESSAGE', `body of ${type} is not a JSON object`);
  }
  return value;
}

/** Most bodies are ASCII alone, which needs no decoding: that takes as long as a third of the parsing. @throws TypeError for what is not UTF-8. */
export function textOf(body: Uint8Array): string {
  if (!isAscii(body)) return decoder.decode(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function readString(from: JsonObject, key: string, fallback = ''): string {
  const value = from[key];
  return typeof value === 'string' ? value : fallback;
}

export function readNumber(from: JsonObject, key: string, fallback = 0): number {
  const value = from[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}

export function readBoolean(from: JsonObject, key: string, fallback = false): boolean {
  const value = from[key];
  return typeof value === 'boolean' ? value : fallback;
}

export function readObjects(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function readStrings(from: JsonObject, key: string): readonly string[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A map of strings, `from`'s own where that is one; numbers and booleans are turned into text, anything else is left out. */
export function readStringMap(from: JsonObject, key: string): Readonly<Record<string, string>> {
  const value = from[key];
  if (!isJsonObject(value)) return {};
  // This runs for each instance of each pushed list, and nearly always there is nothing to change.
  if (isStringMap(value)) return value;
  const map: Record<string, string> = {};
  for (const name of Object.keys(value)) {
    if (name === '__proto__') continue;
    const item = value[name];
    if (typeof item === 'string') map[name] = item;
    else if (typeof item === 'number' || typeof item === 'boolean') map[name] = String(item);
  }
  return map;
}

function isStringMap(value: JsonObject): value is Readonly<Record<string, string>> {
  for (const name in value) {
    if (typeof value[name] !== 'string' || name === '__proto__') return false;
  }
  return true;
}

/**
 * Owns what a call is told apart by, for consistent hashing: where the key of a call is, how that is written in options, and the
 * hash of it. Used by `consistent-hash.ts` and by whoever reads `discovery.hash_key`. It hashes in place: no text is cut out of a call.
 */
import type { CallInfo } from '../../process-hub.js';

/**
 * Where the key of a call is. path: without the query. Cookie and query: the value as it is written, not decoded; the first of its name.
 * A function is for code; undefined and '' mean that the call has no key.
 */
export type HashKey =
  | { readonly kind: 'header' | 'cookie' | 'query'; readonly name: string }
  | { readonly kind: 'path' }
  | ((call: CallInfo) => string | undefined);

/** What `readHashKey` takes, for messages and help. */
export const HASH_KEY_FORM = 'header:NAME, cookie:NAME, query:NAME or path';

const SOURCES = ['header', 'cookie', 'query'] as const;
/** A token of HTTP, which header and cookie names are. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const QUERY_NAME = /^[^\s&=#?]+$/;

/** undefined when the text has another form than `HASH_KEY_FORM`. */
export function readHashKey(text: string): HashKey | undefined {
  if (text === 'path') return { kind: 'path' };
  const colon = text.indexOf(':');
  const kind = SOURCES.find((source) => source === text.slice(0, Math.max(0, colon)));
  const name = text.slice(colon + 1);
  if (kind === undefined || !(kind === 'query' ? QUERY_NAME : TOKEN).test(name)) return undefined;
  return { kind, name: kind === 'header' ? name.toLowerCase() : name };
}

/** The hash of a call's key, 32 bits; -1 when it has none. */
export type HashOfCall = (call: CallInfo) => number;

export function hashOfCall(key: HashKey): HashOfCall {
  if (typeof key === 'function') {
    return (call) => {
      const value: unknown = key(call);
      // Numbers come easily from code that no compiler has seen.
      return hashOrNone(typeof value === 'number' ? String(value) : value);
    };
  }
  switch (key.kind) {
    case 'path':
      return ({ path }) => hashRange(path, 0, endBefore(path, '?', 0));
    case 'header': {
      const name = key.name.toLowerCase();
      return (call) => hashOrNone(call.header(name));
    }
    case 'cookie':
      return (call) => hashOfPair(call.header('cookie') ?? '', 0, key.name, ';');
    case 'query':
      return ({ path }) => hashOfPair(path, endBefore(path, '?', 0) + 1, key.name, '&');
  }
}

/** Of the UTF-16 units from one place up to another; -1 of an empty range. */
function hashRange(text: string, from: number, to: number): number {
  if (to <= from) return -1;
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

export function hashText(text: string): number {
  return hashRange(text, 0, text.length);
}

/** Spreads 32 bits: a difference in any of them changes about half of the result. */
export function mix(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function hashOrNone(value: unknown): number {
  return typeof value === 'string' ? hashText(value) : -1;
}

/** Of the value in `name=value` pairs from a place on; blanks before a name do not count. */
function hashOfPair(text: string, from: number, name: string, separator: string): number {
  let start = from;
  while (start < text.length) {
    while (text.charCodeAt(start) === 32) start += 1;
    const end = endBefore(text, separator, start);
    const equals = start + name.length;
    if (text.startsWith(name, start) && text[equals] === '=') {
      return hashRange(text, equals + 1, end);
    }
    start = end + 1;
  }
  return -1;
}

function endBefore(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at;
}

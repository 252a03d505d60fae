/**
 * Owns the reading of one value: from what a flag, a variable, a file or code gave to the checked value of its row.
 * Called by `load.ts` for each value of each layer. It says what is allowed; who gave the value is the caller's business.
 */
import path from 'node:path';

import { isReachable, readHost } from './host.js';
import { isSecret } from '../util/secret.js';
import { isNetworkPattern, NETWORKS_ALLOWED } from './networks.js';
import type { FlagRow } from './row.js';
import {
  readServerInput,
  readServerList,
  SERVERS_ALLOWED,
  type ServerAddress,
} from './server-list.js';

export type OptionValue =
  | string
  | number
  | boolean
  | readonly ServerAddress[]
  | readonly string[]
  | Readonly<Record<string, string>>
  | Readonly<Record<string, object>>;

/** The value (undefined: the option is not given after all), or what would have been allowed. */
export type Reading = { readonly value: OptionValue | undefined } | { readonly allowed: string };

export interface ReadingContext {
  readonly cwd: string;
  /** Code gives times in milliseconds; everybody else in seconds. */
  readonly fromCode: boolean;
}

export const SERVICES_ALLOWED =
  'names and patterns of services, or a map with what is set for each';

const TRUE = new Set(['true', 'yes', 'on', '1']);
const FALSE = new Set(['false', 'no', 'off', '0']);
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const MS_PER_SECOND = 1000;

/** `given` is text, except from code, and except lists and maps of files and repeated flags. */
export function readValue(row: FlagRow, given: unknown, context: ReadingContext): Reading {
  const raw = row.secret === true && isSecret(given) ? given.reveal() : given;
  if (row.auto === true && raw === 'auto') return { value: undefined };
  switch (row.kind) {
    case 'boolean':
      return readBoolean(raw);
    case 'port':
    case 'integer':
    case 'number':
    case 'seconds':
      return readNumber(row, raw, context);
    case 'text':
      return readText(row, raw);
    case 'choice':
      return readChoice(row, raw);
    case 'host':
      return readAddress(raw);
    case 'file':
      return typeof raw === 'string' && raw !== '' && !raw.includes('\0')
        ? { value: path.resolve(context.cwd, raw) }
        : { allowed: 'the path of a file' };
    case 'address-list':
      return readAddressList(raw);
    case 'list':
      return readList(row, raw);
    case 'metadata':
      return readMetadata(row, raw);
    case 'services':
      // Its parts are rows of their own: services.ts reads it for load.ts.
      return { allowed: SERVICES_ALLOWED };
  }
}

function readBoolean(raw: unknown): Reading {
  if (typeof raw === 'boolean') return { value: raw };
  const word = typeof raw === 'string' ? raw.trim().toLowerCase() : '';
  if (TRUE.has(word)) return { value: true };
  if (FALSE.has(word)) return { value: false };
  return { allowed: 'true or false' };
}

function readNumber(row: FlagRow, raw: unknown, context: ReadingContext): Reading {
  const inMs = row.kind === 'seconds' && context.fromCode;
  const scale = inMs ? MS_PER_SECOND : 1;
  const min = (row.min ?? Number.NEGATIVE_INFINITY) * scale;
  const max = (row.max ?? Number.POSITIVE_INFINITY) * scale;
  const value = toNumber(raw);
  const whole = row.kind === 'port' || row.kind === 'integer';
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) {
    return { value: row.kind === 'seconds' && !inMs ? Math.round(value * MS_PER_SECOND) : value };
  }
  const unit =
    row.kind === 'seconds'
      ? inMs
        ? 'a number of milliseconds'
        : 'a number of seconds'
      : 'a number';
  const noun = whole ? (row.kind === 'port' ? 'a port' : 'a whole number') : unit;
  return { allowed: `${noun} from ${String(min)} to ${String(max)}` };
}

/** NaN, which no range holds, for what is no plain decimal number. */
function toNumber(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  return typeof raw === 'string' && DECIMAL.test(raw.trim()) ? Number(raw) : Number.NaN;
}

function readText(row: FlagRow, raw: unknown): Reading {
  const text = typeof raw === 'string' ? withoutAlias(row, raw) : undefined;
  if (text === undefined || row.pattern?.test(text) === false) {
    return { allowed: row.allowed ?? 'text' };
  }
  return { value: text };
}

function withoutAlias(row: FlagRow, text: string): string {
  const { aliases = {} } = row;
  return Object.hasOwn(aliases, text) ? (aliases[text] ?? text) : text;
}

function readChoice(row: FlagRow, raw: unknown): Reading {
  const choices = row.choices ?? [];
  const word = typeof raw === 'string' ? raw.trim().toLowerCase() : '';
  const choice = choices.find((each) => each === withoutAlias(row, word));
  return choice === undefined ? { allowed: `one of ${choices.join(', ')}` } : { value: choice };
}

function readAddress(raw: unknown): Reading {
  const host = typeof raw === 'string' ? readHost(raw.trim()) : undefined;
  return host !== undefined && isReachable(host)
    ? { value: host }
    : { allowed: 'an IPv4, an IPv6 or a host name that others can reach, or auto' };
}

function readAddressList(raw: unknown): Reading {
  if (typeof raw === 'string') {
    const servers = readServerList(raw);
    return servers === undefined ? { allowed: SERVERS_ALLOWED } : { value: servers };
  }
  const servers: ServerAddress[] = [];
  for (const item of Array.isArray(raw) ? (raw as readonly unknown[]) : []) {
    const server = readServerInput(item);
    if (server === undefined) return { allowed: SERVERS_ALLOWED };
    servers.push(server);
  }
  return servers.length > 0 ? { value: servers } : { allowed: SERVERS_ALLOWED };
}

/** `a,b` in one text, or a list; an empty one takes back what a lower layer gives. */
function readList(row: FlagRow, raw: unknown): Reading {
  const items: unknown = typeof raw === 'string' ? raw.split(',') : raw;
  const allowed = {
    allowed: row.networks === true ? NETWORKS_ALLOWED : (row.allowed ?? 'a list of texts'),
  };
  if (!Array.isArray(items)) return allowed;
  const texts: string[] = [];
  for (const item of items as readonly unknown[]) {
    const text = typeof item === 'string' ? item.trim() : undefined;
    if (text === undefined) return allowed;
    if (text !== '' && row.networks === true && !isNetworkPattern(text)) return allowed;
    if (text !== '' && row.pattern?.test(text) === false) return allowed;
    if (text !== '') texts.push(text);
  }
  return { value: texts };
}

/** `k=v,k=v` in one text, a list of `k=v` (a repeated flag), or a map. */
function readMetadata(row: FlagRow, raw: unknown): Reading {
  const entries = metadataEntries(raw);
  if (entries === undefined) return { allowed: 'key=value pairs, or a map of texts' };
  return checkMetadata(row, Object.fromEntries(entries));
}

function metadataEntries(raw: unknown): readonly (readonly [string, string])[] | undefined {
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
    const entries = Object.entries(raw).filter(([, value]) => value !== undefined);
    return entries.every(isTextEntry) ? entries : undefined;
  }
  const pairs = typeof raw === 'string' ? raw.split(',').filter((pair) => pair.trim() !== '') : raw;
  if (!Array.isArray(pairs)) return undefined;
  const entries: [string, string][] = [];
  for (const pair of pairs as readonly unknown[]) {
    const equals = typeof pair === 'string' ? pair.indexOf('=') : 0;
    const key = typeof pair === 'string' ? pair.slice(0, equals).trim() : '';
    if (typeof pair !== 'string' || equals < 1 || key === '') return undefined;
    entries.push([key, pair.slice(equals + 1)]);
  }
  return entries;
}

function isTextEntry(entry: readonly [string, unknown]): entry is [string, string] {
  return entry[0] !== '' && typeof entry[1] === 'string';
}

/** The servers' bound on all keys and values together; also for the layers joined. */
export function checkMetadata(row: FlagRow, metadata: Readonly<Record<string, string>>): Reading {
  const size = Object.entries(metadata).reduce(
    (sum, [key, text]) => sum + key.length + text.length,
    0,
  );
  const max = row.max ?? Number.POSITIVE_INFINITY;
  return size <= max
    ? { value: metadata }
    : { allowed: `at most ${String(max)} characters, keys and values together` };
}

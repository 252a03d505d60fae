/**
 * Owns the messages by which a server of Nacos 3 tells which services or configs match a pattern: the names of both families, what
 * is sent and what is read. Used by `remote/pattern-watches.ts` and by the dev server. The two families say the same with other words.
 * Source: docs/protocol.md#fuzzy-watch (Nacos `NamingFuzzyWatchRequest`, `ConfigFuzzyWatchRequest`, `FuzzyGroupKeyPattern`).
 */
import { DEFAULT_NAMESPACE } from '../../model.js';
import { readBoolean, readObjects, readString, readStrings, type JsonObject } from '../json.js';

/** Key of the ability table, of both sides. A server without it has no handler for these requests. */
export const FUZZY_WATCH_ABILITY = 'fuzzyWatch';

export const NAMING_FUZZY_WATCH_REQUEST = 'NamingFuzzyWatchRequest';
export const NAMING_FUZZY_WATCH_RESPONSE = 'NamingFuzzyWatchResponse';
export const NAMING_FUZZY_WATCH_SYNC_REQUEST = 'NamingFuzzyWatchSyncRequest';
export const NAMING_FUZZY_WATCH_SYNC_RESPONSE = 'NamingFuzzyWatchSyncResponse';
export const NAMING_FUZZY_WATCH_CHANGE_REQUEST = 'NamingFuzzyWatchChangeNotifyRequest';
export const NAMING_FUZZY_WATCH_CHANGE_RESPONSE = 'NamingFuzzyWatchChangeNotifyResponse';
export const CONFIG_FUZZY_WATCH_REQUEST = 'ConfigFuzzyWatchRequest';
export const CONFIG_FUZZY_WATCH_RESPONSE = 'ConfigFuzzyWatchResponse';
export const CONFIG_FUZZY_WATCH_SYNC_REQUEST = 'ConfigFuzzyWatchSyncRequest';
export const CONFIG_FUZZY_WATCH_SYNC_RESPONSE = 'ConfigFuzzyWatchSyncResponse';
export const CONFIG_FUZZY_WATCH_CHANGE_REQUEST = 'ConfigFuzzyWatchChangeNotifyRequest';
export const CONFIG_FUZZY_WATCH_CHANGE_RESPONSE = 'ConfigFuzzyWatchChangeNotifyResponse';

/** `watchType` of a watch request. */
export const WATCH = 'WATCH';
export const CANCEL_WATCH = 'CANCEL_WATCH';

/** `syncType` of what the server sends. */
export const SYNC_INIT = 'FUZZY_WATCH_INIT_NOTIFY';
export const SYNC_INIT_DONE = 'FINISH_FUZZY_WATCH_INIT_NOTIFY';
export const SYNC_DIFF = 'FUZZY_WATCH_DIFF_SYNC_NOTIFY';
export const SYNC_CHANGE = 'FUZZY_WATCH_RESOURCE_CHANGED';

/** `errorCode`: more patterns, or more matches of one pattern, than the server wants to keep. */
export const TOO_MANY_PATTERNS = 50_310;
export const TOO_MANY_MATCHES = 50_311;

/** What matches: in a namespace, of a group, with a name (of a service, or the data id of a config). */
export interface PatternKey {
  readonly namespace: string;
  readonly group: string;
  readonly name: string;
}

export type PatternChangeType = 'added' | 'changed' | 'removed';

/** One thing that the server says of a key. */
export interface PatternNews {
  readonly key: PatternKey;
  readonly type: PatternChangeType;
}

/** A push about one pattern. */
export interface PatternSync {
  readonly pattern: string;
  readonly news: readonly PatternNews[];
  /** All that matched when the watch began was told. */
  readonly isInitDone: boolean;
}

/** The words of one family. */
export interface PatternMessages {
  readonly watchRequest: string;
  readonly syncRequest: string;
  readonly changeRequest: string;
  /** A key as text, in what is sent and received. */
  readonly keyText: (key: PatternKey) => string;
  readonly readSync: (body: JsonObject) => PatternSync;
  /** A push about one key; which patterns it matches is for the client to find out. */
  readonly readChange: (body: JsonObject) => PatternNews | undefined;
}

export const NAMING_PATTERNS: PatternMessages = {
  watchRequest: NAMING_FUZZY_WATCH_REQUEST,
  syncRequest: NAMING_FUZZY_WATCH_SYNC_REQUEST,
  changeRequest: NAMING_FUZZY_WATCH_CHANGE_REQUEST,
  keyText: serviceKeyText,
  readSync: (body) => readSync(body, readServiceNews),
  readChange: readServiceNews,
};

export const CONFIG_PATTERNS: PatternMessages = {
  watchRequest: CONFIG_FUZZY_WATCH_REQUEST,
  syncRequest: CONFIG_FUZZY_WATCH_SYNC_REQUEST,
  changeRequest: CONFIG_FUZZY_WATCH_CHANGE_REQUEST,
  keyText: configKeyText,
  readSync: (body) => readSync(body, readConfigNews),
  readChange: readConfigNews,
};

export interface PatternWatchRequest {
  readonly namespace: string;
  readonly pattern: string;
  /** Keys which the client has: the server tells what differs. */
  readonly received: readonly string[];
  readonly watchType: string;
  /** True until the client was told all that matched at the beginning. */
  readonly initializing: boolean;
}

export function patternWatchBody(request: PatternWatchRequest): JsonObject {
  return {
    namespace: request.namespace,
    groupKeyPattern: request.pattern,
    receivedGroupKeys: request.received,
    watchType: request.watchType,
    initializing: request.initializing,
  };
}

export function readPatternWatch(body: JsonObject): PatternWatchRequest {
  return {
    namespace: readString(body, 'namespace'),
    pattern: readString(body, 'groupKeyPattern'),
    received: readStrings(body, 'receivedGroupKeys'),
    watchType: readString(body, 'watchType'),
    initializing: readBoolean(body, 'initializing'),
  };
}

/** `namespace>>group>>name`; the namespace has no wildcard. */
export function patternText({ namespace, group, name }: PatternKey): string {
  return `${namespace}>>${group}>>${name}`;
}

/** The parts of a pattern; undefined for text that is none. A blank namespace is the default one. */
export function parsePattern(text: string): PatternKey | undefined {
  const [namespace = '', group, name, ...rest] = text.split('>>');
  if (group === undefined || name === undefined || rest.length > 0) return undefined;
  return { namespace: namespace === '' ? DEFAULT_NAMESPACE : namespace, group, name };
}

export function matchesPattern(pattern: PatternKey, key: PatternKey): boolean {
  return (
    pattern.namespace === key.namespace &&
    matchesPart(pattern.group, key.group) &&
    matchesPart(pattern.name, key.name)
  );
}

/** Only at the ends a `*` is a wildcard for servers; one in between makes a pattern that nothing matches. */
export function isServerPattern(part: string): boolean {
  return part !== '' && !part.slice(1, -1).includes('*');
}

function matchesPart(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  if (pattern === '*') return true;
  const [starts, ends] = [pattern.startsWith('*'), pattern.endsWith('*')];
  if (starts && ends) return text.includes(pattern.replaceAll('*', ''));
  if (starts) return text.endsWith(pattern.slice(1));
  return ends && text.startsWith(pattern.slice(0, -1));
}

function readSync(
  body: JsonObject,
  read: (context: JsonObject) => PatternNews | undefined,
): PatternSync {
  return {
    pattern: readString(body, 'groupKeyPattern'),
    news: readObjects(body, 'contexts').flatMap((context) => read(context) ?? []),
    isInitDone: readString(body, 'syncType') === SYNC_INIT_DONE,
  };
}

/** `namespace@@group@@service` */
export function serviceKeyText({ namespace, group, name }: PatternKey): string {
  return `${namespace}@@${group}@@${name}`;
}

export function parseServiceKey(text: string): PatternKey | undefined {
  const [namespace = '', group, ...rest] = text.split('@@');
  if (group === undefined || rest.length === 0) return undefined;
  return {
    namespace: namespace === '' ? DEFAULT_NAMESPACE : namespace,
    group,
    name: rest.join('@@'),
  };
}

function readServiceNews(body: JsonObject): PatternNews | undefined {
  const key = parseServiceKey(readString(body, 'serviceKey'));
  if (key === undefined) return undefined;
  switch (readString(body, 'changedType')) {
    case 'ADD_SERVICE':
      return { key, type: 'added' };
    case 'DELETE_SERVICE':
      return { key, type: 'removed' };
    default:
      // INSTANCE_CHANGED and HEART_BEAT exist as constants; they say nothing of which services there are.
      return undefined;
  }
}

/** `dataId+group[+namespace]`, each part with its `+` and `%` encoded. */
export function configKeyText({ namespace, group, name }: PatternKey): string {
  return [name, group, namespace].map(encodePart).join('+');
}

export function parseConfigKey(text: string): PatternKey | undefined {
  const [name, group, namespace = ''] = text.split('+').map(decodePart);
  if (name === undefined || name === '' || group === undefined) return undefined;
  return { name, group, namespace: namespace === '' ? DEFAULT_NAMESPACE : namespace };
}

function readConfigNews(body: JsonObject): PatternNews | undefined {
  const key = parseConfigKey(readString(body, 'groupKey'));
  if (key === undefined) return undefined;
  // `changeType` in a push about one config, `changedType` in a list of them.
  switch (readString(body, 'changeType') || readString(body, 'changedType')) {
    case 'ADD_CONFIG':
      return { key, type: 'added' };
    case 'CONFIG_CHANGED':
      return { key, type: 'changed' };
    case 'DELETE_CONFIG':
      return { key, type: 'removed' };
    default:
      return undefined;
  }
}

function encodePart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('+', '%2B');
}

function decodePart(part: string): string {
  return part.replaceAll('%2B', '+').replaceAll('%25', '%');
}

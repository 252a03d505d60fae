/**
 * Owns the checks on what users name and publish, before anything is sent. Called by the config client. The rules are the servers' own
 * (docs/protocol.md#validation; Nacos `ParamCheckRule`, `ParamUtils`), so that what passes here is not refused there. Every
 * failure is a ConfigError that names the field, the value and the rule; contents are never quoted, since they may hold secrets.
 */
import type {
  ConfigKey,
  ConfigPageOptions,
  ConfigPattern,
  PublishConfigOptions,
} from '../config-api.js';
import { ConfigError } from '../errors.js';
import { DEFAULT_GROUP } from '../model.js';
import { isServerPattern } from '../wire/messages/fuzzy-watch.js';

/** The servers take messages of 10 MiB; this leaves room for what goes along. */
export const MAX_CONTENT_BYTES = 9 * 1024 * 1024;
/** What one content may take in JSON, where a quote, a line end or a control character is longer than in the content. */
const MAX_ENCODED_BYTES = 10 * 1024 * 1024 - 64 * 1024;
/** A control character becomes six. */
const WORST_ENCODING = 6;
const MAX_DATA_ID = 256;
const MAX_GROUP = 128;
const NAME = /^[a-zA-Z0-9\-_:.]+$/;
const PATTERN = /^[a-zA-Z0-9\-_:.*]+$/;
const MAX_TAG = 16;
const TAG = /^[a-zA-Z0-9\-_:.]+$/;
const MAX_TAGS = 5;
const MAX_TAG_CHARS = 64;
const MAX_DESCRIPTION = 128;
const MD5 = /^[0-9a-f]{32}$/;
/** Java's int. */
const MAX_PAGE = 2_147_483_647;
/** More is refused, or cut, by servers. */
const MAX_PAGE_SIZE = 500;
const TYPES = ['text', 'json', 'yaml', 'properties', 'toml', 'xml', 'html', 'unset'];

/** @throws ConfigError INVALID_CONFIG */
export function checkKey(namespace: string, dataId: string, group = DEFAULT_GROUP): ConfigKey {
  if (typeof dataId !== 'string' || dataId.length > MAX_DATA_ID || !NAME.test(dataId)) {
    throw invalid('dataId', dataId, `1 to ${String(MAX_DATA_ID)} of letters, digits, - _ : .`);
  }
  if (typeof group !== 'string' || group.length > MAX_GROUP || !NAME.test(group)) {
    throw invalid('group', group, `1 to ${String(MAX_GROUP)} of letters, digits, - _ : .`);
  }
  return Object.freeze({ namespace, group, dataId });
}

/** @throws ConfigError INVALID_CONFIG */
export function checkPattern({
  dataId = '*',
  group = '*',
}: ConfigPattern): Required<ConfigPattern> {
  for (const [field, value] of Object.entries({ dataId, group })) {
    if (!PATTERN.test(value) || !isServerPattern(value)) {
      throw invalid(
        field,
        value,
        'letters, digits, - _ : . with a * at the beginning, the end or both',
      );
    }
  }
  return { dataId, group };
}

/** @throws ConfigError INVALID_CONFIG */
export function checkPaging({ page = 1, pageSize = 1 }: ConfigPageOptions): void {
  checkCount('page', page, MAX_PAGE);
  checkCount('pageSize', pageSize, MAX_PAGE_SIZE);
}

/** @throws ConfigError INVALID_CONFIG, CONFIG_TOO_LARGE */
export function checkContent(content: string): void {
  if (typeof content !== 'string') throw invalid('content', typeof content, 'text');
  if (content.trim() === '') {
    throw new ConfigError(
      'INVALID_CONFIG',
      'content is blank: Nacos stores none such; use remove to take a config away',
    );
  }
  checkSize(content);
}

/** Also of what a cipher made of a content. @throws ConfigError CONFIG_TOO_LARGE */
export function checkSize(content: string): void {
  const bytes = Buffer.byteLength(content);
  if (bytes > MAX_CONTENT_BYTES) {
    throw new ConfigError(
      'CONFIG_TOO_LARGE',
      `content has ${String(bytes)} bytes: at most ${String(MAX_CONTENT_BYTES)} (9 MiB) are allowed`,
    );
  }
  if (bytes * WORST_ENCODING <= MAX_ENCODED_BYTES) return;
  const encoded = Buffer.byteLength(JSON.stringify(content));
  if (encoded > MAX_ENCODED_BYTES) {
    throw new ConfigError(
      'CONFIG_TOO_LARGE',
      `content takes ${String(encoded)} bytes on the wire, where line ends and quotes count twice: at most ${String(MAX_ENCODED_BYTES)} are allowed`,
    );
  }
}

/** @throws ConfigError INVALID_CONFIG */
export function checkTag(tag: string | undefined): void {
  if (tag === undefined) return;
  if (typeof tag !== 'string' || tag.length > MAX_TAG || !TAG.test(tag)) {
    throw invalid('tag', tag, `1 to ${String(MAX_TAG)} of letters, digits, - _ : .`);
  }
}

/** @throws ConfigError INVALID_CONFIG */
export function checkPublishOptions(options: PublishConfigOptions): void {
  const { type, casMd5, betaIps, tag, tags = [], description = '' } = options;
  if (type !== undefined && !TYPES.includes(type)) throw invalid('type', type, TYPES.join(', '));
  if (casMd5 !== undefined && !MD5.test(casMd5)) {
    throw invalid('casMd5', casMd5, 'an md5 of 32 lower-case hex digits, as get returns it');
  }
  checkTag(tag);
  if (betaIps !== undefined && (betaIps.length === 0 || betaIps.some((ip) => !isAddress(ip)))) {
    throw invalid('betaIps', betaIps.join(','), 'one or more addresses');
  }
  if (betaIps !== undefined && tag !== undefined) {
    throw new ConfigError('INVALID_CONFIG', 'betaIps and tag: only one of them is allowed');
  }
  if (tags.length > MAX_TAGS || tags.some((one) => !isTagText(one))) {
    const rule = `at most ${String(MAX_TAGS)}, each 1 to ${String(MAX_TAG_CHARS)} characters without a comma`;
    throw invalid('tags', tags.join(','), rule);
  }
  if (description.length > MAX_DESCRIPTION) {
    throw invalid('description', description, `at most ${String(MAX_DESCRIPTION)} characters`);
  }
}

function checkCount(field: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw invalid(field, value, `a whole number from 1 to ${String(max)}`);
}

function isAddress(text: string): boolean {
  return /^[^\s,]{1,128}$/.test(text);
}

function isTagText(text: string): boolean {
  return text !== '' && text.length <= MAX_TAG_CHARS && !text.includes(',');
}

function invalid(field: string, value: unknown, allowed: string): ConfigError {
  const shown = JSON.stringify(value)?.slice(0, 80) ?? 'undefined';
  return new ConfigError('INVALID_CONFIG', `${field} ${shown} is not valid: allowed is ${allowed}`);
}

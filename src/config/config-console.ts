/**
 * Owns what gRPC has no request for and a console shows: the list of configs and their history. Called by the config client. Nacos 3 has its
 * admin API for that, Nacos 2 the first API, and r-nacos of that only the list, which knows no wildcards. Which one it is, the connection says.
 * Source: docs/protocol.md#http-config.
 */
import type {
  ConfigHistoryEntry,
  ConfigHistoryPage,
  ConfigKey,
  ConfigPage,
  ConfigPageOptions,
  ConfigPattern,
  ConfigVersion,
  ListConfigsOptions,
  ListedConfig,
} from '../config-api.js';
import { ProtocolError, ServerError } from '../errors.js';
import type { WaitOptions } from '../naming-api.js';
import type { Session } from '../remote/session.js';
import {
  isJsonObject,
  readNumber,
  readObjects,
  readString,
  type JsonObject,
} from '../wire/json.js';
import { ERROR_NO_HANDLER, RESULT_FAIL } from '../wire/messages/common.js';
import { tenantOf } from '../wire/messages/config.js';
import { FUZZY_WATCH_ABILITY, matchesPattern } from '../wire/messages/fuzzy-watch.js';
import type { HttpGet } from './http-get.js';
import { md5Of, type StoredConfig } from './versions.js';

export interface ConfigConsoleParts {
  readonly session: Pick<Session, 'start' | 'ready' | 'addsBatches' | 'serverAbilities'>;
  readonly namespace: string;
  readonly get: HttpGet;
  /** A stored content as users read it. */
  readonly open: (key: ConfigKey, stored: StoredConfig) => ConfigVersion | Promise<ConfigVersion>;
}

type Flavour = 'nacos-2' | 'nacos-3' | 'r-nacos';

interface Page {
  readonly count: number;
  readonly items: readonly JsonObject[];
}

const DEFAULT_PAGE_SIZE = 100;
/** Where a list must be filtered at home. */
const WHOLE_PAGE_SIZE = 500;

export class ConfigConsole {
  readonly #parts: ConfigConsoleParts;

  constructor(parts: ConfigConsoleParts) {
    this.#parts = parts;
  }

  async list(pattern: Required<ConfigPattern>, options: ListConfigsOptions): Promise<ConfigPage> {
    const flavour = await this.#flavour(options);
    const { page = 1, pageSize = DEFAULT_PAGE_SIZE } = options;
    if (flavour === 'r-nacos') return this.#listFiltered(pattern, { ...options, page, pageSize });
    const found = await this.#listPage(flavour, pattern, { ...options, page, pageSize });
    return pageOf(
      found.count,
      found.items.map((item) => this.#listed(item)),
    );
  }

  async history(key: ConfigKey, options: ConfigPageOptions): Promise<ConfigHistoryPage> {
    const flavour = await this.#flavour(options);
    const { page = 1, pageSize = DEFAULT_PAGE_SIZE } = options;
    const paging = { pageNo: String(page), pageSize: String(pageSize) };
    const found =
      flavour === 'nacos-3'
        ? await this.#ask('/v3/admin/cs/history/list', { ...newKey(key), ...paging }, options)
        : await this.#ask(
            '/v1/cs/history',
            { search: 'accurate', ...oldKey(key), ...paging },
            options,
          );
    const { count, items } = readPage(found);
    return Object.freeze({
      count,
      entries: Object.freeze(items.map((item) => entryOf(key, item))),
    });
  }

  async historyEntry(entry: ConfigHistoryEntry, options: WaitOptions): Promise<ConfigVersion> {
    const flavour = await this.#flavour(options);
    const { namespace, group, dataId, id } = entry;
    const key: ConfigKey = Object.freeze({ namespace, group, dataId });
    const body =
      flavour === 'nacos-3'
        ? await this.#ask('/v3/admin/cs/history', { ...newKey(key), nid: id }, options)
        : await this.#ask('/v1/cs/history', { ...oldKey(key), nid: id }, options);
    const content = readString(body, 'content');
    return this.#parts.open(key, {
      content,
      contentType: typeOf(body),
      md5: md5Of(content),
      encryptedDataKey: readString(body, 'encryptedDataKey'),
      lastModifiedMs: modifiedOf(body),
    });
  }

  /** Asks for as much as there is, since what r-nacos takes for a pattern is a part of a name. */
  async #listFiltered(
    pattern: Required<ConfigPattern>,
    options: ListConfigsOptions & { readonly page: number; readonly pageSize: number },
  ): Promise<ConfigPage> {
    const parts = {
      dataId: pattern.dataId.replaceAll('*', ''),
      group: pattern.group.replaceAll('*', ''),
    };
    const wanted = { ...pattern, namespace: this.#parts.namespace, name: pattern.dataId };
    const all: ListedConfig[] = [];
    for (let page = 1; ; page += 1) {
      const paging = { ...options, page, pageSize: WHOLE_PAGE_SIZE };
      const { count, items } = await this.#listPage('r-nacos', parts, paging);
      for (const item of items) {
        const listed = this.#listed(item);
        if (matchesPattern(wanted, { ...listed, name: listed.dataId })) all.push(listed);
      }
      if (items.length === 0 || page * WHOLE_PAGE_SIZE >= count) break;
    }
    const from = (options.page - 1) * options.pageSize;
    return pageOf(all.length, all.slice(from, from + options.pageSize));
  }

  async #listPage(
    flavour: Flavour,
    { dataId, group }: Required<ConfigPattern>,
    options: WaitOptions & { readonly page: number; readonly pageSize: number },
  ): Promise<Page> {
    const key = { namespace: this.#parts.namespace, group, dataId };
    const paging = { pageNo: String(options.page), pageSize: String(options.pageSize) };
    const search = { search: 'blur', ...paging };
    return readPage(
      flavour === 'nacos-3'
        ? await this.#ask('/v3/admin/cs/config/list', { ...newKey(key), ...search }, options)
        : await this.#ask('/v1/cs/configs', { ...oldKey(key), ...search }, options),
    );
  }

  #listed(item: JsonObject): ListedConfig {
    const md5 = readString(item, 'md5');
    const content = item['content'];
    return Object.freeze({
      namespace: this.#parts.namespace,
      group: readString(item, 'groupName') || readString(item, 'group'),
      dataId: readString(item, 'dataId'),
      type: typeOf(item),
      // Nacos 2 lists the contents and no sums.
      md5: md5 === '' && typeof content === 'string' ? md5Of(content) : md5,
    });
  }

  async #flavour(bounds: WaitOptions): Promise<Flavour> {
    const { session } = this.#parts;
    session.start();
    await session.ready(bounds);
    if (session.addsBatches) return 'r-nacos';
    // It came with Nacos 3, as the admin API did.
    return session.serverAbilities[FUZZY_WATCH_ABILITY] === true ? 'nacos-3' : 'nacos-2';
  }

  async #ask(
    path: string,
    query: Readonly<Record<string, string>>,
    bounds: WaitOptions,
  ): Promise<JsonObject> {
    const { status, body } = await this.#parts.get(path, query, bounds);
    if (status === 404 || status === 405 || status === 410 || status === 501) {
      throw new ServerError(
        'SERVER_UNSUPPORTED',
        `this server has no ${path} (status ${String(status)})`,
        { resultCode: RESULT_FAIL, errorCode: ERROR_NO_HANDLER },
      );
    }
    const json = parse(body);
    if (status !== 200 || json === undefined) {
      // What is not JSON is a page for people, and may be long.
      const why = json === undefined ? 'no JSON' : readString(json, 'message', 'no reason given');
      throw new ServerError('SERVER_FAILED', `${path}: status ${String(status)}, ${why}`, {
        resultCode: RESULT_FAIL,
        errorCode: status,
      });
    }
    // Since the second API there is a wrapper around what is answered.
    const { data } = json;
    if (!path.startsWith('/v1/')) {
      if (isJsonObject(data)) return data;
      throw new ProtocolError('UNEXPECTED_RESPONSE', `${path} was answered without data`);
    }
    return json;
  }
}

function newKey({ namespace, group, dataId }: ConfigKey): Record<string, string> {
  return { namespaceId: namespace, groupName: group, dataId };
}

function oldKey({ namespace, group, dataId }: ConfigKey): Record<string, string> {
  return { tenant: tenantOf(namespace), group, dataId };
}

function readPage(body: JsonObject): Page {
  return { count: readNumber(body, 'totalCount'), items: readObjects(body, 'pageItems') };
}

function pageOf(count: number, configs: readonly ListedConfig[]): ConfigPage {
  return Object.freeze({ count, configs: Object.freeze(configs) });
}

const OPERATIONS: Readonly<Record<string, ConfigHistoryEntry['operation']>> = {
  I: 'insert',
  U: 'update',
  D: 'delete',
};

function entryOf(key: ConfigKey, item: JsonObject): ConfigHistoryEntry {
  return Object.freeze({
    ...key,
    id: String(readNumber(item, 'id') || readString(item, 'id')),
    // Filled up with blanks by the database.
    operation: OPERATIONS[readString(item, 'opType').trim()] ?? 'unknown',
    isGray: readString(item, 'publishType') === 'gray',
    modifiedMs: modifiedOf(item),
    user: readString(item, 'srcUser'),
    sourceIp: readString(item, 'srcIp'),
  });
}

/** A number in the API of Nacos 3, a text before. */
function modifiedOf(item: JsonObject): number {
  const text = readString(item, 'lastModifiedTime');
  return text === '' ? readNumber(item, 'modifyTime') : Date.parse(text) || 0;
}

/** In a list; of an entry of the history it is among what else was published, as JSON in a text. */
function typeOf(item: JsonObject): string {
  const type = readString(item, 'type');
  if (type !== '') return type;
  const more = parse(readString(item, 'extInfo'));
  return (more === undefined ? '' : readString(more, 'type')) || 'text';
}

function parse(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isJsonObject(json) ? json : undefined;
  } catch {
    // The caller says what that means.
    return undefined;
  }
}

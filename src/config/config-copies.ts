/**
 * Owns the copies on disk of the configs that were read, for when Nacos cannot be asked. Written after each content that is new, deleted when the
 * server says that there is none; asked by the config client and the listening. Encrypted contents stay encrypted. Several processes may
 * share a folder: each file is replaced as a whole. It never throws, never blocks, and says once that the folder cannot be written.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { ConfigKey } from '../config-api.js';
import type { Logger } from '../logger.js';
import { UNFINISHED, writeAtomically } from '../util/atomic-file.js';
import type { Clock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { makeFolder } from '../util/make-folder.js';
import { decodeJson, readNumber, readString, type JsonObject } from '../wire/json.js';
import { md5Of, type StoredConfig } from './versions.js';

export interface ConfigCopiesParts {
  /** A folder that may be shared with other processes and for other registries. */
  readonly dir: string;
  /** What tells registries apart: the servers. */
  readonly registry: string;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly logger: Logger;
}

const MAX_PREFIX = 80;
/** A process that writes does not take so long: it died. */
const UNFINISHED_AGE_MS = 3_600_000;
/** Of a content of 9 MiB, as JSON. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export class ConfigCopies {
  readonly #parts: ConfigCopiesParts;
  readonly #folder: string;
  /** What the files hold, as far as we wrote them. */
  readonly #saved = new Map<string, string>();
  readonly #waiting = new Map<string, readonly [ConfigKey, StoredConfig | undefined]>();
  #writing: Promise<void> | undefined;
  #isReady = false;
  #saidUnwritable = false;

  constructor(parts: ConfigCopiesParts) {
    this.#parts = parts;
    this.#folder = path.join(parts.dir, 'configs', fileName(parts.registry, parts.registry));
  }

  /** undefined: the server says that there is none (docs/protocol.md#trap-17). */
  save(key: ConfigKey, config: StoredConfig | undefined): void {
    const text = textOf(key);
    const state = config?.md5 ?? '';
    if (this.#saved.get(text) === state) return;
    this.#saved.set(text, state);
    this.#waiting.set(text, [key, config]);
    if (this.#writing !== undefined) return;
    this.#writing = this.#writeAll();
    runInBackground(this.#writing);
  }

  async read(key: ConfigKey): Promise<StoredConfig | undefined> {
    const file = this.#fileOf(key);
    try {
      if ((await stat(file)).size > MAX_FILE_BYTES) throw new TypeError('it is too big');
      return readCopy(key, decodeJson(await readFile(file), 'a copy'));
    } catch (error) {
      // That there is none is how every first start is.
      if (!isMissing(error)) {
        this.#parts.logger.warn(`${file} is not used: ${asError(error).message}`);
      }
      return undefined;
    }
  }

  /** Writes what is still waiting. Never rejects. */
  async close(): Promise<void> {
    await this.#writing;
  }

  /** One after the other: the app's own files and lookups use the same few threads. */
  async #writeAll(): Promise<void> {
    // In a turn of its own: who reads a config does not wait for its copy.
    await Promise.resolve();
    for (const [text, [key, config]] of this.#waiting) {
      this.#waiting.delete(text);
      try {
        await this.#write(key, config);
      } catch (error) {
        this.#failed(text, asError(error));
      }
    }
    this.#writing = undefined;
  }

  async #write(key: ConfigKey, config: StoredConfig | undefined): Promise<void> {
    const file = this.#fileOf(key);
    if (config === undefined) {
      await unlink(file).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      return;
    }
    if (!this.#isReady) await this.#prepare();
    const { namespace, group, dataId } = key;
    const savedAtMs = this.#parts.clock.wallMs();
    const text = JSON.stringify({ namespace, group, dataId, ...config, savedAtMs });
    await writeAtomically(file, text);
  }

  #failed(text: string, error: Error): void {
    // The folder may be removed while we run, and come back.
    this.#isReady = false;
    this.#saved.delete(text);
    const { logger } = this.#parts;
    const what = `configs are not kept on disk: ${error.message}; set another cacheDir`;
    if (this.#saidUnwritable) logger.debug(what);
    else logger.warn(what);
    this.#saidUnwritable = true;
  }

  /** Makes the folder, and takes out what dead processes left unfinished. */
  async #prepare(): Promise<void> {
    await makeFolder(this.#folder, 0o700);
    this.#isReady = true;
    const now = this.#parts.clock.wallMs();
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(UNFINISHED)) continue;
      const file = path.join(this.#folder, name);
      try {
        if (now - (await stat(file)).mtimeMs > UNFINISHED_AGE_MS) await unlink(file);
      } catch {
        // Another process was faster, or we may not: then it stays.
      }
    }
  }

  #fileOf(key: ConfigKey): string {
    return path.join(this.#folder, `${fileName(key.dataId, textOf(key))}.json`);
  }
}

/** @throws TypeError for a file of another config, or whose content is not what was written */
function readCopy(key: ConfigKey, json: JsonObject): StoredConfig {
  const content = readString(json, 'content');
  const md5 = readString(json, 'md5');
  const isOfKey =
    readString(json, 'dataId') === key.dataId &&
    readString(json, 'group') === key.group &&
    readString(json, 'namespace') === key.namespace;
  if (!isOfKey) throw new TypeError('it is of another config');
  if (md5Of(content) !== md5) throw new TypeError('its content and its md5 do not agree');
  return {
    content,
    md5,
    contentType: readString(json, 'contentType', 'text'),
    encryptedDataKey: readString(json, 'encryptedDataKey'),
    lastModifiedMs: readNumber(json, 'lastModifiedMs'),
  };
}

/** Readable, harmless in every file system, of bounded length, and different for each `key`. */
function fileName(name: string, key: string): string {
  const prefix = name.replace(/[^a-zA-Z0-9._-]/g, '_').slice(0, MAX_PREFIX);
  return `${prefix}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

function textOf({ namespace, group, dataId }: ConfigKey): string {
  return `${dataId}+${group}+${namespace}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

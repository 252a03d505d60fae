/**
 * Owns the contents that an operator puts into a folder as files, for the time when the registry is wrong or away: while there is one for a config, it
 * counts, whatever Nacos says. Asked by the config client, which is told of changes. The folder is looked at every few seconds, since events
 * of file systems do not come from every kind of mount. A broken file changes nothing: the last good one stays.
 */
import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { ConfigKey, ConfigVersion } from '../config-api.js';
import type { Logger } from '../logger.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { MAX_CONTENT_BYTES } from './config-rules.js';
import { typeOfDataId } from './config-type.js';
import { md5Of, versionOf } from './versions.js';

export interface OperatorFilesParts {
  /** Holds `<namespace>/<group>/<dataId>`. */
  readonly dir: string;
  readonly namespace: string;
  readonly clock: Pick<Clock, 'every'>;
  readonly logger: Logger;
  /** The file for this config has come, changed or gone. */
  readonly changed: (key: ConfigKey) => void;
}

interface KnownFile {
  readonly key: ConfigKey;
  /** Changes whenever the file does. */
  readonly stamp: string;
  /** undefined: it was broken from the start. */
  readonly version: ConfigVersion | undefined;
}

type Files = ReadonlyMap<string, KnownFile>;

const LOOK_MS = 5000;
const decoder = new TextDecoder('utf-8', { fatal: true });

export class OperatorFiles {
  readonly #parts: OperatorFilesParts;
  /** By path below the folder of the namespace. */
  #files: Files = new Map();
  #versions = new Map<string, ConfigVersion>();
  #first: Promise<void> | undefined;
  #isReady = false;
  #timer: Timer | undefined;
  #isLooking = false;
  #saidUnreadable = false;
  #isClosed = false;

  constructor(parts: OperatorFilesParts) {
    this.#parts = parts;
  }

  /** Whether `of` says what there is; else wait for `ready`. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Resolves when the folder was read once, and has it watched from then on. Never rejects. */
  ready(): Promise<void> {
    this.#first ??= this.#look().then(() => {
      this.#isReady = true;
      if (this.#isClosed) return;
      this.#timer = this.#parts.clock.every(LOOK_MS, () => runInBackground(this.#look()));
    });
    return this.#first;
  }

  of(key: ConfigKey): ConfigVersion | undefined {
    return this.#versions.get(textOf(key));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const found = await this.#readAll();
      this.#saidUnreadable = false;
      this.#replace(found);
    } catch (error) {
      // Not taken for "no file": a mount that is gone for a moment must not change what counts.
      const { dir, logger } = this.#parts;
      const text = `failoverDir ${dir} cannot be read: ${asError(error).message}`;
      if (!this.#saidUnreadable) logger.warn(text);
      this.#saidUnreadable = true;
    } finally {
      this.#isLooking = false;
    }
  }

  async #readAll(): Promise<Files> {
    const { dir, namespace } = this.#parts;
    const found = new Map<string, KnownFile>();
    const namespaces = await readdir(dir);
    if (!namespaces.includes(namespace)) return found;
    for (const group of await foldersIn(path.join(dir, namespace))) {
      for (const name of await filesIn(path.join(dir, namespace, group))) {
        const file = await this.#read(group, name);
        if (file !== undefined) found.set(path.join(group, name), file);
      }
    }
    return found;
  }

  #replace(found: Files): void {
    if (this.#isClosed) return;
    const before = this.#files;
    this.#files = found;
    this.#versions = new Map();
    for (const { key, version } of found.values()) {
      if (version !== undefined) this.#versions.set(textOf(key), version);
    }
    for (const [file, { key }] of new Map([...before, ...found])) {
      if (!found.has(file)) {
        this.#parts.logger.warn(`${file} is gone: ${nameOf(key)} is what Nacos has`);
      }
      if (before.get(file)?.version !== found.get(file)?.version) this.#parts.changed(key);
    }
  }

  /** undefined: it is gone again, or is no file. */
  async #read(group: string, name: string): Promise<KnownFile | undefined> {
    const { dir, namespace, logger } = this.#parts;
    const file = path.join(dir, namespace, group, name);
    const known = this.#files.get(path.join(group, name));
    const key = known?.key ?? { namespace, group: decode(group), dataId: decode(name) };
    const broken = (stamp: string, why: string): KnownFile => {
      const what = known?.version === undefined ? 'is ignored' : 'changes nothing';
      if (stamp !== known?.stamp) logger.warn(`${file}: ${why}; the file ${what}`);
      return { key, stamp, version: known?.version };
    };
    try {
      const stats = await stat(file);
      if (!stats.isFile()) return undefined;
      const stamp = [stats.mtimeMs, stats.ctimeMs, stats.ino, stats.size].join(' ');
      if (stamp === known?.stamp) return known;
      if (stats.size > MAX_CONTENT_BYTES) return broken(stamp, 'it is too big');
      const content = decoder.decode(await readFile(file));
      // An editor that empties a file before it writes it must not be followed.
      if (content.trim() === '') return broken(stamp, 'it is empty');
      logger.warn(`${file}: counts as ${nameOf(key)}, whatever Nacos says, until the file is gone`);
      return { key, stamp, version: this.#versionOf(key, content, Math.trunc(stats.mtimeMs)) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      const why = error instanceof TypeError ? 'it is no text in UTF-8' : asError(error).message;
      return broken(why, why);
    }
  }

  #versionOf(key: ConfigKey, content: string, lastModifiedMs: number): ConfigVersion {
    const facts = {
      contentType: typeOfDataId(key.dataId),
      md5: md5Of(content),
      encryptedDataKey: '',
      lastModifiedMs,
    };
    return versionOf(key, facts, content, 'failover');
  }
}

async function foldersIn(dir: string): Promise<readonly string[]> {
  const entries: readonly Dirent[] = await readdir(dir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name);
}

/** Nothing, for a link to what is no folder. */
async function filesIn(dir: string): Promise<readonly string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return [];
    throw error;
  }
}

/** What a file name cannot hold is written as in a URL. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A name with a % that means nothing: it stands for itself.
    return text;
  }
}

function textOf({ group, dataId }: ConfigKey): string {
  return `${dataId}+${group}`;
}

function nameOf({ group, dataId }: ConfigKey): string {
  return `config ${group}/${dataId}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

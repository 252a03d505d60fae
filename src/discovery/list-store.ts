/**
 * Owns the copies on disk of the lists that calls use, for a start without Nacos. Written to by `local-lists.ts` after each change, read only when
 * Nacos cannot be asked. Several processes may share a folder: each file is replaced as a whole. It never throws, never blocks, and
 * says at most once each that the folder cannot be written and that a file in it is of no use.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

import type { Logger } from '../logger.js';
import { groupedName, type ServiceRef, type ServiceSnapshot } from '../model.js';
import { UNFINISHED, writeAtomically } from '../util/atomic-file.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { makeFolder } from '../util/make-folder.js';
import { findName, foldName } from './name-spelling.js';
import { MAX_LIST_BYTES, readStoredList, writeStoredList, type StoredList } from './stored-list.js';

export interface ListStoreParts {
  /** Of all registries. */
  readonly dir: string;
  /** What tells registries apart: servers and namespace. */
  readonly registry: string;
  readonly clock: Pick<Clock, 'wallMs' | 'after'>;
  readonly logger: Logger;
}

export interface FoundList extends StoredList {
  readonly service: ServiceRef;
  readonly ageMs: number;
}

const HOUR_MS = 3_600_000;
/** Older lists are not used any more. */
export const MAX_AGE_MS = 7 * 24 * HOUR_MS;
/** Clocks of machines that share a folder differ; a time further ahead than this is none. */
const MAX_AHEAD_MS = 24 * HOUR_MS;
/** Between two rounds of writing, however many pushes there are. */
const PAUSE_MS = 1000;
/** A process that writes does not take so long: it died. */
const UNFINISHED_AGE_MS = HOUR_MS;
const MAX_PREFIX = 80;
/** Files looked at for one name. */
const MAX_CANDIDATES = 32;
const OUR_FILE = /-[0-9a-f]{16}\.json(?:\.[0-9a-f]{12}\.tmp)?$/;

export class ListStore {
  readonly #parts: ListStoreParts;
  readonly #folder: string;
  readonly #waiting = new Map<string, ServiceSnapshot>();
  #pause: Timer | undefined;
  #writing: Promise<void> | undefined;
  #isReady = false;
  #saidUnwritable = false;
  #saidUseless = false;
  #isClosed = false;

  constructor(parts: ListStoreParts) {
    this.#parts = parts;
    this.#folder = path.join(parts.dir, fileName(parts.registry, parts.registry));
  }

  /** Has the list written soon. */
  save(list: ServiceSnapshot): void {
    if (this.#isClosed) return;
    this.#waiting.set(groupedName(list.service), list);
    if (this.#pause === undefined && this.#writing === undefined) this.#write();
  }

  /** The list of the service with this name; else of the only one that differs in case. undefined: none that is of use. */
  async find({ name, group }: ServiceRef): Promise<FoundList | undefined> {
    try {
      const prefix = `${prefixOf(name)}-`;
      const files = (await readdir(this.#folder)).filter(
        (file) => file.startsWith(prefix) && file.endsWith('.json') && OUR_FILE.test(file),
      );
      const named: (readonly [string, FoundList])[] = [];
      for (const file of files.slice(0, MAX_CANDIDATES)) {
        const list = await this.#read(path.join(this.#folder, file));
        if (list?.service.group === group) named.push([list.service.name, list]);
      }
      return findName(name, named);
    } catch (error) {
      // Nothing was ever stored: that is how every first start is.
      if (!isMissing(error)) this.#sayUseless(this.#folder, asError(error).message);
      return undefined;
    }
  }

  /** Writes what is still waiting. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pause?.cancel();
    await this.#writing;
    if (this.#waiting.size > 0) await this.#writeAll();
  }

  #write(): void {
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#isClosed) return;
      this.#pause = this.#parts.clock.after(PAUSE_MS, () => {
        this.#pause = undefined;
        if (this.#waiting.size > 0) this.#write();
      });
    });
    runInBackground(this.#writing);
  }

  /** One after the other: the app's own files and lookups use the same few threads. */
  async #writeAll(): Promise<void> {
    const lists = [...this.#waiting.values()];
    this.#waiting.clear();
    try {
      if (!this.#isReady) await this.#prepare();
      for (const list of lists) {
        // In a turn of its own: to write a long list as text takes a while, and calls of the turn in which it was pushed do not wait for that.
        await new Promise((resolve) => setImmediate(resolve));
        const { service } = list;
        const text = writeStoredList(list, this.#parts.clock.wallMs());
        if (Buffer.byteLength(text) > MAX_LIST_BYTES) continue;
        const file = `${fileName(service.name, groupedName(service))}.json`;
        await writeAtomically(path.join(this.#folder, file), text);
      }
    } catch (error) {
      // The folder may be removed while we run.
      this.#isReady = false;
      const text = `lists of instances are not kept on disk: ${asError(error).message}; set discovery.cache_dir, or discovery.disk_cache to false`;
      if (this.#saidUnwritable) this.#parts.logger.debug(text);
      else this.#parts.logger.warn(text);
      this.#saidUnwritable = true;
    }
  }

  /** Makes the folder, and takes out what is of no use to anybody. */
  async #prepare(): Promise<void> {
    await makeFolder(this.#folder, 0o700);
    this.#isReady = true;
    const now = this.#parts.clock.wallMs();
    for (const name of await readdir(this.#folder)) {
      if (!OUR_FILE.test(name)) continue;
      const file = path.join(this.#folder, name);
      const maxAgeMs = name.endsWith(UNFINISHED) ? UNFINISHED_AGE_MS : MAX_AGE_MS;
      try {
        if (now - (await stat(file)).mtimeMs > maxAgeMs) await unlink(file);
      } catch {
        // Another process was faster, or we may not: then it stays.
      }
    }
  }

  async #read(file: string): Promise<FoundList | undefined> {
    const found = await this.#readOrWhyNot(file);
    if (typeof found !== 'string') return found;
    this.#sayUseless(file, found);
    return undefined;
  }

  /** undefined: too old, or gone again. */
  async #readOrWhyNot(file: string): Promise<FoundList | string | undefined> {
    try {
      const { size } = await stat(file);
      if (size > MAX_LIST_BYTES) return 'it is too big';
      const reading = readStoredList(await readFile(file, 'utf8'));
      if ('problem' in reading) return reading.problem;
      const { service, savedAtMs, instances } = reading.list;
      if (service === undefined || savedAtMs === undefined) {
        return 'it does not say which service it is of, or how old it is';
      }
      const ageMs = this.#parts.clock.wallMs() - savedAtMs;
      if (ageMs > MAX_AGE_MS || ageMs < -MAX_AHEAD_MS) return undefined;
      return { service, savedAtMs, instances, ageMs: Math.max(0, ageMs) };
    } catch (error) {
      return isMissing(error) ? undefined : asError(error).message;
    }
  }

  #sayUseless(file: string, why: string): void {
    const text = `${file}: ${why}; the stored list is not used`;
    if (this.#saidUseless) this.#parts.logger.debug(text);
    else this.#parts.logger.warn(text);
    this.#saidUseless = true;
  }
}

/** Readable, harmless in every file system, of bounded length, and different for each `key`. */
function fileName(name: string, key: string): string {
  return `${prefixOf(name)}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** The same for all spellings of a name. */
function prefixOf(name: string): string {
  return foldName(name)
    .replace(/[^a-z0-9._-]/g, '_')
    .slice(0, MAX_PREFIX);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/**
 * Owns the lists that an operator puts into a folder as files, for the time when the registry is wrong: while there is one for a service, calls use it.
 * Asked by `local-lists.ts`, which is told of changes. The folder is looked at every few seconds, since events of file systems do
 * not come from every kind of mount. A broken file changes nothing: the last good one stays.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import type { Logger } from '../logger.js';
import type { Instance, ServiceRef } from '../model.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground } from '../util/deferred.js';
import { findName } from './name-spelling.js';
import { MAX_LIST_BYTES, readStoredList } from './stored-list.js';

export interface FailoverFilesParts {
  readonly dir: string;
  readonly clock: Pick<Clock, 'after' | 'every'>;
  readonly logger: Logger;
  /** The list of this name has come, changed or gone. */
  readonly changed: (name: string) => void;
}

interface KnownFile {
  readonly name: string;
  /** undefined: for the service of any group. */
  readonly group: string | undefined;
  /** Changes whenever the file does. */
  readonly stamp: string;
  /** undefined: it was broken from the start. */
  readonly instances: readonly Instance[] | undefined;
}

const LOOK_MS = 5000;
/** A mount whose server is gone may not answer for ever. */
const FIRST_LOOK_MS = 1000;
const SUFFIX = '.json';

export class FailoverFiles {
  readonly #parts: FailoverFilesParts;
  /** By file name. */
  #files: ReadonlyMap<string, KnownFile> = new Map();
  #first: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isLooking = false;
  #saidUnreadable = false;
  #isClosed = false;

  constructor(parts: FailoverFilesParts) {
    this.#parts = parts;
  }

  /** Resolves when the folder was read once, or takes too long, and has it watched from then on. Never rejects. */
  ready(): Promise<void> {
    this.#first ??= this.#lookFirst();
    return this.#first;
  }

  /** The list for exactly this service. A file with the group goes before one without. */
  of({ name, group }: ServiceRef): readonly Instance[] | undefined {
    let ofAnyGroup: readonly Instance[] | undefined;
    for (const file of this.#files.values()) {
      if (file.name !== name) continue;
      if (file.group === group && file.instances !== undefined) return file.instances;
      if (file.group === undefined) ofAnyGroup = file.instances;
    }
    return ofAnyGroup;
  }

  /** How a file spells this name; exact case first. undefined: there is no file. */
  match({ name, group }: ServiceRef): string | undefined {
    const names = new Map<string, string>();
    for (const file of this.#files.values()) {
      const isOfGroup = file.group === undefined || file.group === group;
      if (isOfGroup && file.instances !== undefined) names.set(file.name, file.name);
    }
    return findName(name, names);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#files = new Map();
  }

  async #lookFirst(): Promise<void> {
    const { dir, clock, logger } = this.#parts;
    const waiting = createDeferred<undefined>();
    const timer = clock.after(FIRST_LOOK_MS, () => {
      logger.warn(
        `discovery.failover_dir ${dir} does not answer: calls go on, and use its files as soon as it does`,
      );
      waiting.resolve(undefined);
    });
    const looked = this.#look().then(() => {
      timer.cancel();
      if (this.#isClosed) return;
      this.#timer = clock.every(LOOK_MS, () => runInBackground(this.#look()));
    });
    await Promise.race([looked, waiting.promise]);
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const found = new Map<string, KnownFile>();
      for (const name of await readdir(this.#parts.dir)) {
        const file = name.endsWith(SUFFIX) ? await this.#read(name) : undefined;
        if (file !== undefined) found.set(name, file);
      }
      this.#saidUnreadable = false;
      this.#replace(found);
    } catch (error) {
      // Not taken for "no file": a mount that is gone for a moment must not change where calls go.
      const { dir, logger } = this.#parts;
      const text = `discovery.failover_dir ${dir} cannot be read: ${asError(error).message}`;
      if (!this.#saidUnreadable) logger.warn(text);
      this.#saidUnreadable = true;
    } finally {
      this.#isLooking = false;
    }
  }

  #replace(found: ReadonlyMap<string, KnownFile>): void {
    if (this.#isClosed) return;
    const before = this.#files;
    this.#files = found;
    const names = new Set<string>();
    for (const [key, { name }] of [...before, ...found]) {
      if (before.get(key)?.instances !== found.get(key)?.instances) names.add(name);
      if (!found.has(key))
        this.#parts.logger.warn(`${key} is gone: calls to ${name} use what they would without it`);
    }
    for (const name of names) this.#parts.changed(name);
  }

  /** undefined: it is gone again, or is no file. */
  async #read(fileName: string): Promise<KnownFile | undefined> {
    const { dir, logger } = this.#parts;
    const file = path.join(dir, fileName);
    const known = this.#files.get(fileName);
    const named = readFileName(fileName);
    const broken = (stamp: string, why: string): KnownFile => {
      const what = known?.instances === undefined ? 'is ignored' : 'changes nothing';
      if (stamp !== known?.stamp) logger.warn(`${file}: ${why}; the file ${what}`);
      return { ...named, stamp, instances: known?.instances };
    };
    try {
      const stats = await stat(file);
      if (!stats.isFile()) return undefined;
      const stamp = [stats.mtimeMs, stats.ctimeMs, stats.ino, stats.size].join(' ');
      if (stamp === known?.stamp) return known;
      if (stats.size > MAX_LIST_BYTES) return broken(stamp, 'it is too big');
      const reading = readStoredList(await readFile(file, 'utf8'));
      if ('problem' in reading) return broken(stamp, reading.problem);
      const { instances } = reading.list;
      logger.warn(
        `${file}: calls to ${named.name} use these ${String(instances.length)} instances, whatever Nacos says, until the file is gone`,
      );
      return { ...named, stamp, instances };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      const { message } = asError(error);
      return broken(message, message);
    }
  }
}

/** `group@@service.json` or `service.json`; what a file name cannot hold is written as in a URL. */
function readFileName(fileName: string): Pick<KnownFile, 'name' | 'group'> {
  const text = decode(fileName.slice(0, -SUFFIX.length));
  const cut = text.indexOf('@@');
  return cut < 0
    ? { name: text, group: undefined }
    : { name: text.slice(cut + 2), group: text.slice(0, cut) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A name with a % that means nothing: it stands for itself.
    return text;
  }
}

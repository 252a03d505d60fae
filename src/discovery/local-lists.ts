/**
 * Owns the lists that are on this machine: the operator's files, which go before the registry, and the copies of its lists, for when it cannot be asked.
 * Used by `entries.ts`. Without a folder for either it does nothing.
 */
import type { Logger } from '../logger.js';
import type { Instance, ServiceRef, ServiceSnapshot } from '../model.js';
import type { Clock, Timer } from '../util/clock.js';
import { FailoverFiles } from './failover-files.js';
import { filterCallable } from './filter.js';
import { ListStore, type FoundList } from './list-store.js';

/** Where copies of lists are kept. */
export interface ListCacheOptions {
  /** A folder that may be shared with other processes and for other registries. */
  readonly dir: string;
  /** What tells registries apart, like the servers and the namespace. */
  readonly registry: string;
}

export interface LocalListsParts {
  readonly cache: ListCacheOptions | undefined;
  readonly failoverDir: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** An operator's file for this name has come, changed or gone. */
  readonly fileChanged: (name: string) => void;
  /** Lists that are right at this moment: their copies are made to say so from time to time. */
  readonly confirmed: () => Iterable<ServiceSnapshot>;
}

const REFRESH_MS = 3_600_000;

export class LocalLists {
  readonly #parts: LocalListsParts;
  readonly #store: ListStore | undefined;
  readonly #files: FailoverFiles | undefined;
  #refresh: Timer | undefined;

  constructor(parts: LocalListsParts) {
    const { cache, failoverDir, clock, logger } = parts;
    this.#parts = parts;
    this.#store = cache && new ListStore({ ...cache, clock, logger });
    this.#files =
      failoverDir === undefined
        ? undefined
        : new FailoverFiles({ dir: failoverDir, clock, logger, changed: parts.fileChanged });
  }

  get mayHaveFiles(): boolean {
    return this.#files !== undefined;
  }

  /** Resolves when the operator's files are known; at once without a folder. Never rejects. */
  async ready(): Promise<void> {
    await this.#files?.ready();
  }

  /** How the operator's file for this service spells its name; undefined: there is none. */
  async nameOfFile(service: ServiceRef): Promise<string | undefined> {
    await this.ready();
    return this.#files?.match(service);
  }

  fileOf(service: ServiceRef): readonly Instance[] | undefined {
    return this.#files?.of(service);
  }

  save(list: ServiceSnapshot): void {
    if (this.#store === undefined) return;
    this.#store.save(list);
    this.#refresh ??= this.#parts.clock.every(REFRESH_MS, () => {
      for (const confirmed of this.#parts.confirmed()) this.#store?.save(confirmed);
    });
  }

  /** The copy of a list that has something to call; by exact name, else the only one that differs in case. */
  async stored(service: ServiceRef): Promise<FoundList | undefined> {
    const found = await this.#store?.find(service);
    return found === undefined || filterCallable(found).callable.length === 0 ? undefined : found;
  }

  /** The same of the service with exactly this name. */
  async storedOf(service: ServiceRef): Promise<FoundList | undefined> {
    const found = await this.stored(service);
    return found?.service.name === service.name ? found : undefined;
  }

  async close(): Promise<void> {
    this.#refresh?.cancel();
    this.#files?.close();
    await this.#store?.close();
  }
}

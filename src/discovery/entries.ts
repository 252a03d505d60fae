/**
 * Owns the entries of all services that are called, the lists that are watched, and what concerns them together: lists on this machine, the end of
 * those that nobody uses, and addresses that no service lists any more. Used by `resolver.ts`, which knows the names.
 */
import type { ServiceSnapshot } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import { runInBackground } from '../util/deferred.js';
import { GoneAddresses, type GoneListener } from './gone-addresses.js';
import { LocalLists, type ListCacheOptions } from './local-lists.js';
import { ServiceEntry, type ServiceEntryOptions } from './service-entry.js';
import type { ServiceSettings } from './service-settings.js';
import { UnusedSweep } from './unused.js';
import { WatchedList, type WatchedListParts } from './watched-list.js';

export interface EntriesOptions extends Omit<ServiceEntryOptions, 'onListed' | 'onGone'> {
  readonly naming: NamingApi;
  /** What is set for a service of this name. */
  readonly settingsOf: (name: string) => ServiceSettings;
  /** The most that a first call waits for the registry. */
  readonly firstListTimeoutMs: number;
  /** A subscription ends after this long without a call; 0: never. */
  readonly unusedAfterMs: number;
  /** Where copies of lists are kept; undefined: nowhere. */
  readonly cache: ListCacheOptions | undefined;
  /** Folder with an operator's lists. */
  readonly failoverDir: string | undefined;
}

export class Entries {
  readonly #options: EntriesOptions;
  readonly #entryOptions: ServiceEntryOptions;
  /** By the service's own name. */
  readonly #entries = new Map<string, ServiceEntry>();
  readonly #watched = new Set<WatchedList>();
  readonly #lists: LocalLists;
  readonly #gone: GoneAddresses;
  readonly #sweep: UnusedSweep<ServiceEntry>;
  #isClosed = false;

  /** `fileChanged`: what a name means may be another thing now, in any spelling. */
  constructor(options: EntriesOptions, fileChanged: (name: string) => void) {
    const { naming, clock, logger } = options;
    this.#options = options;
    this.#gone = new GoneAddresses(logger);
    this.#lists = new LocalLists({
      cache: options.cache,
      failoverDir: options.failoverDir,
      clock,
      logger,
      fileChanged: (name) => {
        const entry = this.#entries.get(name);
        entry?.setFile(this.#lists.fileOf(entry.service));
        for (const list of this.#watched) if (list.name === name) list.fileChanged();
        fileChanged(name);
      },
      confirmed: () => this.#confirmed(),
    });
    this.#entryOptions = {
      ...options,
      onListed: (list) => this.#lists.save(list),
      onGone: (addresses) => this.#gone.tell(addresses, (key) => this.#isListed(key)),
    };
    this.#sweep = new UnusedSweep({
      clock,
      afterMs: options.unusedAfterMs,
      all: () => [...this.#entries.values()].filter((entry) => entry.mayRest),
      // The list may be all there is until Nacos is back, and nobody could be told.
      mayDrop: () => naming.connectionState === 'ready',
      drop: (entry) => entry.rest(),
    });
  }

  /** The entry of a service by its registered name, if it was ever called. */
  get(service: string): ServiceEntry | undefined {
    return this.#entries.get(service);
  }

  /** Of every service that was called. */
  all(): Iterable<ServiceEntry> {
    return this.#entries.values();
  }

  /** The entry of a service, which is followed from now on. @throws ConfigError when no service may have this name. */
  follow(service: string): ServiceEntry {
    const entry = this.#entries.get(service) ?? this.make(service);
    entry.start();
    return this.keep(entry);
  }

  /** A new one that nobody knows of unless it is kept. */
  make(name: string): ServiceEntry {
    const entry = new ServiceEntry(this.#options.settingsOf(name), this.#entryOptions);
    entry.setFile(this.#lists.fileOf(entry.service));
    return entry;
  }

  /** Gives the one that is kept: another one may have come before. */
  keep(entry: ServiceEntry): ServiceEntry {
    const { name } = entry.service;
    const kept = this.#entries.get(name) ?? entry;
    if (this.#isClosed) return kept;
    this.#entries.set(name, kept);
    this.#sweep.start();
    return kept;
  }

  /** Other settings count from now on: the entries of these services begin anew with the list that they have. Gives what replaces what. */
  renew(isChanged: (name: string) => boolean): ReadonlyMap<ServiceEntry, ServiceEntry> {
    const renewed = new Map<ServiceEntry, ServiceEntry>();
    for (const [name, former] of this.#entries) {
      if (!isChanged(name)) continue;
      const entry = this.make(name);
      entry.startAfter(former);
      this.#entries.set(name, entry);
      renewed.set(former, entry);
      runInBackground(former.close());
    }
    return renewed;
  }

  /** See `Discovery.watch`. @throws ConfigError when no service may have this name */
  watch(given: Pick<WatchedListParts, 'settings' | 'listener' | 'isAway'>): () => void {
    const list = new WatchedList({ ...this.#options, ...given, local: this.#lists });
    list.start();
    this.#watched.add(list);
    return () => {
      this.#watched.delete(list);
      list.close();
    };
  }

  /** Nacos cannot be reached from now on: calls ask for themselves what to do, who watches does not. */
  away(): void {
    for (const list of this.#watched) list.away();
  }

  get mayHaveFiles(): boolean {
    return this.#lists.mayHaveFiles;
  }

  /** How an operator's file spells this name; undefined: there is no file for it. */
  nameOfFile(name: string): Promise<string | undefined> {
    const { service } = this.#options.settingsOf(name);
    return this.#lists.nameOfFile({ name, group: service.group });
  }

  /** Follows the service of this name by its copy on disk; undefined: there is none. */
  async followStored(name: string): Promise<ServiceEntry | undefined> {
    const { service } = this.#options.settingsOf(name);
    const found = await this.#lists.stored({ name, group: service.group });
    if (found === undefined || this.#isClosed) return undefined;
    const entry = this.follow(found.service.name);
    entry.useStored(found.instances, found.ageMs);
    return entry;
  }

  /** Has calls use what was listed in former times, when there is no other list. True: there is a list. */
  async useOldList(entry: ServiceEntry): Promise<boolean> {
    if (!entry.hasList && !entry.useFormer()) {
      const found = await this.#lists.storedOf(entry.service);
      if (found !== undefined && !this.#isClosed) entry.useStored(found.instances, found.ageMs);
    }
    return entry.hasList;
  }

  /** See `CallRouter.onGone`. */
  onGone(listener: GoneListener): () => void {
    return this.#gone.listen(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sweep.close();
    this.#gone.close();
    for (const list of this.#watched) list.close();
    this.#watched.clear();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all([this.#lists.close(), ...entries.map((entry) => entry.close())]);
  }

  *#confirmed(): Iterable<ServiceSnapshot> {
    if (this.#options.naming.connectionState !== 'ready') return;
    for (const { confirmed } of [...this.#entries.values(), ...this.#watched])
      if (confirmed !== undefined) yield confirmed;
  }

  #isListed(key: string): boolean {
    for (const entry of this.#entries.values()) if (entry.lists(key)) return true;
    return false;
  }
}

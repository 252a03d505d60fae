/**
 * Owns the callable instances of one service for somebody who keeps connections of his own, like a gRPC channel: told at first and at each change.
 * Made by `entries.ts` for `discovery.watch()`. Which list counts is the same as for calls (`list-in-use.ts`), but it balances, ejects and counts
 * nothing: that is with who watches.
 *
 * States: waiting -list-> here; waiting -time is up-> late -list-> here; here -the operator's file is gone and Nacos said nothing yet-> waiting;
 * any -close-> closed.
 */
import type { Logger } from '../logger.js';
import type { Instance, ServiceSnapshot } from '../model.js';
import type { NamingApi, Subscription } from '../naming-api.js';
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import type { CallableList, ListParts } from './callable-list.js';
import { ListInUse, sayOld } from './list-in-use.js';
import type { LocalLists } from './local-lists.js';
import type { ServiceSettings } from './service-settings.js';
import { staticList } from './static-instances.js';

/** undefined: Nacos did not say in time; the list is told when it comes. Empty: nothing can be called. */
export type WatchListener = (instances: readonly Instance[] | undefined) => void;

export interface WatchedListParts {
  readonly settings: ServiceSettings;
  readonly namespace: string;
  readonly naming: Pick<NamingApi, 'subscribe'>;
  readonly local: Pick<LocalLists, 'ready' | 'fileOf' | 'storedOf' | 'save'>;
  /** Nacos cannot be reached now. */
  readonly isAway: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly firstListTimeoutMs: number;
  readonly listener: WatchListener;
}

const COUNTS_NOTHING = {
  emptyProtection: (): void => undefined,
  listChanged: (): void => undefined,
};

export class WatchedList {
  readonly #parts: WatchedListParts;
  readonly #lists: ListInUse;
  #subscription: Subscription | undefined;
  /** What the user gives instead of the registry's list. */
  #fixed: ServiceSnapshot | undefined;
  #timer: Timer | undefined;
  /** The operator's files are not known yet: they would go before whatever comes now. */
  #isReading = true;
  #isClosed = false;

  constructor(parts: WatchedListParts) {
    this.#parts = parts;
    const { settings, clock, logger } = parts;
    const listParts = plainParts(parts);
    this.#lists = new ListInUse({
      service: settings.service,
      clock,
      logger,
      meter: COUNTS_NOTHING,
      emptyProtectionMs: settings.emptyProtectionMs,
      listParts: () => listParts,
      changed: (list) => this.#use(list),
    });
  }

  /** Never calls back before it returns. @throws ConfigError when no service may have this name */
  start(): void {
    const { settings, naming } = this.#parts;
    const { service, instances } = settings;
    if (instances === undefined) {
      this.#subscription = naming.subscribe(service, (list) => {
        if (!this.#isReading) this.#lists.take(list);
      });
    } else {
      this.#fixed = staticList(service, instances);
    }
    this.#wait();
    runInBackground(this.#begin());
  }

  /** The operator's file for a service of this name has come, changed or gone. */
  fileChanged(): void {
    if (!this.#isReading) this.#lists.setFile(this.#file);
  }

  /** Nacos cannot be reached from now on. */
  away(): void {
    if (!this.#isReading) runInBackground(this.#useOld());
  }

  /** What the registry lists, when it is what was told. */
  get confirmed(): ServiceSnapshot | undefined {
    return this.#fixed === undefined ? this.#lists.confirmed : undefined;
  }

  get name(): string {
    return this.#parts.settings.service.name;
  }

  /** The listener hears nothing any more. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#lists.close();
    if (this.#subscription !== undefined) runInBackground(this.#subscription.close());
  }

  get #file(): readonly Instance[] | undefined {
    return this.#parts.local.fileOf(this.#parts.settings.service);
  }

  async #begin(): Promise<void> {
    await this.#parts.local.ready();
    if (this.#isClosed) return;
    this.#isReading = false;
    this.#lists.setFile(this.#file);
    const first = this.#fixed ?? this.#subscription?.snapshot;
    if (first !== undefined) this.#lists.take(first);
    if (this.#parts.isAway()) await this.#useOld();
  }

  #wait(): void {
    const { clock, firstListTimeoutMs } = this.#parts;
    this.#timer?.cancel();
    this.#timer = clock.after(firstListTimeoutMs, () => runInBackground(this.#late()));
  }

  async #late(): Promise<void> {
    await this.#useOld();
    if (this.#lists.source === undefined) this.#tell(undefined);
  }

  /** What was listed in former times, when there is no other list. */
  async #useOld(): Promise<void> {
    const { local, settings, logger } = this.#parts;
    if (this.#lists.source !== undefined) return;
    const found = await local.storedOf(settings.service);
    if (found === undefined || this.#isClosed) return;
    if (this.#lists.useStored(found.instances)) {
      const size = this.#lists.filtered?.callable.length ?? 0;
      logger.warn(sayOld(settings.service, size, found.ageMs));
    }
  }

  #use(list: CallableList | undefined): void {
    if (this.#isClosed) return;
    if (list === undefined) {
      // What the operator listed stays in use meanwhile: who watches has nothing better.
      this.#wait();
      if (this.#parts.isAway()) this.away();
      return;
    }
    const { confirmed } = this;
    if (confirmed !== undefined) this.#parts.local.save(confirmed);
    this.#tell(list.filtered.callable);
  }

  #tell(instances: readonly Instance[] | undefined): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    try {
      this.#parts.listener(instances);
    } catch (error) {
      this.#parts.logger.error(`who watches ${this.name} failed: ${String(error)}`);
    }
  }
}

/** Of lists that nobody picks from. */
function plainParts({ settings, namespace, clock }: WatchedListParts): ListParts {
  return {
    settings,
    owner: { service: settings.service, namespace, settle: () => undefined },
    statOf: (key) => ({ key, active: 0, ewmaMs: 0, ewmaAtMs: 0 }),
    random: () => clock.random(),
    nowMs: () => clock.nowMs(),
    clientId: 0,
    routes: [],
  };
}

/**
 * Owns the callable instances of one service for somebody who keeps connections of his own, like a gRPC channel: told at first and at each change.
 * Made by `discovery.watch()`. It filters and protects lists as calls do, but balances, ejects and counts nothing: that is with who watches.
 *
 * States: waiting -list-> here; waiting -time is up-> late -list-> here; any -close-> closed.
 */
import type { Logger } from '../logger.js';
import type { Instance, ServiceSnapshot } from '../model.js';
import { checkInstance } from '../naming-rules.js';
import type { NamingApi, Subscription } from '../naming-api.js';
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import { EmptyProtection } from './empty-protection.js';
import { filterCallable } from './filter.js';
import { sayWhyNone } from './list-in-use.js';
import type { ServiceSettings } from './service-settings.js';

/** undefined: Nacos did not say in time; the list is told when it comes. Empty: nothing can be called. */
export type WatchListener = (instances: readonly Instance[] | undefined) => void;

export interface WatchedListParts {
  readonly settings: ServiceSettings;
  readonly naming: Pick<NamingApi, 'subscribe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly firstListTimeoutMs: number;
  readonly listener: WatchListener;
}

const COUNTS_NOTHING = { emptyProtection: (): void => undefined };

export class WatchedList {
  readonly #parts: WatchedListParts;
  readonly #protection: EmptyProtection;
  #subscription: Subscription | undefined;
  #timer: Timer | undefined;
  #callable: readonly Instance[] | undefined;
  #isClosed = false;

  constructor(parts: WatchedListParts) {
    this.#parts = parts;
    const { settings, clock, logger } = parts;
    this.#protection = new EmptyProtection({
      service: settings.service,
      clock,
      logger,
      meter: COUNTS_NOTHING,
      boundMs: settings.emptyProtectionMs,
      over: () => this.#tell([]),
    });
  }

  /** Never calls back before it returns. @throws ConfigError when no service may have this name */
  start(): void {
    const { settings, naming, clock, firstListTimeoutMs } = this.#parts;
    const fixed = settings.instances?.map(checkInstance);
    if (fixed !== undefined) {
      queueMicrotask(() => this.#tell(fixed));
      return;
    }
    const subscription = naming.subscribe(settings.service, (list) => this.#take(list));
    this.#subscription = subscription;
    const { snapshot } = subscription;
    if (snapshot !== undefined) queueMicrotask(() => this.#take(snapshot));
    this.#timer = clock.after(firstListTimeoutMs, () => this.#tell(undefined));
  }

  /** The listener hears nothing any more. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#protection.end(0);
    if (this.#subscription !== undefined) runInBackground(this.#subscription.close());
  }

  #take(list: ServiceSnapshot): void {
    const { settings } = this.#parts;
    const filtered = filterCallable(list, settings.clusters);
    const { callable } = filtered;
    if (callable.length === 0) {
      const kept = this.#callable?.length ?? 0;
      if (this.#protection.holds(kept, sayWhyNone(settings.service, filtered))) return;
    }
    this.#protection.end(callable.length);
    this.#tell(callable);
  }

  #tell(instances: readonly Instance[] | undefined): void {
    if (this.#isClosed) return;
    this.#timer?.cancel();
    this.#callable = instances;
    try {
      this.#parts.listener(instances);
    } catch (error) {
      this.#parts.logger.error(
        `who watches ${this.#parts.settings.service.name} failed: ${String(error)}`,
      );
    }
  }
}

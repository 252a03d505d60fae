/**
 * Owns one service that somebody calls: its subscription, the list in use and the empty protection. Made by `resolver.ts` at the
 * first call and kept until discovery closes; every call reads it. It never asks the registry on the path of a call.
 *
 * States: waiting -first list-> here; waiting -time is up-> late (calls use DNS) -first list-> here; any -close-> closed.
 */
import { ClosedError, NoInstanceError } from '../errors.js';
import type { Logger } from '../logger.js';
import {
  groupedName,
  hostPort,
  type InstanceAddress,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type { NamingApi, Subscription } from '../naming-api.js';
import type { CallTarget } from '../process-hub.js';
import type { Clock, Timer } from '../util/clock.js';
import { createDeferred } from '../util/deferred.js';
import type { CreateBalancer } from './balancer.js';
import { CallableList } from './callable-list.js';
import { Penalties } from './penalties.js';

export interface ServiceEntryOptions {
  readonly naming: Pick<NamingApi, 'subscribe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly createBalancer: CreateBalancer;
  /** How long the last callable list outlives an empty one; 0 turns the protection off. */
  readonly emptyProtectionMs: number;
  /** How long picks avoid an address that could not be connected to; 0 turns that off. */
  readonly penaltyMs: number;
}

export class ServiceEntry {
  readonly service: ServiceRef;
  readonly #options: ServiceEntryOptions;
  readonly #penalties: Penalties;
  readonly #first = createDeferred<undefined>();
  readonly #isPenalized = (index: number): boolean =>
    this.#penalties.has(this.#inUse?.keys[index] ?? '');
  #subscription: Subscription | undefined;
  #revision = -1;
  /** The list that calls use: the last callable one while empty protection holds, else the latest. */
  #inUse: CallableList | undefined;
  #latest: CallableList | undefined;
  #protection: Timer | undefined;
  #isLate = false;

  constructor(service: ServiceRef, options: ServiceEntryOptions) {
    this.service = service;
    this.#options = options;
    this.#penalties = new Penalties(options.clock, options.penaltyMs);
  }

  /** Subscribes. @throws ConfigError when no service may have this name. */
  start(): void {
    const subscription = this.#options.naming.subscribe(this.service, (list) => this.#apply(list));
    this.#subscription = subscription;
    if (subscription.snapshot !== undefined) this.#apply(subscription.snapshot);
  }

  get hasList(): boolean {
    return this.#inUse !== undefined;
  }

  /** The first list did not come in time: calls go on without us until it is here. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Instances of the latest list, callable or not. */
  get total(): number {
    return this.#latest?.filtered.total ?? 0;
  }

  markLate(): void {
    this.#isLate = !this.hasList;
  }

  /** Resolves when the first list is here. @throws ClosedError */
  firstList(): Promise<undefined> {
    return this.#first.promise;
  }

  /** The next target; undefined when there is no list yet or nothing callable in it. */
  pick(): CallTarget | undefined {
    const list = this.#inUse;
    if (list === undefined) return undefined;
    let index = -1;
    if (!this.#penalties.isEmpty) index = list.pickExcept(this.#isPenalized);
    if (index < 0) index = list.pick();
    return list.targets[index];
  }

  /** The next target that is none of these, and rather one that did not fail lately; undefined when none is left. */
  pickOther(tried: readonly InstanceAddress[]): CallTarget | undefined {
    const list = this.#inUse;
    if (list === undefined) return undefined;
    const keys = new Set(tried.map(hostPort));
    const isTried = (index: number): boolean => keys.has(list.keys[index] ?? '');
    let index = list.pickExcept((at) => isTried(at) || this.#isPenalized(at));
    if (index < 0) index = list.pickExcept(isTried);
    return list.targets[index];
  }

  /** To be told when a connection to this address failed. */
  penalize(address: InstanceAddress): void {
    this.#penalties.add(hostPort(address));
  }

  /** Why nothing can be called, with the counts of the latest list. */
  whyNone(): NoInstanceError {
    const { total, unhealthy, disabled, weightless } = this.#latest?.filtered ?? NOTHING;
    const name = groupedName(this.service);
    return new NoInstanceError(
      total === 0
        ? `no instance of ${name} is registered`
        : `no instance of ${name} can be called: ${String(total)} registered, of these ${String(unhealthy)} unhealthy, ${String(disabled)} disabled, ${String(weightless)} without weight`,
      {
        details: {
          service: this.service.name,
          group: this.service.group,
          total,
          unhealthy,
          disabled,
          weightless,
        },
      },
    );
  }

  async close(): Promise<void> {
    this.#protection?.cancel();
    this.#first.reject(new ClosedError('discovery is closed'));
    await this.#subscription?.close();
  }

  #apply(snapshot: ServiceSnapshot): void {
    if (snapshot.revision <= this.#revision) return;
    this.#revision = snapshot.revision;
    const { createBalancer, clock } = this.#options;
    const list = new CallableList(snapshot, createBalancer, () => clock.random());
    this.#latest = list;
    if (list.isEmpty && this.#protect()) return;
    this.#protection?.cancel();
    this.#protection = undefined;
    this.#inUse = list;
    this.#isLate = false;
    this.#first.resolve(undefined);
  }

  /** True when calls keep the list they have. The time runs from the first empty list, however many follow. */
  #protect(): boolean {
    const { emptyProtectionMs, clock, logger } = this.#options;
    if (this.#protection !== undefined) return true;
    if (emptyProtectionMs <= 0 || this.#inUse === undefined || this.#inUse.isEmpty) return false;
    const name = groupedName(this.service);
    logger.warn(
      `${this.whyNone().message}; empty protection: calls keep the last ${String(this.#inUse.targets.length)} for at most ${String(emptyProtectionMs / 1000)} s`,
    );
    this.#protection = clock.after(emptyProtectionMs, () => {
      this.#protection = undefined;
      this.#inUse = this.#latest;
      logger.warn(`empty protection of ${name} is over: it has had no callable instance since`);
    });
    return true;
  }
}

const NOTHING = { total: 0, unhealthy: 0, disabled: 0, weightless: 0 };

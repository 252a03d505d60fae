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
  type ServiceDiff,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type { NamingApi, Subscription } from '../naming-api.js';
import type { CallInfo, EndedAttempt, FailedCall, NextAttempt } from '../process-hub.js';
import type { Clock, Timer } from '../util/clock.js';
import { createDeferred } from '../util/deferred.js';
import type { InstanceStat } from './balancer.js';
import {
  CallableList,
  type ExplainedInstance,
  type ListParts,
  type Target,
} from './callable-list.js';
import { LocalityWatch } from './locality.js';
import { Outlier } from './outlier.js';
import { RetryPolicy } from './retry.js';
import { compileRoutes } from './routing.js';
import type { Meters, ServiceMeter } from './service-meter.js';
import type { RouteRule, ServiceSettings } from './service-settings.js';
import { WarmUp } from './warm-up.js';

export interface ServiceEntryOptions {
  readonly naming: Pick<NamingApi, 'subscribe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Meters;
}

export class ServiceEntry {
  readonly settings: ServiceSettings;
  readonly meter: ServiceMeter;
  readonly #options: ServiceEntryOptions;
  #parts: ListParts;
  readonly #warmUp: WarmUp | undefined;
  readonly #locality: LocalityWatch;
  readonly #outlier: Outlier;
  readonly #retry: RetryPolicy;
  readonly #first = createDeferred<undefined>();
  readonly #isOut = (target: Target): boolean => this.#outlier.isOut(target.stat);
  readonly #stats = new Map<string, InstanceStat>();
  #subscription: Subscription | undefined;
  #revision = -1;
  /** The list that calls use: the last callable one while empty protection holds, else the latest. */
  #inUse: CallableList | undefined;
  #latest: CallableList | undefined;
  #protection: Timer | undefined;
  #isLate = false;

  constructor(settings: ServiceSettings, options: ServiceEntryOptions) {
    const { clock } = options;
    this.settings = settings;
    this.meter = options.meters.of(settings.service);
    this.#options = options;
    const { warmUpMs } = settings;
    const onStep = (): void => this.#inUse?.reweigh();
    const warmUp = warmUpMs > 0 ? new WarmUp({ warmUpMs, clock, onStep }) : undefined;
    this.#warmUp = warmUp;
    this.#locality = new LocalityWatch(
      groupedName(settings.service),
      settings.locality,
      options.logger,
    );
    this.#parts = {
      settings,
      owner: this,
      statOf: (key) => this.#statOf(key),
      random: () => clock.random(),
      nowMs: () => clock.nowMs(),
      shareOf: warmUp && ((key) => warmUp.shareOf(key)),
      clientId: Math.floor(clock.random() * 2 ** 32),
      routes: compileRoutes(settings.routes, options.logger),
    };
    this.#outlier = new Outlier({
      settings: settings.outlier,
      clock,
      meter: this.meter,
      size: () => this.#inUse?.targets.length ?? 0,
    });
    this.#retry = new RetryPolicy({
      settings: settings.retry,
      timeoutMs: settings.timeoutMs,
      clock,
    });
  }

  get service(): ServiceRef {
    return this.settings.service;
  }

  /** Subscribes. @throws ConfigError when no service may have this name. */
  start(): void {
    const subscription = this.#options.naming.subscribe(this.service, (list, diff) =>
      this.#apply(list, diff),
    );
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

  /** The next target, given out until `settle`; undefined when there is no list yet or nothing callable in it. */
  pick(call: CallInfo | undefined): Target | undefined {
    return give(this.peek(call));
  }

  /** Like `pick`, for those who say nothing afterwards. */
  peek(call: CallInfo | undefined): Target | undefined {
    const list = this.#inUse;
    if (list === undefined) return undefined;
    const free = this.#outlier.isActive ? list.pickExcept(this.#isOut, call) : undefined;
    const target = free ?? list.pick(call);
    if (target !== undefined) this.meter.picked(target);
    return target;
  }

  /** Another target after a failure, given out until `settle`; undefined when none is left or the rules say no. */
  nextAttempt(failed: FailedCall): NextAttempt | undefined {
    const list = this.#inUse;
    const delayMs = this.#retry.delayMs(failed);
    if (list === undefined || delayMs === undefined) return undefined;
    const keys = new Set(failed.tried.map(hostPort));
    const isTried = (target: Target): boolean => keys.has(target.stat.key);
    const target = give(
      list.pickExcept((one) => isTried(one) || this.#isOut(one), failed.info) ??
        list.pickExcept(isTried, failed.info),
    );
    if (target === undefined) return undefined;
    this.meter.picked(target);
    this.meter.retried(failed, delayMs);
    return { target, delayMs };
  }

  /** Other rules from the next call on. */
  setRoutes(rules: readonly RouteRule[]): void {
    const routes = compileRoutes(rules, this.#options.logger);
    this.#parts = { ...this.#parts, routes };
    this.#inUse?.useRoutes(routes);
    this.#latest?.useRoutes(routes);
  }

  /** Each instance that calls may know, with the reason why this call would not go there. Ejection is not looked at. */
  explain(call: CallInfo | undefined): readonly ExplainedInstance[] {
    return this.#inUse?.explain(call) ?? [];
  }

  settle(target: Target, ended: EndedAttempt): void {
    const { stat } = target;
    if (stat.active > 0) stat.active -= 1;
    this.meter.ended(target, ended);
    this.#outlier.settled(stat, ended);
    this.settings.createBalancer.settled?.(stat, ended, this.#options.clock.nowMs());
  }

  /** Why nothing can be called, by this call if there is one, with the counts of the latest list. */
  whyNone(call?: CallInfo): NoInstanceError {
    const { callable, ...counts } = this.#latest?.filtered ?? NOTHING;
    const { total, unhealthy, disabled, weightless, otherCluster } = counts;
    const unrouted = callable.length === 0 ? 0 : (this.#inUse?.countUnrouted(call) ?? 0);
    const name = groupedName(this.service);
    const others = otherCluster === 0 ? '' : `, ${String(otherCluster)} in other clusters`;
    const kept = unrouted === 0 ? '' : `, ${String(unrouted)} not for this call by its routes`;
    return new NoInstanceError(
      total === 0
        ? `no instance of ${name} is registered`
        : `no instance of ${name} can be called: ${String(total)} registered, of these ${String(unhealthy)} unhealthy, ${String(disabled)} disabled, ${String(weightless)} without weight${others}${kept}`,
      {
        details: {
          service: this.service.name,
          group: this.service.group,
          ...counts,
          unrouted,
        },
      },
    );
  }

  async close(): Promise<void> {
    this.#protection?.cancel();
    this.#warmUp?.close();
    this.#first.reject(new ClosedError('discovery is closed'));
    this.#options.meters.release(this.service);
    await this.#subscription?.close();
  }

  #apply(snapshot: ServiceSnapshot, diff?: ServiceDiff): void {
    if (snapshot.revision <= this.#revision) return;
    this.#revision = snapshot.revision;
    const list = new CallableList(snapshot, this.#parts);
    this.#latest = list;
    this.meter.listChanged({
      added: diff?.added.length ?? snapshot.instances.length,
      removed: diff?.removed.length ?? 0,
      changed: diff?.changed.length ?? 0,
      size: snapshot.instances.length,
    });
    if (list.isEmpty && this.#protect()) return;
    if (this.#protection !== undefined) this.meter.emptyProtection(false, list.targets.length);
    this.#protection?.cancel();
    this.#protection = undefined;
    this.#inUse = list;
    this.#warmUp?.listed(list.targets, list.instances);
    this.#locality.listed(list.targets);
    this.#forgetOthers(list);
    this.#isLate = false;
    this.#first.resolve(undefined);
  }

  #statOf(key: string): InstanceStat {
    let stat = this.#stats.get(key);
    if (stat === undefined) {
      stat = { key, active: 0, ewmaMs: 0, ewmaAtMs: 0 };
      this.#stats.set(key, stat);
    }
    return stat;
  }

  /** An address that is gone and comes back starts anew. */
  #forgetOthers(list: CallableList): void {
    const keys = new Set(list.targets.map(({ stat }) => stat.key));
    for (const key of this.#stats.keys()) if (!keys.has(key)) this.#stats.delete(key);
    this.#outlier.listed(keys);
  }

  /** True when calls keep the list they have. The time runs from the first empty list, however many follow. */
  #protect(): boolean {
    const { clock, logger } = this.#options;
    const { emptyProtectionMs } = this.settings;
    if (this.#protection !== undefined) return true;
    if (emptyProtectionMs <= 0 || this.#inUse === undefined || this.#inUse.isEmpty) return false;
    const name = groupedName(this.service);
    logger.warn(
      `${this.whyNone().message}; empty protection: calls keep the last ${String(this.#inUse.targets.length)} for at most ${String(emptyProtectionMs / 1000)} s`,
    );
    this.meter.emptyProtection(true, this.#inUse.targets.length);
    this.#protection = clock.after(emptyProtectionMs, () => {
      this.#protection = undefined;
      this.#inUse = this.#latest;
      this.meter.emptyProtection(false, 0);
      logger.warn(`empty protection of ${name} is over: it has had no callable instance since`);
    });
    return true;
  }
}

function give(target: Target | undefined): Target | undefined {
  if (target !== undefined) target.stat.active += 1;
  return target;
}

const NOTHING = {
  callable: [],
  total: 0,
  unhealthy: 0,
  disabled: 0,
  weightless: 0,
  otherCluster: 0,
};

/**
 * Owns one service that somebody calls: its subscription, and the next instance of the list in use. Made by `entries.ts` at the
 * first call and kept until discovery closes; every call reads it. It never asks the registry on the path of a call.
 *
 * States: waiting -first list-> here; waiting -time is up-> late (calls use DNS) -first list-> here; here, late -nobody calls-> resting
 * -next call-> waiting; any -close-> closed.
 *
 * Length: one thing with one life, whose parts are in files of their own.
 */
import type { Ejection } from '../ejection.js';
import { ClosedError, NoInstanceError } from '../errors.js';
import type { Logger } from '../logger.js';
import {
  groupedName,
  hostPort,
  type Instance,
  type InstanceAddress,
  type ServiceRef,
  type ServiceSnapshot,
} from '../model.js';
import type { NamingApi, Subscription } from '../naming-api.js';
import type { CallInfo, EndedAttempt, FailedCall, NextAttempt } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import { createDeferred, runInBackground } from '../util/deferred.js';
import type { CreateBalancer, InstanceStat } from './balancer.js';
import type { BalancingChoice } from './balancing-choice.js';
import type {
  CallableList,
  WhyNot,
  ExplainedInstance,
  ListParts,
  Target,
} from './callable-list.js';
import { ChosenBalancers } from './chosen-balancers.js';
import { ListInUse, sayOld, sayWhyNone, type ListSource } from './list-in-use.js';
import { LocalityWatch } from './locality.js';
import { Outlier } from './outlier.js';
import { RetryPolicy } from './retry.js';
import { compileRoutes } from './routing.js';
import type { Meters, ServiceMeter } from './service-meter.js';
import type { RouteRule, ServiceSettings } from './service-settings.js';
import { staticList } from './static-instances.js';
import { WarmUp } from './warm-up.js';

export interface ServiceEntryOptions {
  /** Of `naming`, for errors. */
  readonly namespace: string;
  readonly naming: Pick<NamingApi, 'subscribe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meters: Meters;
  /** Calls use this list of the registry from now on. */
  readonly onListed?: (list: ServiceSnapshot) => void;
  /** These addresses left the list in use. */
  readonly onGone?: (addresses: readonly InstanceAddress[]) => void;
}

export class ServiceEntry {
  readonly settings: ServiceSettings;
  readonly meter: ServiceMeter;
  readonly #options: ServiceEntryOptions;
  readonly #lists: ListInUse;
  #parts: ListParts;
  readonly #warmUp: WarmUp | undefined;
  readonly #locality: LocalityWatch;
  readonly #outlier: Outlier;
  readonly #retry: RetryPolicy;
  #chosen: ChosenBalancers | undefined;
  readonly #isOut = (target: Target): boolean => this.#outlier.isOut(target.stat);
  /** Of the addresses in the list in use. */
  readonly #stats = new Map<string, InstanceStat>();
  #first = createDeferred<undefined>();
  #subscription: Subscription | undefined;
  #stopListening = (): void => undefined;
  #inUse: CallableList | undefined;
  #isLate = false;
  #restedAtMs = 0;
  /** A mark for `unused.ts`. */
  #isUsed = true;

  constructor(settings: ServiceSettings, options: ServiceEntryOptions) {
    const { clock } = options;
    this.settings = settings;
    this.meter = options.meters.of(settings.service);
    this.#options = options;
    const { warmUpMs } = settings;
    const onStep = (): void => this.#inUse?.reweigh();
    const warmUp = warmUpMs > 0 ? new WarmUp({ warmUpMs, clock, onStep }) : undefined;
    this.#warmUp = warmUp;
    this.#locality = new LocalityWatch({
      service: settings.service,
      settings: settings.locality,
      logger: options.logger,
      meter: this.meter,
    });
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
    this.#lists = new ListInUse({
      service: settings.service,
      clock,
      logger: options.logger,
      meter: this.meter,
      emptyProtectionMs: settings.emptyProtectionMs,
      listParts: () => this.#parts,
      changed: (list) => this.#use(list),
    });
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

  /** Subscribes; for the first time, or again after `rest`. @throws ConfigError when no service may have this name. */
  start(): void {
    this.#isUsed = true;
    if (this.#subscription !== undefined) return;
    if (this.settings.instances !== undefined) {
      // Also beneath an operator's file, for when that is gone.
      this.#lists.take(staticList(this.service, this.settings.instances));
      return;
    }
    let isCurrent = true;
    const subscription = this.#options.naming.subscribe(this.service, (list, diff) => {
      if (isCurrent) this.#lists.take(list, diff);
    });
    this.#stopListening = () => {
      isCurrent = false;
    };
    this.#subscription = subscription;
    if (subscription.snapshot !== undefined) this.#lists.take(subscription.snapshot);
  }

  /** Begins with the list that another entry of the same service uses, until the registry says something: calls and the empty protection have something to go on with. */
  startAfter(former: ServiceEntry): void {
    const list = former.#inUse;
    const isSame = groupedName(former.service) === groupedName(this.service);
    const isAsked =
      this.settings.instances === undefined && former.settings.instances === undefined;
    if (list !== undefined && isSame && isAsked) this.#lists.useStored(list.instances);
    this.#isLate = former.#isLate && !this.hasList;
    if (former.#subscription !== undefined || this.settings.instances !== undefined) this.start();
  }

  get hasList(): boolean {
    return this.#inUse !== undefined;
  }

  /** The first list did not come in time: calls go on without us until it is here. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** Where the list in use is from; undefined: there is none. */
  get source(): ListSource | undefined {
    return this.#lists.source;
  }

  /** What the registry lists, when calls use it as it is. */
  get confirmed(): ServiceSnapshot | undefined {
    return this.settings.instances === undefined ? this.#lists.confirmed : undefined;
  }

  /** Instances of the latest list, callable or not. */
  get total(): number {
    return this.#lists.filtered?.total ?? 0;
  }

  /** May be given up while nobody calls: a call that waits for the first list keeps its subscription. */
  get mayRest(): boolean {
    return this.#subscription !== undefined && (this.hasList || this.#isLate);
  }

  /** `ip:port` is in the list in use. */
  lists(key: string): boolean {
    return this.#stats.has(key);
  }

  /** Was it called since this was asked last? */
  takeUsed(): boolean {
    const isUsed = this.#isUsed;
    this.#isUsed = false;
    return isUsed;
  }

  /** The operator's list, whatever the registry says; undefined: there is none any more. */
  setFile(instances: readonly Instance[] | undefined): void {
    this.#lists.setFile(instances);
  }

  /** What was listed in former times, while Nacos does not answer and there is no other list. False: it is of no use. */
  useStored(instances: readonly Instance[], ageMs: number): boolean {
    if (!this.#lists.useStored(instances)) return false;
    this.meter.coldStarted({ size: instances.length, ageMs });
    this.#warnOld(ageMs);
    return true;
  }

  /** The same with what this entry listed before its rest. */
  useFormer(): boolean {
    if (!this.#lists.useFormer()) return false;
    this.#warnOld(this.#options.clock.nowMs() - this.#restedAtMs);
    return true;
  }

  /** Ends the subscription: nobody calls. What is listed is given up, since nothing keeps it fresh. */
  rest(): void {
    const subscription = this.#subscription;
    if (subscription === undefined) return;
    this.#stopListening();
    this.#subscription = undefined;
    this.#isLate = false;
    this.#restedAtMs = this.#options.clock.nowMs();
    this.#lists.rest();
    runInBackground(subscription.close());
  }

  markLate(): void {
    this.#isLate = !this.hasList;
  }

  /** Resolves when the first list is here. @throws ClosedError */
  firstList(): Promise<undefined> {
    return this.#first.promise;
  }

  /** The next target, given out until `settle`; undefined when there is no list yet or nothing callable in it. */
  pick(call: CallInfo, choice?: BalancingChoice): Target | undefined {
    this.#retry.began();
    return this.#give(this.peek(call, choice));
  }

  /** Like `pick`, for those who say nothing afterwards. */
  peek(call: CallInfo | undefined, choice?: BalancingChoice): Target | undefined {
    this.#isUsed = true;
    const list = this.#inUse;
    if (list === undefined) return undefined;
    const by = choice === undefined || call === undefined ? undefined : this.#choose(call, choice);
    const free = this.#outlier.isActive ? list.pickExcept(this.#isOut, call, by) : undefined;
    const target = free ?? list.pick(call, by);
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
    const { info } = failed;
    const by = this.#chosen?.of(info);
    const hopeful = list.pickExcept((one) => isTried(one) || this.#isOut(one), info, by);
    const target = hopeful ?? list.pickExcept(isTried, info, by);
    if (target === undefined || !this.#retry.affords(failed, hopeful !== undefined)) {
      return undefined;
    }
    this.#give(target);
    this.meter.picked(target);
    this.meter.retried(failed, delayMs);
    return { target, delayMs };
  }

  /** What is out now. */
  ejected(): readonly Ejection[] {
    return this.#outlier.state();
  }

  /** `key`: of one address; undefined: of all. */
  resetEjections(key?: string): void {
    this.#outlier.reset(key);
  }

  /** Other rules from the next call on. */
  setRoutes(rules: readonly RouteRule[]): void {
    const routes = compileRoutes(rules, this.#options.logger);
    this.#parts = { ...this.#parts, routes };
    this.#lists.useRoutes(routes);
  }

  /** Each instance that calls may know, with the reason why this call would not go there. */
  explain(call: CallInfo | undefined): readonly (Omit<ExplainedInstance, 'whyNot'> & {
    readonly whyNot: WhyNot | 'ejected' | undefined;
  })[] {
    return (this.#inUse?.explain(call) ?? []).map((one) => {
      const isOut = one.target !== undefined && this.#isOut(one.target);
      return isOut && one.whyNot === undefined ? { ...one, whyNot: 'ejected' as const } : one;
    });
  }

  settle(target: Target, ended: EndedAttempt): void {
    const { stat } = target;
    if (stat.active > 0) stat.active -= 1;
    this.meter.ended(target, ended);
    this.#outlier.settled(stat, ended);
    this.settings.createBalancer.settled?.(stat, ended, this.#options.clock.nowMs());
    this.#chosen?.settled(stat, ended, this.#options.clock.nowMs());
  }

  /** Why nothing can be called, by this call if there is one, with the counts of the latest list. */
  whyNone(call?: CallInfo): NoInstanceError {
    const { callable, ...counts } = this.#lists.filtered ?? NOTHING;
    const unrouted = callable.length === 0 ? 0 : (this.#inUse?.countUnrouted(call) ?? 0);
    return new NoInstanceError(sayWhyNone(this.service, counts, unrouted), {
      details: {
        service: this.service.name,
        group: this.service.group,
        namespace: this.#options.namespace,
        ...counts,
        unrouted,
      },
    });
  }

  get namespace(): string {
    return this.#options.namespace;
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#lists.close();
    this.#warmUp?.close();
    this.#first.reject(new ClosedError('discovery is closed'));
    this.#options.meters.release(this.service);
    await this.#subscription?.close();
  }

  #use(list: CallableList | undefined): void {
    const previous = this.#inUse;
    this.#inUse = list;
    if (list !== undefined) {
      this.#warmUp?.listed(list.targets, list.instances);
      this.#locality.listed(list.targets);
    }
    const isSame = hasSameAddresses(previous, list);
    if (!isSame) this.#forgetOthers(list);
    this.#outlier.listed(this.#stats);
    if (list === undefined) {
      this.#first = createDeferred();
    } else {
      this.#isLate = false;
      this.#first.resolve(undefined);
    }
    const { onListed, onGone } = this.#options;
    const { confirmed } = this;
    if (confirmed !== undefined) onListed?.(confirmed);
    if (isSame) return;
    const gone = previous?.targets.filter(({ stat }) => !this.#stats.has(stat.key)) ?? [];
    if (gone.length > 0) onGone?.(gone);
  }

  #warnOld(ageMs: number): void {
    const size = this.#inUse?.targets.length ?? 0;
    this.#options.logger.warn(sayOld(this.service, size, ageMs));
  }

  #choose(call: CallInfo, choice: BalancingChoice): CreateBalancer {
    this.#chosen ??= new ChosenBalancers(this.settings, this.#options.logger);
    return this.#chosen.choose(call, choice);
  }

  #give(target: Target | undefined): Target | undefined {
    if (target === undefined) return undefined;
    target.stat.active += 1;
    if (this.#outlier.isActive) this.#outlier.picked(target.stat);
    return target;
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
  #forgetOthers(list: CallableList | undefined): void {
    const keys = new Set(list?.targets.map(({ stat }) => stat.key));
    for (const key of this.#stats.keys()) if (!keys.has(key)) this.#stats.delete(key);
  }
}

/** As nearly every push: what has changed is a weight or metadata. */
function hasSameAddresses(a: CallableList | undefined, b: CallableList | undefined): boolean {
  return (
    a !== undefined &&
    a.targets.length === b?.targets.length &&
    a.targets.every(({ stat }, at) => stat === b.targets[at]?.stat)
  );
}

const NOTHING = {
  callable: [],
  total: 0,
  unhealthy: 0,
  disabled: 0,
  weightless: 0,
  otherCluster: 0,
};

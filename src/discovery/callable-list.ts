/**
 * Owns the callable instances of one snapshot revision: their targets, made once, and the views that calls choose from. Built by
 * `service-entry.ts` on each change of the list, read on every call. From the list to an instance: healthy and the like
 * (`filter.ts`), routes of the call (`routing.ts`), nearest first (`locality.ts`), our part of many (`subset.ts`), balancer. Views are made when
 * the first call needs them; a service without rules has one.
 */
import { hostPort, type Instance, type ServiceSnapshot } from '../model.js';
import type { CallInfo } from '../process-hub.js';
import type { BalancerParts, CreateBalancer, InstanceStat } from './balancer.js';
import { Target, type TargetOwner } from './call-target.js';
import { filterCallable, whyLeftOut, type FilteredList, type FilterReason } from './filter.js';
import { tiersOf } from './locality.js';
import { RoutedViews, type CompiledRoute } from './routing.js';
import type { ServiceSettings } from './service-settings.js';
import { subsetOf } from './subset.js';
import { View, type IsExcluded, type ViewParts } from './view.js';

export { Target, type TargetOwner } from './call-target.js';

export interface ListParts extends BalancerParts {
  readonly settings: ServiceSettings;
  readonly owner: TargetOwner;
  /** The stat of an address, which outlives lists. */
  readonly statOf: (key: string) => InstanceStat;
  /** Part of its weight that an address has while it warms up. Default 1. */
  readonly shareOf?: ((key: string) => number) | undefined;
  /** Of this process, 32 bits: see `subset.ts`. */
  readonly clientId: number;
  /** Rules of now. */
  readonly routes: readonly CompiledRoute[];
}

/**
 * Why an instance is not chosen for a call. no-route: the rules send the call elsewhere. farther: there are nearer ones. not-in-subset: others of
 * a large list are ours. The last two are called when the better ones cannot be tried.
 */
export type WhyNot = FilterReason | 'no-route' | 'farther' | 'not-in-subset';

/** What a list says of one instance and one call. */
export interface ExplainedInstance {
  readonly instance: Instance;
  /** The first reason; undefined: it may be chosen. */
  readonly whyNot: WhyNot | undefined;
  /** Of now: less than the instance's own while it warms up; 0 for what is not callable. */
  readonly weight: number;
  /** Of callable ones. */
  readonly target: Target | undefined;
}

export class CallableList {
  /** What was left out, for errors and for explanations. */
  readonly filtered: FilteredList;
  readonly targets: readonly Target[];
  readonly #snapshot: ServiceSnapshot;
  readonly #parts: ListParts;
  readonly #viewParts: ViewParts;
  #routes: readonly CompiledRoute[];
  /** Of all targets. */
  #all: View | undefined;
  #routed: RoutedViews | undefined;
  /** Views that exist. */
  readonly #views = new Set<View>();

  /** `previous`: the list that these targets are used in place of, whose instances are known by their stats. */
  constructor(snapshot: ServiceSnapshot, parts: ListParts, previous?: CallableList) {
    this.#snapshot = snapshot;
    this.#parts = parts;
    this.#routes = parts.routes;
    this.#viewParts = {
      createBalancer: parts.settings.createBalancer,
      random: parts.random,
      nowMs: parts.nowMs,
      weightOf: (target) => this.#weightOf(target),
    };
    this.filtered = filterCallable(snapshot, parts.settings.clusters);
    const { name } = snapshot.service;
    const known = knownTargets(previous?.targets ?? []);
    this.targets = this.filtered.callable.map((instance) => {
      const former = known(instance);
      // Nothing has changed: it is the same object, and so is all that is kept for it.
      if (former?.instance === instance) return former;
      const stat = former?.stat ?? parts.statOf(hostPort(instance));
      return new Target(name, instance, stat, parts.owner);
    });
  }

  get isEmpty(): boolean {
    return this.targets.length === 0;
  }

  /** All that the snapshot lists, callable or not. */
  get instances(): readonly Instance[] {
    return this.#snapshot.instances;
  }

  /** The next target for this call; undefined when there is none for it. `chosen`: in place of the balancer of the service. */
  pick(call: CallInfo | undefined, chosen?: CreateBalancer): Target | undefined {
    return this.#viewOf(call).pick(call, chosen);
  }

  /** The next target that is not excluded; undefined when there is none for this call. Far ones when near ones are all excluded. */
  pickExcept(
    isExcluded: IsExcluded,
    call: CallInfo | undefined,
    chosen?: CreateBalancer,
  ): Target | undefined {
    return this.#viewOf(call).pickExcept(isExcluded, call, chosen);
  }

  /** Other rules from the next call on. */
  useRoutes(routes: readonly CompiledRoute[]): void {
    this.#routes = routes;
    this.#routed = undefined;
    this.#views.clear();
    if (this.#all !== undefined) this.#views.add(this.#all);
  }

  /** Weights have changed: balancers begin anew. */
  reweigh(): void {
    for (const view of this.#views) view.reweigh();
  }

  /** How many callable instances the rules keep from this call when it has none at all; else 0. */
  countUnrouted(call: CallInfo | undefined): number {
    return this.#viewOf(call).isEmpty ? this.targets.length : 0;
  }

  /** Each instance of the snapshot, in its order: whether this call may go there, and if not, why. Ejection is not known here. */
  explain(call: CallInfo | undefined): readonly ExplainedInstance[] {
    const tiers = this.#viewOf(call).tiers.map(({ targets }) => new Set(targets));
    const [first] = tiers;
    const matched = tiers.at(-1);
    const near = new Set(tiersOf([...(matched ?? [])], this.#parts.settings.locality)[0]);
    // In the order of the snapshot, without those that are left out.
    const targets = this.targets[Symbol.iterator]();
    return this.#snapshot.instances.map((instance) => {
      const whyNot = whyLeftOut(instance, this.#parts.settings.clusters);
      const target = whyNot === undefined ? targets.next().value : undefined;
      if (target === undefined) return { instance, whyNot, weight: 0, target };
      const weight = this.#weightOf(target);
      const explained = { instance, weight, target };
      if (first?.has(target) === true) return { ...explained, whyNot: undefined };
      if (matched?.has(target) !== true) return { ...explained, whyNot: 'no-route' };
      return { ...explained, whyNot: near.has(target) ? 'not-in-subset' : 'farther' };
    });
  }

  #viewOf(call: CallInfo | undefined): View {
    const all = (this.#all ??= this.#newView(this.targets));
    if (this.#routes.length === 0) return all;
    this.#routed ??= new RoutedViews({
      targets: this.targets,
      routes: this.#routes,
      all,
      viewOf: (targets) => this.#newView(targets),
    });
    return this.#routed.of(call);
  }

  #newView(targets: readonly Target[]): View {
    const { settings, clientId } = this.#parts;
    const tiers = tiersOf(targets, settings.locality);
    const near = tiers[0] ?? targets;
    const ours = subsetOf(near, { size: settings.subsetSize, clientId });
    const view = new View(ours === near ? tiers : [ours, ...tiers], this.#viewParts);
    this.#views.add(view);
    return view;
  }

  #weightOf({ instance, stat }: Target): number {
    const { shareOf } = this.#parts;
    return shareOf === undefined ? instance.weight : instance.weight * shareOf(stat.key);
  }
}

/**
 * Finds the former target of an instance, asked for in the order of a list: of the same object, or in its place and with its address. A push is
 * long and changes little, and the key of each address would have to be made.
 */
function knownTargets(former: readonly Target[]): (instance: Instance) => Target | undefined {
  let next = 0;
  let others: Map<Instance, number> | undefined;
  return (instance) => {
    const target = former[next];
    if (target === undefined && others === undefined && next === 0) return undefined;
    const isThere =
      target !== undefined && target.port === instance.port && target.ip === instance.ip;
    if (isThere) {
      next += 1;
      return target;
    }
    // Some have come or gone: from there on, it goes by where each one is.
    others ??= new Map(former.map((one, at) => [one.instance, at]));
    const at = others.get(instance);
    if (at === undefined) return undefined;
    next = at + 1;
    return former[at];
  };
}

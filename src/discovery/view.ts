/**
 * Owns the targets that one kind of call may go to, nearest first, and the balancers over them. Made by `callable-list.ts` and
 * `routing.ts`, once per list, and read on every call. A balancer is built at its first pick: lists of services that nobody
 * calls cost nothing, nor do far instances as long as near ones answer.
 */
import type { CallInfo } from '../process-hub.js';
import type { Balancer, BalancerParts, CreateBalancer } from './balancer.js';
import type { Target } from './call-target.js';

export interface ViewParts extends BalancerParts {
  readonly createBalancer: CreateBalancer;
  /** What the instance is worth now. */
  readonly weightOf: (target: Target) => number;
}

export type IsExcluded = (target: Target) => boolean;

/** Targets that are equally good. */
class Tier {
  readonly targets: readonly Target[];
  readonly #parts: ViewParts;
  #balancer: Balancer | undefined;
  /** Those that single calls have chosen. */
  #chosen: WeakMap<CreateBalancer, Balancer> | undefined;

  constructor(targets: readonly Target[], parts: ViewParts) {
    this.targets = targets;
    this.#parts = parts;
  }

  pick(call: CallInfo | undefined, chosen: CreateBalancer | undefined): Target | undefined {
    return this.targets[this.#balancerOf(chosen).pick(call)];
  }

  pickExcept(
    isExcluded: IsExcluded,
    call: CallInfo | undefined,
    chosen: CreateBalancer | undefined,
  ): Target | undefined {
    const { targets } = this;
    const index = this.#balancerOf(chosen).pickExcept((at) => {
      const target = targets[at];
      return target === undefined || isExcluded(target);
    }, call);
    return targets[index];
  }

  reweigh(): void {
    this.#balancer = undefined;
    this.#chosen = undefined;
  }

  #balancerOf(chosen: CreateBalancer | undefined): Balancer {
    if (chosen === undefined) {
      return (this.#balancer ??= this.#build(this.#parts.createBalancer));
    }
    this.#chosen ??= new WeakMap();
    let balancer = this.#chosen.get(chosen);
    if (balancer === undefined) {
      balancer = this.#build(chosen);
      this.#chosen.set(chosen, balancer);
    }
    return balancer;
  }

  #build(create: CreateBalancer): Balancer {
    const { targets } = this;
    return create(
      {
        weights: targets.map(this.#parts.weightOf),
        addresses: targets,
        stats: targets.map(({ stat }) => stat),
      },
      this.#parts,
    );
  }
}

export class View {
  /** What a first attempt chooses from. */
  readonly first: Tier;
  /** Where attempts go when all before are excluded. */
  readonly #others: readonly Tier[];

  /** `tiers`: nearest first. */
  constructor(tiers: readonly (readonly Target[])[], parts: ViewParts) {
    const [first = [], ...others] = tiers;
    this.first = new Tier(first, parts);
    this.#others = others.map((targets) => new Tier(targets, parts));
  }

  get tiers(): readonly Tier[] {
    return [this.first, ...this.#others];
  }

  get isEmpty(): boolean {
    return this.first.targets.length === 0;
  }

  /** `chosen`: in place of the balancer of the service. */
  pick(call: CallInfo | undefined, chosen?: CreateBalancer): Target | undefined {
    return this.isEmpty ? undefined : this.first.pick(call, chosen);
  }

  pickExcept(
    isExcluded: IsExcluded,
    call: CallInfo | undefined,
    chosen?: CreateBalancer,
  ): Target | undefined {
    if (this.isEmpty) return undefined;
    let found = this.first.pickExcept(isExcluded, call, chosen);
    for (let at = 0; found === undefined && at < this.#others.length; at += 1) {
      found = this.#others[at]?.pickExcept(isExcluded, call, chosen);
    }
    return found;
  }

  /** Weights have changed. */
  reweigh(): void {
    this.first.reweigh();
    for (const tier of this.#others) tier.reweigh();
  }
}

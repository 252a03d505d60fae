/**
 * Owns the callable instances of one snapshot revision: their targets, made once, and the balancers over them. Built by
 * `service-entry.ts` on each change of the list, read on every call. Immutable but for the places of its balancers.
 */
import { hostPort, type Instance, type ServiceSnapshot } from '../model.js';
import type { CallInfo, CallTarget, EndedAttempt } from '../process-hub.js';
import type { Balancer, BalancerParts, InstanceStat } from './balancer.js';
import { filterCallable, type FilteredList } from './filter.js';
import type { ServiceSettings } from './service-settings.js';

/** Who gave a target out, and gets it back. */
export interface TargetOwner {
  settle(target: Target, ended: EndedAttempt): void;
}

/** One callable instance of one list. */
export class Target implements CallTarget {
  readonly ip: string;
  readonly port: number;
  readonly service: string;
  readonly secure: boolean;
  readonly instance: Instance;
  readonly stat: InstanceStat;
  readonly owner: TargetOwner;

  constructor(service: string, instance: Instance, stat: InstanceStat, owner: TargetOwner) {
    this.ip = instance.ip;
    this.port = instance.port;
    this.service = service;
    // Spring's key for "call me over TLS".
    this.secure = instance.metadata['secure']?.toLowerCase() === 'true';
    this.instance = instance;
    this.stat = stat;
    this.owner = owner;
  }
}

export interface ListParts extends BalancerParts {
  readonly settings: ServiceSettings;
  readonly owner: TargetOwner;
  /** The stat of an address, which outlives lists. */
  readonly statOf: (key: string) => InstanceStat;
}

export class CallableList {
  /** What was left out, for errors and for explanations. */
  readonly filtered: FilteredList;
  readonly targets: readonly Target[];
  readonly #parts: ListParts;
  #balancer: Balancer | undefined;

  constructor(snapshot: ServiceSnapshot, parts: ListParts) {
    this.#parts = parts;
    this.filtered = filterCallable(snapshot);
    const { name } = snapshot.service;
    this.targets = this.filtered.callable.map(
      (instance) => new Target(name, instance, parts.statOf(hostPort(instance)), parts.owner),
    );
  }

  get isEmpty(): boolean {
    return this.targets.length === 0;
  }

  /** The next target for this call; undefined when there is none for it. */
  pick(call: CallInfo | undefined): Target | undefined {
    return this.targets[(this.#balancer ?? this.#build()).pick(call)];
  }

  /** The next target that is not excluded; undefined when there is none for this call. */
  pickExcept(
    isExcluded: (target: Target) => boolean,
    call: CallInfo | undefined,
  ): Target | undefined {
    const { targets } = this;
    const index = (this.#balancer ?? this.#build()).pickExcept((at) => {
      const target = targets[at];
      return target === undefined || isExcluded(target);
    }, call);
    return targets[index];
  }

  /** At the first pick, not at the push: lists of services that nobody calls cost no build. */
  #build(): Balancer {
    const { settings } = this.#parts;
    this.#balancer = settings.createBalancer(
      {
        weights: this.targets.map(({ instance }) => instance.weight),
        addresses: this.targets,
        stats: this.targets.map(({ stat }) => stat),
      },
      this.#parts,
    );
    return this.#balancer;
  }
}

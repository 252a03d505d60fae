/**
 * Owns the callable instances of one snapshot revision: their targets, made once, and the balancer over them. Built by
 * `service-entry.ts` on each change of the list, read on every call. Immutable but for the balancer's place.
 */
import { hostPort, type ServiceSnapshot } from '../model.js';
import type { CallTarget } from '../process-hub.js';
import type { Balancer, CreateBalancer } from './balancer.js';
import { filterCallable, type FilteredList } from './filter.js';

export class CallableList {
  /** What was left out, for errors and for explanations. */
  readonly filtered: FilteredList;
  readonly targets: readonly CallTarget[];
  /** `ip:port` of each target, at the same index. */
  readonly keys: readonly string[];
  readonly #create: CreateBalancer;
  readonly #random: () => number;
  #balancer: Balancer | undefined;

  constructor(snapshot: ServiceSnapshot, create: CreateBalancer, random: () => number) {
    this.filtered = filterCallable(snapshot);
    this.targets = this.filtered.callable.map((instance) =>
      Object.freeze({
        ip: instance.ip,
        port: instance.port,
        service: snapshot.service.name,
        // Spring's key for "call me over TLS".
        secure: instance.metadata['secure']?.toLowerCase() === 'true',
      }),
    );
    this.keys = this.targets.map(hostPort);
    this.#create = create;
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.targets.length === 0;
  }

  /** Index of the next target; -1 when the list is empty. */
  pick(): number {
    return (this.#balancer ?? this.#build()).pick();
  }

  /** Index of the next target whose index passes; -1 when none does. */
  pickExcept(isExcluded: (index: number) => boolean): number {
    return (this.#balancer ?? this.#build()).pickExcept(isExcluded);
  }

  /** At the first pick, not at the push: lists of services that nobody calls cost no build. */
  #build(): Balancer {
    const weights = this.filtered.callable.map((instance) => instance.weight);
    this.#balancer = this.#create(weights, this.#random);
    return this.#balancer;
  }
}

/**
 * Owns the balancers of one service that single calls have chosen, beside its own one: which function makes them, what each call under way has
 * chosen, and who wants to hear of results. Made by `service-entry.ts` with the first such call. Balancers themselves live with their list.
 */
import type { Logger } from '../logger.js';
import type { CallInfo, EndedAttempt } from '../process-hub.js';
import type { CreateBalancer, InstanceStat } from './balancer.js';
import { balancerByName } from './balancers/by-name.js';
import { consistentHashBy } from './balancers/consistent-hash.js';
import { guardBalancer } from './balancers/guarded.js';
import { hashOfCall, hashText } from './balancers/hash-key.js';
import type { BalancingChoice } from './balancing-choice.js';
import type { ServiceSettings } from './service-settings.js';

/** Functions that want results; a caller who makes a new one for each call gets none for the rest. */
const MAX_LEARNERS = 16;

export class ChosenBalancers {
  readonly #settings: Pick<ServiceSettings, 'createBalancer' | 'hashKey'>;
  readonly #logger: Logger;
  readonly #ofCalls = new WeakMap<CallInfo, BalancingChoice>();
  readonly #own = new WeakMap<CreateBalancer, CreateBalancer>();
  readonly #learners = new Set<CreateBalancer>();
  #byHash: CreateBalancer | undefined;

  constructor(settings: Pick<ServiceSettings, 'createBalancer' | 'hashKey'>, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  /** For the first attempt of a call. */
  choose(call: CallInfo, choice: BalancingChoice): CreateBalancer {
    this.#ofCalls.set(call, choice);
    const { balancer = 'consistent-hash' } = choice;
    const create =
      typeof balancer === 'function'
        ? this.#guarded(balancer)
        : balancer === 'consistent-hash'
          ? this.#hashing()
          : balancerByName(balancer);
    const isKnown = create.settled === this.#settings.createBalancer.settled;
    if (create.settled !== undefined && !isKnown && this.#learners.size < MAX_LEARNERS) {
      this.#learners.add(create);
    }
    return create;
  }

  /** For further attempts; undefined: the call has chosen nothing. */
  of(call: CallInfo): CreateBalancer | undefined {
    const choice = this.#ofCalls.get(call);
    return choice === undefined ? undefined : this.choose(call, choice);
  }

  /** Of any call of the service: a balancer learns from all of them. */
  settled(stat: InstanceStat, ended: EndedAttempt, nowMs: number): void {
    for (const { settled } of this.#learners) settled?.(stat, ended, nowMs);
  }

  #guarded(balancer: CreateBalancer): CreateBalancer {
    let guarded = this.#own.get(balancer);
    if (guarded === undefined) {
      guarded = guardBalancer(balancer, this.#logger);
      this.#own.set(balancer, guarded);
    }
    return guarded;
  }

  /** By the key of the call, else by that of the service. */
  #hashing(): CreateBalancer {
    if (this.#byHash === undefined) {
      const { hashKey } = this.#settings;
      const ownHash = hashOfCall(hashKey);
      const create = consistentHashBy((call) => {
        const key = this.#ofCalls.get(call)?.key;
        return key === undefined ? ownHash(call) : hashText(key);
      });
      // A function of the user may fail.
      this.#byHash = typeof hashKey === 'function' ? guardBalancer(create, this.#logger) : create;
    }
    return this.#byHash;
  }
}

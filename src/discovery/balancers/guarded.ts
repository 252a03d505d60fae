/**
 * Owns the fence around a balancer that users bring, or around a function of theirs inside of one. Used by `discovery.ts` for what is given
 * in code. One that throws, or that gives no place of the list, costs no call: weighted round robin picks instead, and the log says
 * so once.
 */
import type { Logger } from '../../logger.js';
import type { CallInfo } from '../../process-hub.js';
import type { BalancedList, Balancer, BalancerParts, CreateBalancer } from '../balancer.js';
import { createWeightedRoundRobin } from './weighted-round-robin.js';

/** `-1` from the balancer stands: nothing for this call. */
export function guardBalancer(create: CreateBalancer, logger: Logger): CreateBalancer {
  let isSaid = false;
  const say = (what: string): void => {
    if (isSaid) return;
    isSaid = true;
    logger.warn(`the balancer given in code ${what}; weighted round robin is used instead`);
  };
  const guarded = (list: BalancedList, parts: BalancerParts): Balancer => {
    let own: Balancer | undefined;
    try {
      const made: Balancer | null | undefined = create(list, parts);
      own = made ?? undefined;
      if (own === undefined) say('was not made');
    } catch (error) {
      say(`failed: ${describe(error)}`);
    }
    return new Guarded(list, parts, { own, say });
  };
  const { settled } = create;
  if (settled === undefined) return guarded;
  return Object.assign(guarded, {
    settled: (...[stat, ended, nowMs]: Parameters<typeof settled>): void => {
      try {
        // Plain data, which may be kept: what we have is the attempt itself.
        const { outcome, status, tookMs } = ended;
        settled(
          stat,
          status === undefined ? { outcome, tookMs } : { outcome, status, tookMs },
          nowMs,
        );
      } catch (error) {
        say(`failed: ${describe(error)}`);
      }
    },
  });
}

interface GuardedParts {
  /** undefined: it could not be made. */
  readonly own: Balancer | undefined;
  readonly say: (what: string) => void;
}

class Guarded implements Balancer {
  readonly #list: BalancedList;
  readonly #parts: BalancerParts;
  readonly #own: Balancer | undefined;
  readonly #say: (what: string) => void;
  #spare: Balancer | undefined;

  constructor(list: BalancedList, parts: BalancerParts, { own, say }: GuardedParts) {
    this.#list = list;
    this.#parts = parts;
    this.#own = own;
    this.#say = say;
  }

  pick(call?: CallInfo): number {
    const own = this.#own;
    if (own !== undefined) {
      try {
        const picked = own.pick(call);
        if (this.#isPlace(picked)) return picked;
        this.#say(`picked ${describe(picked)}`);
      } catch (error) {
        this.#say(`failed: ${describe(error)}`);
      }
    }
    return this.#fallback().pick(call);
  }

  pickExcept(isExcluded: (index: number) => boolean, call?: CallInfo): number {
    const own = this.#own;
    if (own !== undefined) {
      try {
        const picked = own.pickExcept(isExcluded, call);
        if (picked === -1 || (this.#isPlace(picked) && !isExcluded(picked))) return picked;
        this.#say(`picked ${describe(picked)}, which is excluded or no place of the list`);
      } catch (error) {
        this.#say(`failed: ${describe(error)}`);
      }
    }
    return this.#fallback().pickExcept(isExcluded, call);
  }

  #isPlace(picked: number): boolean {
    return Number.isInteger(picked) && picked >= -1 && picked < this.#list.weights.length;
  }

  #fallback(): Balancer {
    this.#spare ??= createWeightedRoundRobin(this.#list, this.#parts);
    return this.#spare;
  }
}

function describe(value: unknown): string {
  if (value instanceof Error) return value.message;
  // Not every object can be made a text.
  return typeof value === 'number' ? String(value) : typeof value;
}

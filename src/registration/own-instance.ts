/**
 * Owns how the registry lists our own instance, which may differ from what we sent: an edit of an operator is kept there apart from the
 * registration and wins over it (docs/protocol.md#instance). Used by one registration. It asks when somebody wants to know,
 * never by itself, since a subscription would bring every instance the news of all the others.
 */
import { instanceKey, type Instance, type ServiceRef } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import type { InstanceChange } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import { delay } from '../util/deferred.js';

export interface OwnInstanceOptions {
  readonly naming: Pick<NamingApi, 'query' | 'connectionState'>;
  readonly clock: Clock;
  readonly service: ServiceRef;
  readonly onChange: () => void;
}

/** What an answer said. */
export interface Seen {
  /** undefined: not in the list, where no disabled instance is. */
  readonly listed: Instance | undefined;
}

const ASK_TIMEOUT_MS = 3000;
/** Lists lag behind registrations, by up to 0.6 s on real servers: before this, that it is not there means nothing. */
const LAG_MS = 1000;
/** The last look is the one that is believed. */
const LOOKS_AFTER_MS = [0, 100, 200, 300, 500, 700] as const;

export class OwnInstance {
  readonly #options: OwnInstanceOptions;
  #seen: Seen | undefined;
  /** The last one that was in a list: what is known of a disabled instance. */
  #listed: Instance | undefined;
  #lookedMs: number | undefined;
  #changedMs = 0;
  #asking: Promise<void> | undefined;
  #generation = 0;

  constructor(options: OwnInstanceOptions) {
    this.#options = options;
  }

  get seen(): Seen | undefined {
    return this.#seen;
  }

  get lastListed(): Instance | undefined {
    return this.#listed;
  }

  /** Since the last answer or attempt; undefined before the first. */
  get ageMs(): number | undefined {
    return this.#lookedMs === undefined ? undefined : this.#options.clock.nowMs() - this.#lookedMs;
  }

  /** What was sent last counts until the registry has been asked anew. */
  forget(): void {
    this.#generation += 1;
    this.#seen = undefined;
    this.#changedMs = this.#options.clock.nowMs();
  }

  /** Asks now, once for everybody who wants to know at this moment. Never rejects. */
  look(instance: Instance): Promise<void> {
    this.#asking ??= this.#ask(instance).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /**
   * Looks until the list shows what was asked for, or long enough to believe that it never will. undefined when nobody could be asked, or when
   * `signal` aborted. Never rejects.
   */
  async settle(
    wanted: Instance,
    asked: InstanceChange,
    signal: AbortSignal,
  ): Promise<Seen | undefined> {
    const { clock } = this.#options;
    // That a disabled one is not there is what is wanted, so there is nothing to see before.
    const fromMs = wanted.enabled ? 0 : Math.max(0, this.#changedMs + LAG_MS - clock.nowMs());
    for (const afterMs of LOOKS_AFTER_MS) {
      try {
        await delay(clock, afterMs === 0 ? fromMs : afterMs, { signal });
      } catch {
        return undefined;
      }
      // An answer to a question that was asked before counts for nothing here.
      await this.#asking;
      await this.look(wanted);
      if (signal.aborted) return undefined;
      const seen = this.#seen;
      if (seen !== undefined && differences(wanted, asked, seen).length === 0) break;
    }
    return this.#seen;
  }

  async #ask(instance: Instance): Promise<void> {
    const { naming, clock, service, onChange } = this.#options;
    const generation = this.#generation;
    this.#lookedMs = clock.nowMs();
    if (naming.connectionState !== 'ready') return;
    const key = instanceKey(instance);
    try {
      const { instances } = await naming.query(service, {
        clusters: [instance.cluster],
        timeoutMs: ASK_TIMEOUT_MS,
        holdsProcess: false,
      });
      if (generation !== this.#generation) return;
      const listed = instances.find((one) => instanceKey(one) === key);
      if (listed === undefined && clock.nowMs() < this.#changedMs + LAG_MS) return;
      const before = this.#seen;
      this.#seen = { listed };
      this.#listed = listed ?? this.#listed;
      if (before === undefined || JSON.stringify(before.listed) !== JSON.stringify(listed)) {
        onChange();
      }
    } catch {
      // What was seen before is the best that is known; that Nacos is away, others say.
    }
  }
}

/** What of a change the registry shows otherwise, in words; in other fields, an operator's edit is as good as what was sent. */
export function differences(
  wanted: Instance,
  asked: InstanceChange,
  { listed }: Seen,
): readonly string[] {
  if (listed === undefined) return wanted.enabled ? ['disabled'] : [];
  if (!wanted.enabled) return ['enabled'];
  const weight = asked.weight !== undefined && listed.weight !== wanted.weight;
  const keys = Object.keys(asked.metadata ?? {});
  return [
    ...(weight ? [`weight ${String(listed.weight)}`] : []),
    ...keys
      .filter((key) => listed.metadata[key] !== wanted.metadata[key])
      .map((key) => `metadata ${key}`),
  ];
}

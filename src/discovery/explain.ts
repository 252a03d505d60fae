/**
 * Owns what discovery tells about one name and one call: what the name means, and of each instance whether the call may go there. Used through
 * `discovery.explain()`, by people and by `nacos-serving why`; no call needs it. It chooses nothing and counts nothing.
 */
import type { Instance, ServiceRef } from '../model.js';
import type { CallInfo } from '../process-hub.js';
import type { WhyNot } from './callable-list.js';
import type { NameState } from './resolver.js';

/** `ejected`: calls to it failed a moment ago, see docs on failures. */
export type NotChosen = WhyNot | 'ejected';

/** One instance of a service, and whether a call may go there. */
export interface ExplainedChoice {
  readonly instance: Instance;
  /** The first reason why this call would not go there; undefined: it may. */
  readonly whyNot: NotChosen | undefined;
  /** That balancing uses now: less than the instance's own while it warms up. */
  readonly weight: number;
}

/** What a name means. unknown: no service has it. late: Nacos did not say in time. */
export type NameExplanation =
  | {
      readonly kind: 'service';
      readonly service: ServiceRef;
      /** False: it was found without regard to case. */
      readonly isExact: boolean;
      readonly instances: readonly ExplainedChoice[];
    }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  | { readonly kind: 'unknown' | 'late' };

export function explainName(state: NameState, call: CallInfo): NameExplanation {
  if (state.kind === 'ambiguous') return { kind: 'ambiguous', names: state.names };
  if (state.kind === 'unknown') return { kind: state.isGuess ? 'late' : 'unknown' };
  const { entry, isExact } = state;
  if (!entry.hasList) return { kind: 'late' };
  const instances = entry
    .explain(call)
    .map(({ instance, whyNot, weight }) => ({ instance, whyNot, weight }));
  return { kind: 'service', service: entry.service, isExact, instances };
}

/** A call that is only thought of. */
export function imaginedCall(headers: Readonly<Record<string, string>>, path = '/'): CallInfo {
  const values = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return { method: 'GET', path, isReplayable: true, header: (name) => values.get(name) };
}

/**
 * Owns how one registration is shown: as the registry lists it where that is known, and why it is not as it was wanted. Used by the
 * registration. Pure.
 */
import type { Instance, ServiceRef } from '../model.js';
import type { RegistrationState, RegistrationStatus } from '../process-hub.js';
import type { Seen } from './own-instance.js';

export interface StatusInput {
  readonly state: RegistrationState;
  readonly service: ServiceRef;
  readonly namespace: string;
  readonly wanted: Instance;
  /** What the registry answered last; undefined: it was not asked since the last change. */
  readonly seen: Seen | undefined;
  /** How it was listed last, whenever that was. */
  readonly lastListed: Instance | undefined;
  readonly isReady: boolean;
  /** Why the last attempt failed. */
  readonly failure: string | undefined;
  /** What it waits for. */
  readonly waitsFor: string | undefined;
  /** What of the last change does not count in the registry. */
  readonly unmet: readonly string[];
}

/** Also for the log. */
export const KEPT_OUT = 'out of Nacos while it is disabled: an edit there keeps it enabled';

export function describeRegistration(input: StatusInput): RegistrationStatus {
  const { wanted, seen } = input;
  // A disabled instance is in no list, so what it had before is all that is known.
  const shown = seen === undefined ? wanted : (seen.listed ?? input.lastListed ?? wanted);
  return Object.freeze({
    state: input.state,
    service: input.service,
    namespace: input.namespace,
    ip: wanted.ip,
    port: wanted.port,
    cluster: wanted.cluster,
    weight: shown.weight,
    enabled: seen === undefined ? wanted.enabled : seen.listed !== undefined,
    metadata: shown.metadata,
    ready: input.isReady,
    wantsTraffic: input.isReady && wanted.enabled,
    problem: problemOf(input),
  });
}

function problemOf(input: StatusInput): string | undefined {
  const { state, failure, seen, unmet } = input;
  if (failure !== undefined) return failure;
  if (state === 'waiting') return input.waitsFor;
  if (state !== 'registered') return undefined;
  if (seen !== undefined && seen.listed === undefined && input.wanted.enabled) {
    return 'disabled in Nacos by an edit there, which counts more than this client';
  }
  if (unmet.length === 0) return undefined;
  return `an edit in Nacos counts more than this client: ${unmet.join(', ')} stays`;
}

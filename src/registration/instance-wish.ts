/**
 * Owns what is wanted of an instance: the options, and over them what was asked for at run time. Used by the registrar and its
 * registrations. Pure; whatever can be wrong is told before anything is sent.
 */
import { ConfigError } from '../errors.js';
import type { Instance, InstanceInput } from '../model.js';
import { checkInstance } from '../naming-rules.js';
import type { InstanceChange } from '../process-hub.js';

const FIELDS: readonly string[] = ['enabled', 'weight', 'metadata'];

/** @throws ConfigError INVALID_INSTANCE for a field that is not there; the values are checked with the instance. */
export function checkChange(change: InstanceChange): void {
  // Types do not hold for callers from JavaScript.
  const given: unknown = change;
  if (typeof given !== 'object' || given === null) throw invalid('a change is an object');
  const unknown = Object.keys(given).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) {
    throw invalid(`instance ${unknown} cannot be changed: allowed are ${FIELDS.join(', ')}`);
  }
  const { metadata } = change;
  if (metadata !== undefined && (typeof metadata !== 'object' || Array.isArray(metadata))) {
    throw invalid('metadata is an object of texts, null for a key that goes');
  }
}

/** Both, where the later one counts. */
export function joinChanges(earlier: InstanceChange, later: InstanceChange): InstanceChange {
  const enabled = later.enabled ?? earlier.enabled;
  const weight = later.weight ?? earlier.weight;
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(weight === undefined ? {} : { weight }),
    ...(earlier.metadata === undefined && later.metadata === undefined
      ? {}
      : { metadata: { ...earlier.metadata, ...later.metadata } }),
  };
}

/** @throws ConfigError INVALID_INSTANCE */
export function wantedInstance(base: InstanceInput, change: InstanceChange): Instance {
  const metadata = { ...base.metadata };
  for (const [key, value] of Object.entries(change.metadata ?? {})) {
    if (value === null) Reflect.deleteProperty(metadata, key);
    else metadata[key] = value;
  }
  return checkInstance({
    ...base,
    ...(change.weight === undefined ? {} : { weight: change.weight }),
    ...(change.enabled === undefined ? {} : { enabled: change.enabled }),
    metadata,
  });
}

function invalid(message: string): ConfigError {
  return new ConfigError('INVALID_INSTANCE', message);
}

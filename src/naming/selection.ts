/**
 * Owns which instances of a list a selector means, and the choice of one by weight. Called by the naming client and by what follows a
 * service with a selector. Pure. Calls by name do not come this way: those have balancers, and know of failures (`discovery`).
 */
import { ConfigError } from '../errors.js';
import type { Instance } from '../model.js';
import type { InstanceSelector, SelectorFields } from '../naming-api.js';

export type InstanceTest = (instance: Instance) => boolean;

/** What may be called, as the registry sees it. */
export const CALLABLE: SelectorFields = Object.freeze({ callable: true });

const FIELDS = ['callable', 'healthy', 'enabled', 'minWeight', 'clusters', 'metadata', 'where'];

/** @throws ConfigError INVALID_OPTION for a field that does not exist or has a value of another kind. */
export function testOf(selector: InstanceSelector): InstanceTest {
  if (typeof selector === 'function') return selector;
  checkSelector(selector);
  const { callable, healthy, enabled, minWeight, clusters, metadata, where } = selector;
  const wanted = Object.entries(metadata ?? {});
  return (instance) =>
    (callable === undefined || isCallable(instance) === callable) &&
    (healthy === undefined || instance.healthy === healthy) &&
    (enabled === undefined || instance.enabled === enabled) &&
    (minWeight === undefined || instance.weight >= minWeight) &&
    (clusters === undefined || clusters.length === 0 || clusters.includes(instance.cluster)) &&
    wanted.every(([key, value]) => instance.metadata[key] === value) &&
    (where === undefined || where(instance));
}

function isCallable(instance: Instance): boolean {
  return instance.healthy && instance.enabled && instance.weight > 0;
}

/** By weight; undefined when none has any. `random` is in [0, 1). */
export function pickByWeight(instances: readonly Instance[], random: number): Instance | undefined {
  let total = 0;
  for (const { weight } of instances) total += weight;
  let left = random * total;
  let last: Instance | undefined;
  for (const instance of instances) {
    if (instance.weight <= 0) continue;
    last = instance;
    left -= instance.weight;
    if (left < 0) return instance;
  }
  // Rounding may leave a rest behind the last one.
  return last;
}

function checkSelector(selector: SelectorFields): void {
  const given: unknown = selector;
  if (typeof given !== 'object' || given === null) {
    throw invalid('selector', given, 'a function, or an object with named fields');
  }
  for (const [key, value] of Object.entries(given)) {
    if (!FIELDS.includes(key)) throw invalid('selector field', key, FIELDS.join(', '));
    if (value !== undefined && !isOfKind(key, value)) {
      throw invalid(`selector ${key}`, value, KINDS[key] ?? 'true or false');
    }
  }
}

const KINDS: Readonly<Record<string, string>> = {
  minWeight: 'a number',
  clusters: 'a list of names',
  metadata: 'an object with text values',
  where: 'a function',
};

function isOfKind(key: string, value: unknown): boolean {
  switch (key) {
    case 'minWeight':
      return typeof value === 'number' && Number.isFinite(value);
    case 'clusters':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'metadata':
      return (
        typeof value === 'object' &&
        value !== null &&
        Object.values(value).every((item) => typeof item === 'string')
      );
    case 'where':
      return typeof value === 'function';
    default:
      return typeof value === 'boolean';
  }
}

function invalid(what: string, value: unknown, allowed: string): ConfigError {
  const shown = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return new ConfigError('INVALID_OPTION', `${what} ${shown} is not valid: allowed is ${allowed}`);
}

/**
 * Owns the check of what code gives to `createDiscovery`: callers from JavaScript have no types. Called once, by `make-settings.ts` and
 * `discovery.ts`. Each mistake is a ConfigError with key, value, what is allowed and the nearest name. It changes nothing.
 */
import { ConfigError, isNacosError } from '../errors.js';
import { hostPort, type InstanceInput } from '../model.js';
import { checkClusters, checkInstance, checkService } from '../naming-rules.js';
import { showValue, unknownName } from '../options/given.js';
import { BALANCER_NAMES } from './balancers/by-name.js';
import { HASH_KEY_FORM, readHashKey } from './balancers/hash-key.js';
import type { OutlierSettings, RetrySettings } from './service-settings.js';
import type { CallSettingsInput, ServiceOptions } from './service-options.js';
import { parseAddress } from './static-instances.js';

/** undefined: the value is right; else what is allowed. */
type Check = (value: unknown) => string | undefined;
export type Checks<T> = Readonly<Record<keyof T, Check>>;

/** Longer waits overflow timers. */
const MAX_MS = 2_147_483_647;

const number = (min: number, max: number, isWhole = false): Check => {
  const allowed = `a ${isWhole ? 'whole ' : ''}number from ${String(min)} to ${String(max)}`;
  return (value) =>
    typeof value === 'number' &&
    value >= min &&
    value <= max &&
    (!isWhole || Number.isInteger(value))
      ? undefined
      : allowed;
};
const ms = number(0, MAX_MS);
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
const text: Check = (value) => (typeof value === 'string' ? undefined : 'text');

const RETRY: Checks<RetrySettings> = {
  maxRetries: number(0, 100, true),
  statuses: listOf(number(100, 599, true)),
  budget: number(0, 1),
};

const OUTLIER: Checks<OutlierSettings> = {
  enabled: boolean,
  consecutiveFailures: number(1, 1000, true),
  errorRate: number(0, 1),
  slowMs: ms,
  ejectionMs: number(1, MAX_MS),
  maxShare: number(0, 1),
};

/** Of what can be set for all services and for one. */
export const CALL_CHECKS: Checks<CallSettingsInput> = {
  balancer: (value) =>
    typeof value === 'function' || BALANCER_NAMES.some((name) => name === value)
      ? undefined
      : `one of ${BALANCER_NAMES.join(', ')}, or a function that makes one`,
  hashKey: (value) => (isHashKey(value) ? undefined : `${HASH_KEY_FORM}, or a function`),
  routes: listOf(checkRoute),
  cluster: text,
  zone: text,
  sameClusterFirst: boolean,
  warmUpMs: ms,
  subsetSize: number(0, 1_000_000, true),
  retry: partOf(RETRY),
  outlier: partOf(OUTLIER),
  timeoutMs: ms,
  emptyProtection: boolean,
  emptyProtectionMs: ms,
};

export const SERVICE_CHECKS: Checks<ServiceOptions> = {
  ...CALL_CHECKS,
  group: byRule((value) => checkService({ name: 'any', group: value as string })),
  clusters: (value) =>
    listOf(text)(value) ?? byRule(() => checkClusters(value as readonly string[]))(value),
  instances: listOf((one) => checkAddressOrInstance(one)),
  address: (value) => checkAddressOrInstance(value),
};

/** @throws ConfigError. `where`: the place of the keys, like `services.orders`; '' at the top. */
export function checkKeys(
  given: unknown,
  checks: Readonly<Record<string, Check>>,
  where: string,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(where === '' ? 'options' : where, given, 'an object');
  }
  for (const [key, value] of Object.entries(given) as [string, unknown][]) {
    if (value === undefined) continue;
    const name = where === '' ? key : `${where}.${key}`;
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    if (check === undefined) throw unknown(name, key, Object.keys(checks));
    if (check === CALL_CHECKS.retry) checkKeys(value, RETRY, name);
    else if (check === CALL_CHECKS.outlier) checkKeys(value, OUTLIER, name);
    else {
      const allowed = check(value);
      if (allowed !== undefined) throw invalid(name, value, allowed);
    }
  }
}

function unknown(name: string, key: string, known: readonly string[]): ConfigError {
  const written = { written: key, place: name === key ? 'code' : `code, ${name}` };
  return unknownName('option', written, known, `known are ${known.join(', ')}`);
}

export function invalid(name: string, value: unknown, allowed: string): ConfigError {
  const shown = typeof value === 'function' ? 'a function' : showValue({}, value);
  return new ConfigError('INVALID_OPTION', `${name} = ${shown} (code): must be ${allowed}`, {
    details: { option: name, place: 'code', allowed },
  });
}

function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'a list';
    for (const item of value as readonly unknown[]) {
      const allowed = check(item);
      if (allowed !== undefined) return `a list, each of it ${allowed}`;
    }
    return undefined;
  };
}

/** Its keys are checked by `checkKeys`. */
function partOf(checks: Readonly<Record<string, Check>>): Check {
  return () => `an object with ${Object.keys(checks).join(', ')}`;
}

/** What the rules of the servers say is allowed. */
function byRule(rule: (value: unknown) => unknown): Check {
  return (value) => {
    try {
      rule(value);
      return undefined;
    } catch (error) {
      if (!isNacosError(error)) throw error;
      return error.message.replace(/^.*allowed is /s, '');
    }
  };
}

function isHashKey(value: unknown): boolean {
  if (typeof value === 'function') return true;
  if (typeof value === 'string') return readHashKey(value) !== undefined;
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  const name = 'name' in value ? `:${String(value.name)}` : '';
  return readHashKey(`${String(value.kind)}${name}`) !== undefined;
}

const INSTANCE_FORM = 'an address like 10.0.0.5:8080, or an object with ip and port';

function checkAddressOrInstance(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return parseAddress(value) === undefined ? INSTANCE_FORM : undefined;
  }
  if (typeof value !== 'object' || value === null) return INSTANCE_FORM;
  // Its fields are checked there, whatever they are.
  return byRule((given) => hostPort(checkInstance(given as InstanceInput)))(value);
}

const ROUTE_FORM =
  'a rule like { from: [{ header: "x-version" }], to: { version: "*" }, otherwise: "any" }';

function checkRoute(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return ROUTE_FORM;
  const { from, to, equals, otherwise, untagged } = value as Readonly<Record<string, unknown>>;
  const isFrom = Array.isArray(from) && from.length > 0 && from.every(isRouteSource);
  const isTo =
    typeof to === 'object' &&
    to !== null &&
    Object.values(to).every((wanted) => typeof wanted === 'string');
  const isRight =
    isFrom &&
    isTo &&
    (equals === undefined || typeof equals === 'string') &&
    ['any', 'none', 'unlabelled'].includes(String(otherwise)) &&
    ['any', 'unlabelled', 'undefined'].includes(String(untagged));
  return isRight ? undefined : ROUTE_FORM;
}

function isRouteSource(source: unknown): boolean {
  if (typeof source !== 'object' || source === null) return false;
  const { header, context, read } = source as Readonly<Record<string, unknown>>;
  return (
    (typeof header === 'string' && header !== '') ||
    (typeof context === 'string' && context !== '') ||
    typeof read === 'function'
  );
}

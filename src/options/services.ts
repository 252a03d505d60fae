/**
 * Owns the reading of `discovery.services`: from what a flag, a variable, a file or code gives to a map by service. Called by `load.ts`. What can
 * be set for all services has a row of its own, which reads it here as well; so the keys, units and bounds are the same in both places.
 */
import { isNacosError } from '../errors.js';
import type { InstanceInput } from '../model.js';
import { checkClusters, checkInstance, checkService } from '../naming-rules.js';
import type { RouteRule, RouteSource } from '../route-rule.js';
import { invalidValue, unknownName, type Given } from './given.js';
import type { FlagRow, OptionRow } from './row.js';
import { ALL_ROWS, camelCase, codeKey, splitPath, type ServicesInput } from './schema.js';
import { readServerInput } from './server-list.js';
import { readValue, SERVICES_ALLOWED, type ReadingContext } from './validate.js';

/** The value, or what is allowed. */
type Read = { readonly value: unknown } | { readonly allowed: string };
type Reader = (raw: unknown, context: ReadingContext) => Read;
interface Key {
  /** As files spell it. */
  readonly written: string;
  /** As code spells it. */
  readonly name: string;
  readonly row: FlagRow;
  readonly read: Reader;
}

const TEXT: FlagRow = { path: '', kind: 'text', default: undefined, flag: '', doc: '' };
const LIST: FlagRow = { ...TEXT, kind: 'list' };

const ROW_KEYS = ALL_ROWS.filter(({ perService }) => perService === true).map(keyOfRow);
const OWN_KEYS: readonly Key[] = [
  ownKey('group', (raw) => byRule(raw, (group) => checkService({ name: 'any', group }))),
  ownKey('clusters', readClusters),
  ownKey('address', (raw) => readInstance(raw)),
  ownKey('instances', readInstances),
  ownKey('routes', readRoutes),
];
const KEYS = [...OWN_KEYS, ...ROW_KEYS];
const BY_NAME = new Map<string, Key>([
  ...KEYS.map((key) => [camelCase(key.written), key] as const),
  ...KEYS.map((key) => [key.name, key] as const),
]);

/** @throws ConfigError that names the service and the key of it. */
export function readServices(given: Given, context: ReadingContext): ServicesInput {
  const raw = typeof given.raw === 'string' ? parse(given.raw.trim()) : given.raw;
  if (Array.isArray(raw)) {
    const names: readonly unknown[] = raw;
    if (!names.every(isName)) throw invalidValue(given, SERVICES_ALLOWED);
    return Object.fromEntries(names.map((name) => [name.trim(), {}]));
  }
  if (typeof raw !== 'object' || raw === null) throw invalidValue(given, SERVICES_ALLOWED);
  const services: [string, object][] = [];
  for (const [name, part] of Object.entries(raw) as [string, unknown][]) {
    if (!isName(name)) throw invalidValue(given, SERVICES_ALLOWED);
    services.push([name, readPart({ ...given, name: `${nameOf(given)}.${name}` }, part, context)]);
  }
  // Each value was read by the row or the reader of its key.
  return Object.fromEntries(services);
}

function readPart(given: Given, part: unknown, context: ReadingContext): object {
  // A key without anything behind it.
  if (part === null || part === undefined || part === '') return {};
  if (typeof part !== 'object' || Array.isArray(part)) {
    const known = KEYS.map(({ written }) => written).join(', ');
    throw invalidValue({ ...given, raw: part }, `a map with some of ${known}`);
  }
  const read: [string, unknown][] = [];
  for (const [written, raw] of Object.entries(part) as [string, unknown][]) {
    if (raw === null || raw === undefined) continue;
    const name = `${nameOf(given)}.${written}`;
    const key = BY_NAME.get(context.fromCode ? written : camelCase(written));
    if (key === undefined) throw unknownKey(given, name);
    const value = key.read(raw, context);
    if ('allowed' in value) {
      throw invalidValue({ ...given, row: { ...key.row, path: name }, raw, name }, value.allowed);
    }
    read.push([key.name, value.value]);
  }
  return Object.fromEntries(read);
}

function unknownKey(given: Given, name: string): Error {
  const prefix = `${nameOf(given)}.`;
  const keys = KEYS.map(({ written }) => `${prefix}${written}`);
  const hint = `known are ${KEYS.map(({ written }) => written).join(', ')}`;
  return unknownName('key', { written: name, place: given.place }, keys, hint);
}

function keyOfRow(row: OptionRow): Key {
  const [, written] = splitPath(row.path);
  return { written, name: codeKey(row), row, read: (raw, context) => readValue(row, raw, context) };
}

function ownKey(name: string, read: Reader): Key {
  return { written: name, name, row: { ...TEXT, path: name }, read };
}

function nameOf({ row, name = row.path }: Given): string {
  return name;
}

/** A text is JSON, or names with commas. */
function parse(text: string): unknown {
  if (!text.startsWith('{') && !text.startsWith('[')) {
    return text === '' ? [] : text.split(',').filter((name) => name.trim() !== '');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The caller says what is allowed, with the text.
    return undefined;
  }
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.trim() !== '';
}

/** What the rules of the servers refuse is refused with their words. */
function byRule(raw: unknown, rule: (text: string) => unknown): Read {
  if (typeof raw !== 'string') return { allowed: 'text' };
  try {
    rule(raw);
    return { value: raw };
  } catch (error) {
    if (!isNacosError(error)) throw error;
    return { allowed: error.message.replace(/^.*allowed is /s, '') };
  }
}

function readClusters(raw: unknown, context: ReadingContext): Read {
  const list = readValue(LIST, raw, context);
  if ('allowed' in list) return list;
  const clusters = Array.isArray(list.value) ? list.value.map(String) : [];
  return clusters.length === 0
    ? { allowed: 'names of clusters' }
    : asRead(
        clusters,
        byRule(clusters.join(), () => checkClusters(clusters)),
      );
}

function asRead(value: unknown, checked: Read): Read {
  return 'allowed' in checked ? checked : { value };
}

const INSTANCE_FORM = 'an address like 10.0.0.5:8080, or a map with ip, port, weight and metadata';

function readInstance(raw: unknown): Read {
  if (typeof raw === 'string') {
    const server = /:\d+$/.test(raw.trim()) ? readServerInput(raw.trim()) : undefined;
    return server === undefined ? { allowed: INSTANCE_FORM } : { value: raw.trim() };
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { allowed: INSTANCE_FORM };
  }
  const { port, weight, enabled, ...rest } = raw as Readonly<Record<string, unknown>>;
  const instance = {
    ...rest,
    port: Number(port),
    ...(weight === undefined ? {} : { weight: Number(weight) }),
    ...(enabled === undefined ? {} : { enabled: enabled === true || enabled === 'true' }),
  };
  try {
    // Its fields are checked there, whatever they are.
    return { value: checkInstance(instance as unknown as InstanceInput) };
  } catch (error) {
    if (!isNacosError(error)) throw error;
    return { allowed: `${INSTANCE_FORM} (${error.message})` };
  }
}

function readInstances(raw: unknown): Read {
  const items: unknown = typeof raw === 'string' ? raw.split(',') : raw;
  if (!Array.isArray(items)) return { allowed: `a list, each of it ${INSTANCE_FORM}` };
  const instances: unknown[] = [];
  for (const item of items as readonly unknown[]) {
    const read = readInstance(item);
    if ('allowed' in read) return { allowed: `a list, each of it ${read.allowed}` };
    instances.push(read.value);
  }
  return { value: instances };
}

type Reading = Extract<RouteSource, { read: unknown }>['read'];

const ROUTE_FORM =
  'a list of rules like { from: { header: x-version }, to: { version: "*" }, otherwise: any }';
const OTHERWISE = ['any', 'none', 'unlabelled'] as const;
const UNTAGGED = ['any', 'unlabelled'] as const;

function readRoutes(raw: unknown): Read {
  if (!Array.isArray(raw)) return { allowed: ROUTE_FORM };
  const rules = (raw as readonly unknown[]).map(readRoute);
  return rules.includes(undefined) ? { allowed: ROUTE_FORM } : { value: rules };
}

function readRoute(raw: unknown): RouteRule | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const {
    from,
    equals,
    to,
    otherwise = 'any',
    untagged,
    ...others
  } = raw as Record<string, unknown>;
  const sources = (Array.isArray(from) ? (from as readonly unknown[]) : [from]).map(readSource);
  const fallback = OTHERWISE.find((one) => one === otherwise);
  const elsewhere = UNTAGGED.find((one) => one === untagged);
  const isRight =
    Object.keys(others).length === 0 &&
    sources.length > 0 &&
    isTexts(to) &&
    (equals === undefined || typeof equals === 'string') &&
    (untagged === undefined || elsewhere !== undefined);
  if (!isRight || fallback === undefined) return undefined;
  const known = sources.filter((source) => source !== undefined);
  if (known.length < sources.length) return undefined;
  return {
    from: known,
    to,
    otherwise: fallback,
    ...(equals === undefined ? {} : { equals }),
    ...(elsewhere === undefined ? {} : { untagged: elsewhere }),
  };
}

function readSource(raw: unknown): RouteSource | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { header, context, read } = raw as Readonly<Record<string, unknown>>;
  if (typeof header === 'string' && header !== '') return { header: header.toLowerCase() };
  if (typeof context === 'string' && context !== '') return { context };
  // Of code; TypeScript knows what it takes.
  return typeof read === 'function' ? { read: read as Reading } : undefined;
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length > 0 &&
    Object.values(value).every((text) => typeof text === 'string')
  );
}

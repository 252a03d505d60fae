/**
 * Owns the checks on names and instances before anything is sent. Called by the naming client for each call of a user, and by
 * the registration, which knows of a mistake long before it sends. The
 * rules are the servers' own (docs/protocol.md#validation; Nacos `ParamCheckRule`, `NamingUtils`), so that what passes
 * here is not refused there. Every failure is a ConfigError that names the field, the value and the rule.
 */
import { ConfigError } from './errors.js';
import {
  DEFAULT_CLUSTER,
  toServiceRef,
  type Instance,
  type InstanceAddress,
  type InstanceInput,
  type ServiceInput,
  type ServiceRef,
} from './model.js';

const MAX_NAME = 512;
const MAX_GROUP = 128;
const MAX_CLUSTER = 64;
const MAX_IP = 128;
/** Characters of all keys and values together. */
export const MAX_METADATA = 1024;
const MAX_WEIGHT = 10_000;
/** Java's int. */
const MAX_COUNT = 2_147_483_647;
const NAME_FORBIDDEN = /^@|@@|\s|[\u4E00-\u9FA5]/;
const GROUP = /^[a-zA-Z0-9\-_:.]+$/;
const CLUSTER = /^[0-9a-zA-Z-]+$/;
const ANY_CLUSTER = /^[0-9a-zA-Z_-]+$/;
const IP_FORBIDDEN = /\s|[\u4E00-\u9FA5]/;

/** @throws ConfigError INVALID_INSTANCE */
export function checkService(input: ServiceInput): ServiceRef {
  const service = Object.freeze(toServiceRef(isText(input) ? input : fieldsOf('service', input)));
  if (!isText(service.name) || service.name === '' || service.name.length > MAX_NAME) {
    throw invalid('service name', service.name, `1 to ${String(MAX_NAME)} characters`);
  }
  if (NAME_FORBIDDEN.test(service.name)) {
    throw invalid(
      'service name',
      service.name,
      'no leading "@", no "@@", no white space, no CJK characters',
    );
  }
  if (!isText(service.group) || !GROUP.test(service.group) || service.group.length > MAX_GROUP) {
    throw invalid('group', service.group, `1 to ${String(MAX_GROUP)} of letters, digits, - _ : .`);
  }
  return service;
}

/** @throws ConfigError INVALID_OPTION */
export function checkServicePattern(
  input: string | { readonly name?: string; readonly group?: string },
): Required<{ readonly name: string; readonly group: string }> {
  const { name = '*', group = '*' } = isText(input)
    ? { name: input }
    : fieldsOf('service pattern', input);
  for (const [what, part, max] of [
    ['name', name, MAX_NAME],
    ['group', group, MAX_GROUP],
  ] as const) {
    if (!isText(part) || part === '' || part.length > max || /[\s@>]/.test(part)) {
      throw badPattern(
        what,
        part,
        `1 to ${String(max)} characters without white space, "@" and ">"`,
      );
    }
    if (part.slice(1, -1).includes('*')) {
      throw badPattern(what, part, 'a "*" at the beginning, at the end or at both');
    }
  }
  return { name, group };
}

/** Fills in Nacos' defaults and freezes the result. @throws ConfigError INVALID_INSTANCE */
export function checkInstance(input: InstanceInput): Instance {
  const given = fieldsOf('instance', input);
  const { weight = 1, cluster = DEFAULT_CLUSTER, metadata = {} } = given;
  const { healthy = true, enabled = true, ephemeral = true } = given;
  if (!Number.isFinite(weight) || weight < 0 || weight > MAX_WEIGHT) {
    throw invalid('instance weight', weight, `a number from 0 to ${String(MAX_WEIGHT)}`);
  }
  checkCluster(cluster);
  if (typeof healthy !== 'boolean') throw invalid('instance healthy', healthy, 'true or false');
  if (typeof enabled !== 'boolean') throw invalid('instance enabled', enabled, 'true or false');
  if (typeof ephemeral !== 'boolean') {
    throw invalid('instance ephemeral', ephemeral, 'true or false');
  }
  const { ip, port } = checkAddress(given);
  return Object.freeze({
    ip,
    port,
    weight,
    healthy,
    enabled,
    ephemeral,
    cluster,
    metadata: checkMetadata(fieldsOf('metadata', metadata)),
  });
}

/** @throws ConfigError INVALID_INSTANCE */
export function checkAddress(input: InstanceAddress): InstanceAddress {
  const { ip, port } = fieldsOf('address', input);
  if (!isText(ip) || ip === '' || ip.length > MAX_IP || IP_FORBIDDEN.test(ip)) {
    throw invalid('instance ip', ip, 'an address or host name without white space');
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('instance port', port, 'a whole number from 1 to 65535');
  }
  return { ip: withoutBrackets(ip), port };
}

/** Of a question: instances that came over HTTP may have an underscore there. @throws ConfigError INVALID_INSTANCE */
export function checkClusters(clusters: readonly string[]): void {
  for (const cluster of clusters) {
    if (!isText(cluster) || !ANY_CLUSTER.test(cluster) || cluster.length > MAX_CLUSTER) {
      throw invalid('cluster', cluster, `1 to ${String(MAX_CLUSTER)} of letters, digits, - and _`);
    }
  }
}

function checkCluster(cluster: string): void {
  if (!isText(cluster) || !CLUSTER.test(cluster) || cluster.length > MAX_CLUSTER) {
    throw invalid('cluster', cluster, `1 to ${String(MAX_CLUSTER)} of letters, digits and -`);
  }
}

/** A 1-based page or its size. @throws ConfigError INVALID_OPTION */
export function checkCount(field: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return value;
  throw new ConfigError(
    'INVALID_OPTION',
    `${field} ${String(value)} is not valid: allowed is a whole number from 1 to ${String(MAX_COUNT)}`,
  );
}

const NO_METADATA = Object.freeze({});

function checkMetadata(
  metadata: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
  const names = Object.keys(metadata);
  if (names.length === 0) return NO_METADATA;
  const checked: Record<string, string> = {};
  let size = 0;
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== 'string') {
      throw invalid(`metadata ${key}`, value, 'text, as Nacos has no other values');
    }
    size += key.length + value.length;
    checked[key] = value;
  }
  if (size > MAX_METADATA) {
    throw invalid(
      'metadata',
      `${String(size)} characters`,
      `at most ${String(MAX_METADATA)} characters, keys and values together`,
    );
  }
  return Object.freeze(checked);
}

/** Types do not hold for callers from JavaScript. */
function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function fieldsOf<T extends object>(what: string, value: T): T {
  const given: unknown = value;
  if (typeof given === 'object' && given !== null) return value;
  throw invalid(what, given, 'an object with named fields');
}

function withoutBrackets(ip: string): string {
  return ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
}

function invalid(field: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(
    'INVALID_INSTANCE',
    `${field} ${shown(value)} is not valid: allowed is ${allowed}`,
  );
}

function badPattern(part: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(
    'INVALID_OPTION',
    `${part} ${shown(value)} of a service pattern is not valid: allowed is ${allowed}`,
  );
}

/** As JSON: a line break in a name must not make two lines of a log. */
function shown(value: unknown): string {
  return isText(value) ? JSON.stringify(value.slice(0, 80)) : String(value);
}

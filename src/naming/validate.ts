/**
 * Owns the checks on names and instances before anything is sent. Called by the naming client for each call of a user. The
 * rules are the servers' own (docs/protocol.md#validation; Nacos `ParamCheckRule`, `NamingUtils`), so that what passes
 * here is not refused there. Every failure is a ConfigError that names the field, the value and the rule.
 */
import { ConfigError } from '../errors.js';
import {
  DEFAULT_CLUSTER,
  toServiceRef,
  type Instance,
  type InstanceInput,
  type ServiceInput,
  type ServiceRef,
} from '../model.js';

const MAX_NAME = 512;
const MAX_GROUP = 128;
const MAX_CLUSTER = 64;
const MAX_IP = 128;
const MAX_METADATA = 1024;
const MAX_WEIGHT = 10_000;
const NAME_FORBIDDEN = /^@|@@|\s|[\u4E00-\u9FA5]/;
const GROUP = /^[a-zA-Z0-9\-_:.]+$/;
const CLUSTER = /^[0-9a-zA-Z-]+$/;
const IP_FORBIDDEN = /\s|[\u4E00-\u9FA5]/;

/** @throws ConfigError INVALID_INSTANCE */
export function checkService(input: ServiceInput): ServiceRef {
  const service = toServiceRef(input);
  if (typeof service.name !== 'string' || service.name === '' || service.name.length > MAX_NAME) {
    throw invalid('service name', service.name, `1 to ${String(MAX_NAME)} characters`);
  }
  if (NAME_FORBIDDEN.test(service.name)) {
    throw invalid(
      'service name',
      service.name,
      'no leading "@", no "@@", no white space, no CJK characters',
    );
  }
  if (!GROUP.test(service.group) || service.group.length > MAX_GROUP) {
    throw invalid('group', service.group, `1 to ${String(MAX_GROUP)} of letters, digits, - _ : .`);
  }
  return service;
}

/** Fills in Nacos' defaults and freezes the result. @throws ConfigError INVALID_INSTANCE */
export function checkInstance(input: InstanceInput): Instance {
  const { ip, port, weight = 1, cluster = DEFAULT_CLUSTER, metadata = {} } = input;
  if (typeof ip !== 'string' || ip === '' || ip.length > MAX_IP || IP_FORBIDDEN.test(ip)) {
    throw invalid('instance ip', ip, 'an address or host name without white space');
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid('instance port', port, 'a whole number from 1 to 65535');
  }
  if (!Number.isFinite(weight) || weight < 0 || weight > MAX_WEIGHT) {
    throw invalid('instance weight', weight, `a number from 0 to ${String(MAX_WEIGHT)}`);
  }
  if (!CLUSTER.test(cluster) || cluster.length > MAX_CLUSTER) {
    throw invalid('cluster', cluster, `1 to ${String(MAX_CLUSTER)} of letters, digits and -`);
  }
  return Object.freeze({
    ip: withoutBrackets(ip),
    port,
    weight,
    healthy: input.healthy ?? true,
    enabled: input.enabled ?? true,
    ephemeral: true,
    cluster,
    metadata: checkMetadata(metadata),
  });
}

function checkMetadata(
  metadata: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> {
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

function withoutBrackets(ip: string): string {
  return ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
}

function invalid(field: string, value: unknown, allowed: string): ConfigError {
  const shown = typeof value === 'string' ? `"${value.slice(0, 80)}"` : String(value);
  return new ConfigError(
    'INVALID_INSTANCE',
    `${field} ${shown} is not valid: allowed is ${allowed}`,
  );
}

/**
 * Owns the rules for names and values of requests, as real servers check them before a handler runs. Called by the
 * handlers; each function returns what is wrong, or undefined. Blank values pass every pattern.
 * Source: docs/protocol.md#validation (Nacos `ParamCheckRule`).
 */
import type { Instance } from '../model.js';

export interface NamingParams {
  readonly namespace: string;
  readonly serviceName: string;
  readonly groupName: string;
  /** Comma list. */
  readonly clusters?: string;
}

interface Rule {
  /** As it stands in the messages of real servers, so that clients can show the same ones. */
  readonly label: string;
  readonly maxLength: number;
  readonly pattern: RegExp;
}

const NAMESPACE: Rule = {
  label: "'namespaceId/tenant'",
  maxLength: 64,
  pattern: /^[\w-]+$/,
};
const SERVICE_NAME: Rule = {
  label: "'serviceName'",
  maxLength: 512,
  pattern: /^(?!@).((?!@@)[^\u4E00-\u9FA5\s])*$/,
};
const GROUP: Rule = {
  label: "'group'",
  maxLength: 128,
  pattern: /^[a-zA-Z0-9\-_:.]*$/,
};
const CLUSTER: Rule = {
  label: "'cluster'",
  maxLength: 64,
  pattern: /^[0-9a-zA-Z\-_]+$/,
};
const IP: Rule = {
  label: "'ip'",
  maxLength: 128,
  pattern: /^[^\u4E00-\u9FA5\s]*$/,
};
const DATA_ID: Rule = {
  label: "'dataId'",
  maxLength: 256,
  pattern: /^[a-zA-Z0-9\-_:.]*$/,
};

/** Narrower than CLUSTER: an instance may not have the underscore that a query may. */
const INSTANCE_CLUSTER = /^[0-9a-zA-Z-]+$/;
const INTERVAL_KEY = 'preserved.heart.beat.interval';
const TIMEOUT_KEYS = {
  'preserved.heart.beat.timeout': 15_000,
  'preserved.ip.delete.timeout': 30_000,
};
const DEFAULT_INTERVAL_MS = 5000;
const MAX_METADATA_CHARS = 1024;
const MAX_ADDITION_CHARS = { tag: 16, desc: 128, use: 32, effect: 32, schema: 32_768 };
const MAX_TAGS = 5;
const MAX_TAG_CHARS = 64;
const MAX_PORT = 65_535;

export function checkNaming(params: NamingParams): string | undefined {
  return (
    check(NAMESPACE, params.namespace) ??
    check(SERVICE_NAME, params.serviceName) ??
    check(GROUP, params.groupName) ??
    firstOf((params.clusters ?? '').split(','), (cluster) => check(CLUSTER, cluster))
  );
}

export function checkInstance(instance: Instance): string | undefined {
  return (
    check(CLUSTER, instance.cluster) ??
    check(IP, instance.ip) ??
    checkPort(instance.port) ??
    checkMetadata(instance.metadata)
  );
}

export function checkInstances(instances: readonly Instance[]): string | undefined {
  return firstOf(instances, checkInstance);
}

/** What the handler itself refuses in an instance, by an ErrorResponse (Nacos `NamingUtils.checkInstanceIsLegal`). */
export function instanceFault(instance: Instance): string | undefined {
  const { cluster, metadata } = instance;
  const intervalMs = millisOf(metadata, INTERVAL_KEY, DEFAULT_INTERVAL_MS);
  for (const [key, defaultMs] of Object.entries(TIMEOUT_KEYS)) {
    if (millisOf(metadata, key, defaultMs) < intervalMs) {
      return "Instance 'heart beat interval' must less than 'heart beat timeout' and 'ip delete timeout'.";
    }
  }
  return cluster === '' || INSTANCE_CLUSTER.test(cluster)
    ? undefined
    : `Instance 'clusterName' should be characters with only 0-9a-zA-Z-. (current: ${cluster})`;
}

export interface ConfigParams {
  readonly tenant: string;
  readonly group: string;
  readonly dataId: string;
}

export function checkConfig(params: ConfigParams): string | undefined {
  return (
    check(NAMESPACE, params.tenant) ?? check(DATA_ID, params.dataId) ?? check(GROUP, params.group)
  );
}

/** What the handler itself refuses in a publish (400) or a remove: names that are blank, content that is blank. */
export function publishFault(params: ConfigParams, content?: string): string | undefined {
  if (params.dataId.trim() === '') return `invalid dataId : ${params.dataId}`;
  if (params.group.trim() === '') return `invalid group : ${params.group}`;
  return content === undefined || content.trim() !== ''
    ? undefined
    : `content is blank : ${content}`;
}

/** Which of the additions to a publish is too long (500). */
export function additionsFault(additions: Readonly<Record<string, string>>): string | undefined {
  for (const [key, max] of Object.entries(MAX_ADDITION_CHARS)) {
    if ((additions[key] ?? '').length > max) return `too long ${key}, over ${String(max)}`;
  }
  const tags = (additions['config_tags'] ?? '').split(',').filter((tag) => tag !== '');
  if (tags.length > MAX_TAGS) return `too much config_tags, over ${String(MAX_TAGS)}`;
  return tags.some((tag) => tag.length > MAX_TAG_CHARS)
    ? `too long tag, over ${String(MAX_TAG_CHARS)}`
    : undefined;
}

function check(rule: Rule, value: string): string | undefined {
  if (value.trim() === '') return undefined;
  if (value.length > rule.maxLength) {
    return `Param ${rule.label} is illegal, the param length should not exceed ${String(rule.maxLength)}.`;
  }
  return rule.pattern.test(value)
    ? undefined
    : `Param ${rule.label} is illegal, illegal characters should not appear in the param.`;
}

function checkPort(port: number): string | undefined {
  return Number.isInteger(port) && port >= 0 && port <= MAX_PORT
    ? undefined
    : `Param 'port' is illegal, the value should be between 0 and ${String(MAX_PORT)}.`;
}

function checkMetadata(metadata: Readonly<Record<string, string>>): string | undefined {
  let chars = 0;
  for (const [key, value] of Object.entries(metadata)) chars += key.length + value.length;
  return chars <= MAX_METADATA_CHARS
    ? undefined
    : `Param 'Metadata' is illegal, the param length should not exceed ${String(MAX_METADATA_CHARS)}.`;
}

function millisOf(
  metadata: Readonly<Record<string, string>>,
  key: string,
  fallback: number,
): number {
  const text = metadata[key] ?? '';
  return /^\d+$/.test(text) ? Number(text) : fallback;
}

function firstOf<T>(
  items: readonly T[],
  test: (item: T) => string | undefined,
): string | undefined {
  for (const item of items) {
    const wrong = test(item);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

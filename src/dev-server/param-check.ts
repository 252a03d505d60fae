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
  /** As it stands in messages. */
  readonly label: string;
  readonly maxLength: number;
  readonly pattern: RegExp;
  readonly hint: string;
}

const NAMESPACE: Rule = {
  label: "'namespaceId/tenant'",
  maxLength: 64,
  pattern: /^[\w-]+$/,
  hint: 'should not contain characters other than letters, digits, - and _',
};
const SERVICE_NAME: Rule = {
  label: "'serviceName'",
  maxLength: 512,
  pattern: /^(?!@).((?!@@)[^\u4E00-\u9FA5\s])*$/,
  hint: 'should not start with @ nor contain @@, white space or CJK characters',
};
const GROUP: Rule = {
  label: "'group'",
  maxLength: 128,
  pattern: /^[a-zA-Z0-9\-_:.]*$/,
  hint: 'should not contain characters other than letters, digits and -_:.',
};
const CLUSTER: Rule = {
  label: "'cluster'",
  maxLength: 64,
  pattern: /^[0-9a-zA-Z\-_]+$/,
  hint: 'should not contain characters other than letters, digits, - and _',
};
const IP: Rule = {
  label: "'ip'",
  maxLength: 128,
  pattern: /^[^\u4E00-\u9FA5\s]*$/,
  hint: 'should not contain white space or CJK characters',
};
const DATA_ID: Rule = {
  label: "'dataId'",
  maxLength: 256,
  pattern: /^[a-zA-Z0-9\-_:.]*$/,
  hint: 'should not contain characters other than letters, digits and -_:.',
};

const MAX_METADATA_CHARS = 1024;
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

function check(rule: Rule, value: string): string | undefined {
  if (value.trim() === '') return undefined;
  if (value.length > rule.maxLength) {
    return `Param ${rule.label} is illegal, the param length should not exceed ${String(rule.maxLength)}.`;
  }
  return rule.pattern.test(value)
    ? undefined
    : `Param ${rule.label} is illegal, the value ${rule.hint}.`;
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

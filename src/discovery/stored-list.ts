/**
 * Owns how a list of instances is written in a file: Nacos' own JSON of a service, with the time of writing beside it. Used by the cache on disk
 * and for the files of operators. Pure. A file is right as a whole or not read at all.
 */
import { DEFAULT_CLUSTER, type Instance, type ServiceRef, type ServiceSnapshot } from '../model.js';

export interface StoredList {
  /** undefined: the file does not say. */
  readonly service: ServiceRef | undefined;
  /** Wall time in epoch ms; undefined: the file does not say. */
  readonly savedAtMs: number | undefined;
  readonly instances: readonly Instance[];
}

export type StoredListReading = { readonly list: StoredList } | { readonly problem: string };

/** No list of real services comes near; what is bigger is not read. */
export const MAX_LIST_BYTES = 8 * 1024 * 1024;
const MAX_HOST = 253;

export function writeStoredList(
  { service, instances }: ServiceSnapshot,
  savedAtMs: number,
): string {
  const hosts = instances.map((instance) => ({
    ip: instance.ip,
    port: instance.port,
    // JSON has no other numbers; such an instance is called by nobody.
    weight: Number.isFinite(instance.weight) ? instance.weight : 0,
    healthy: instance.healthy,
    enabled: instance.enabled,
    ephemeral: instance.ephemeral,
    clusterName: instance.cluster,
    metadata: instance.metadata,
  }));
  return JSON.stringify({ name: service.name, groupName: service.group, savedAtMs, hosts });
}

/** The texts of problems do not quote the file: metadata may hold secrets. */
export function readStoredList(text: string): StoredListReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Its message quotes the text.
    return { problem: 'it is no JSON' };
  }
  const hosts = isObject(json) ? json['hosts'] : undefined;
  if (!isObject(json) || !Array.isArray(hosts)) {
    return { problem: 'it is no JSON object with a list "hosts"' };
  }
  const instances: Instance[] = [];
  for (const [at, host] of (hosts as readonly unknown[]).entries()) {
    const instance = readInstance(host);
    if (typeof instance === 'string') return { problem: `hosts[${String(at)}]: ${instance}` };
    instances.push(instance);
  }
  const { savedAtMs } = json;
  return {
    list: {
      service: readService(json),
      savedAtMs: typeof savedAtMs === 'number' ? savedAtMs : undefined,
      instances,
    },
  };
}

function readService({ name, groupName }: JsonObject): ServiceRef | undefined {
  return typeof name === 'string' && typeof groupName === 'string'
    ? { name, group: groupName }
    : undefined;
}

/** A text says what is wrong. What is not there has Nacos' defaults. */
function readInstance(host: unknown): Instance | string {
  if (!isObject(host)) return 'it is no object';
  const { ip, port, weight = 1, healthy = true, enabled = true, ephemeral = true } = host;
  const { clusterName, metadata = {} } = host;
  const cluster = clusterName ?? host['cluster'] ?? DEFAULT_CLUSTER;
  if (typeof ip !== 'string' || ip === '' || ip.length > MAX_HOST || /[\s/]/.test(ip)) {
    return 'ip is no address or host name';
  }
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    return 'port is no whole number from 0 to 65535';
  }
  if (typeof weight !== 'number') return 'weight is no number';
  if (typeof healthy !== 'boolean') return 'healthy is neither true nor false';
  if (typeof enabled !== 'boolean') return 'enabled is neither true nor false';
  if (typeof ephemeral !== 'boolean') return 'ephemeral is neither true nor false';
  if (typeof cluster !== 'string') return 'clusterName is no text';
  const texts = readTexts(metadata);
  if (texts === undefined) return 'metadata is no object of texts';
  return Object.freeze({
    // In brackets, as in a URL, or bare.
    ip: ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip,
    port,
    weight,
    healthy,
    enabled,
    ephemeral,
    cluster: cluster === '' ? DEFAULT_CLUSTER : cluster,
    metadata: texts,
  });
}

function readTexts(value: unknown): Instance['metadata'] | undefined {
  if (value === null) return {};
  if (!isObject(value)) return undefined;
  const texts: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return undefined;
    texts.push([key, text]);
  }
  return Object.freeze(Object.fromEntries(texts));
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Owns what is said over a control socket: one line of JSON each way, described in docs/control.md. Parsed here once, on both ends: what
 * comes in may come from another version, or from anything else that can write to a socket.
 */
import type { InstanceChange, RegistrationState, RegistrationStatus } from '../process-hub.js';
import type { SettingsHealth } from '../settings-health.js';

export const CONTROL_VERSION = 1;
/** Of a request and of an answer. */
export const MAX_LINE_BYTES = 64 * 1024;

export type ControlRequest =
  | { readonly do: 'status' }
  | { readonly do: 'change'; readonly change: InstanceChange; readonly service?: string };

export type ControlAnswer =
  | {
      readonly ok: true;
      readonly pid: number;
      readonly ready: boolean;
      readonly registrations: readonly RegistrationStatus[];
      /** What the process follows from config center; missing when it follows nothing, or is of an older version. */
      readonly settings?: readonly SettingsHealth[];
    }
  /** `code` is one of docs/errors.md, or INTERNAL. */
  | { readonly ok: false; readonly code: string; readonly message: string };

const FIELDS = { status: ['v', 'do'], change: ['v', 'do', 'change', 'service'] } as const;
const MAX_WEIGHT = 10_000;
const STATES: readonly RegistrationState[] = [
  'waiting',
  'registering',
  'registered',
  'draining',
  'removed',
];

const SETTINGS_STATES = ['ok', 'degraded', 'closed'] as const;

/** The request, or what is wrong with it. */
export function readRequest(line: string): ControlRequest | string {
  const value = parse(line);
  if (!isObject(value)) return 'a request is one JSON object';
  const { v, do: what, change, service } = value;
  if (v !== CONTROL_VERSION) {
    return `protocol version ${shown(v)} is not known, only ${String(CONTROL_VERSION)}`;
  }
  if (what !== 'status' && what !== 'change') return `unknown request ${shown(what)}`;
  const fields: readonly string[] = FIELDS[what];
  const strange = Object.keys(value).find((key) => !fields.includes(key));
  if (strange !== undefined) return `unknown field ${shown(strange)}`;
  if (what === 'status') return { do: what };
  if (service !== undefined && typeof service !== 'string') return 'service must be a text';
  const checked = readChange(change);
  if (typeof checked === 'string') return checked;
  return { do: what, change: checked, ...(service === undefined ? {} : { service }) };
}

function readChange(value: unknown): InstanceChange | string {
  if (!isObject(value)) return 'change must be an object';
  const { enabled, weight, metadata, ...rest } = value;
  const [strange] = Object.keys(rest);
  if (strange !== undefined) return `unknown field change.${shown(strange)}`;
  if (enabled !== undefined && typeof enabled !== 'boolean') return 'enabled must be true or false';
  if (weight !== undefined && !isWeight(weight)) {
    return `weight must be a number from 0 to ${String(MAX_WEIGHT)}`;
  }
  if (metadata !== undefined && !isMetadataChange(metadata)) {
    return 'metadata must be an object of texts, null for a key that goes';
  }
  if (enabled === undefined && weight === undefined && metadata === undefined) {
    return 'change must have enabled, weight or metadata';
  }
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(weight === undefined ? {} : { weight }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** undefined when it is no answer of ours. An error is understood in every version. */
export function readAnswer(line: string): ControlAnswer | undefined {
  const value = parse(line);
  if (!isObject(value)) return undefined;
  const { v, ok, pid, ready, registrations, code, message } = value;
  if (ok === false && typeof code === 'string' && typeof message === 'string') {
    return { ok, code, message };
  }
  if (v !== CONTROL_VERSION || ok !== true) return undefined;
  if (!isPid(pid) || typeof ready !== 'boolean' || !Array.isArray(registrations)) return undefined;
  const read = registrations.map(readStatus);
  const known = read.flatMap((one) => one ?? []);
  if (known.length !== read.length) return undefined;
  const settings = readSettings(value['settings']);
  return { ok, pid, ready, registrations: known, ...(settings.length === 0 ? {} : { settings }) };
}

/** Entries of another shape are left out: they are for people only. */
function readSettings(value: unknown): readonly SettingsHealth[] {
  return (Array.isArray(value) ? (value as readonly unknown[]) : []).flatMap((one) => {
    if (!isObject(one)) return [];
    const { name, problem } = one;
    const state = SETTINGS_STATES.find((each) => each === one['state']);
    if (typeof name !== 'string' || state === undefined) return [];
    return [{ name, state, problem: typeof problem === 'string' ? problem : undefined }];
  });
}

function readStatus(value: unknown): RegistrationStatus | undefined {
  if (!isObject(value) || !isObject(value['service'])) return undefined;
  const { namespace, ip, port, cluster, weight, enabled, metadata, ready, problem } = value;
  const { name, group } = value['service'];
  const state = STATES.find((one) => one === value['state']);
  const texts = [name, group, namespace, ip, cluster].every((one) => typeof one === 'string');
  if (!texts || state === undefined || !isPort(port) || typeof weight !== 'number')
    return undefined;
  if (typeof enabled !== 'boolean' || typeof ready !== 'boolean' || !isMetadata(metadata)) {
    return undefined;
  }
  return {
    state,
    service: { name: String(name), group: String(group) },
    namespace: String(namespace),
    ip: String(ip),
    port,
    cluster: String(cluster),
    weight,
    enabled,
    metadata,
    ready,
    wantsTraffic: value['wantsTraffic'] === true,
    problem: typeof problem === 'string' ? problem : undefined,
  };
}

export function writeRequest(request: ControlRequest): string {
  return `${JSON.stringify({ v: CONTROL_VERSION, ...request })}\n`;
}

export function writeAnswer(answer: ControlAnswer): string {
  const line = `${JSON.stringify({ v: CONTROL_VERSION, ...answer })}\n`;
  if (Buffer.byteLength(line) <= MAX_LINE_BYTES) return line;
  return writeAnswer({ ok: false, code: 'INTERNAL', message: 'the answer is too long' });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The caller says so.
    return undefined;
  }
}

/** What somebody else wrote, in a message: short, and without anything that a terminal would obey. */
function shown(value: unknown): string {
  // undefined has no JSON.
  const text: unknown = JSON.stringify(value);
  return String(text).slice(0, 60);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPid(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}

function isWeight(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_WEIGHT;
}

function isMetadata(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

function isMetadataChange(value: unknown): value is Readonly<Record<string, string | null>> {
  return (
    isObject(value) &&
    Object.values(value).every((each) => each === null || typeof each === 'string')
  );
}

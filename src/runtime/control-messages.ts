/**
 * Owns what is said over a control socket: one line of JSON each way. Parsed here once, on both ends: what comes in may come from another
 * version, or from anything else that can write to a socket.
 */
import type { InstanceChange, RegistrationStatus } from '../process-hub.js';

export const CONTROL_VERSION = 1;
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
    }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** The request, or what is wrong with it. */
export function readRequest(line: string): ControlRequest | string {
  const value = parse(line);
  if (!isObject(value)) return 'not a line of JSON';
  if (value['v'] !== CONTROL_VERSION) return `version ${String(value['v'])} is not known`;
  const strange = Object.keys(value).find((key) => !['v', 'do', 'change', 'service'].includes(key));
  if (strange !== undefined) return `unknown field ${strange}`;
  if (value['do'] === 'status') return { do: 'status' };
  if (value['do'] !== 'change') return `unknown request ${String(value['do'])}`;
  const { change, service } = value;
  if (service !== undefined && typeof service !== 'string') return 'service must be a text';
  const checked = readChange(change);
  if (typeof checked === 'string') return checked;
  return { do: 'change', change: checked, ...(service === undefined ? {} : { service }) };
}

function readChange(value: unknown): InstanceChange | string {
  if (!isObject(value)) return 'change must be an object';
  const { enabled, weight, metadata, ...rest } = value;
  const [strange] = Object.keys(rest);
  if (strange !== undefined) return `unknown field change.${strange}`;
  if (enabled !== undefined && typeof enabled !== 'boolean') return 'enabled must be true or false';
  if (weight !== undefined && (typeof weight !== 'number' || weight < 0 || weight > 10_000)) {
    return 'weight must be a number from 0 to 10000';
  }
  if (metadata !== undefined && !isMetadata(metadata)) {
    return 'metadata must be a map of texts, or null for a key to take out';
  }
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(weight === undefined ? {} : { weight }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function isMetadata(value: unknown): value is Readonly<Record<string, string | null>> {
  return (
    isObject(value) &&
    Object.values(value).every((each) => each === null || typeof each === 'string')
  );
}

/** undefined when it is no answer of ours. */
export function readAnswer(line: string): ControlAnswer | undefined {
  const value = parse(line);
  if (!isObject(value) || value['v'] !== CONTROL_VERSION) return undefined;
  const { ok, pid, ready, registrations, code, message } = value;
  if (ok === false && typeof code === 'string' && typeof message === 'string') {
    return { ok, code, message };
  }
  if (ok !== true || typeof pid !== 'number' || !Array.isArray(registrations)) return undefined;
  // Written by writeAnswer of a process of the same user, in this version of the language.
  return { ok, pid, ready: ready === true, registrations: registrations as RegistrationStatus[] };
}

export function writeRequest(request: ControlRequest): string {
  return `${JSON.stringify({ v: CONTROL_VERSION, ...request })}\n`;
}

export function writeAnswer(answer: ControlAnswer): string {
  return `${JSON.stringify({ v: CONTROL_VERSION, ...answer })}\n`;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The caller says so.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

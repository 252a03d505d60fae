/**
 * Owns how a message of a family (contract.ts) is packed for a channel, and that it is checked where it comes in. Used by the channels
 * only; it sends nothing itself.
 */
import type { ToChief, ToMember } from './contract.js';

/** Node keeps messages whose `cmd` starts with NODE_ away from the app's `message` listeners. */
const COMMAND = 'NODE_NACOS_SERVING';
/** Of this protocol, not of the package: other versions are not heard. */
const VERSION = 1;

/** What goes over a channel; `more` are the fields that the channel itself needs. */
export function envelope(message: ToChief | ToMember, more: object = {}): object {
  return { cmd: COMMAND, version: VERSION, ...message, ...more };
}

export function readToChief(value: unknown): ToChief | undefined {
  const kind = kindOf(value);
  switch (kind) {
    case 'hello':
    case 'request':
      return { kind };
    case 'up': {
      const [id, port, host] = [number(value, 'id'), number(value, 'port'), text(value, 'host')];
      if (id === undefined || port === undefined || host === undefined) return undefined;
      const scheme = text(value, 'scheme') === 'https' ? 'https' : 'http';
      const side = text(value, 'side');
      const isSide = side === 'surely' || side === 'perhaps';
      return { kind, id, scheme, host, port, side: isSide ? side : undefined };
    }
    case 'down': {
      const id = number(value, 'id');
      return id === undefined ? undefined : { kind, id };
    }
    case 'closing': {
      const [id, ask] = [number(value, 'id'), number(value, 'ask')];
      return id === undefined || ask === undefined ? undefined : { kind, id, ask };
    }
    case 'leaving': {
      const ask = number(value, 'ask');
      const handled = field(value, 'handled') === true;
      return ask === undefined ? undefined : { kind, ask, handled };
    }
    case 'answer': {
      const ask = number(value, 'ask');
      return ask === undefined ? undefined : { kind, ask };
    }
    default:
      return undefined;
  }
}

export function readToMember(value: unknown): ToMember | undefined {
  const kind = kindOf(value);
  switch (kind) {
    case 'welcome':
    case 'away':
      return { kind };
    case 'hold': {
      const timeoutMs = number(value, 'timeoutMs');
      return timeoutMs === undefined
        ? undefined
        : { kind, on: field(value, 'on') === true, timeoutMs };
    }
    case 'drain': {
      const [ask, timeoutMs] = [number(value, 'ask'), number(value, 'timeoutMs')];
      if (ask === undefined || timeoutMs === undefined) return undefined;
      return { kind, ask, signal: text(value, 'signal') ?? '', timeoutMs };
    }
    case 'answer': {
      const ask = number(value, 'ask');
      return ask === undefined ? undefined : { kind, ask };
    }
    default:
      return undefined;
  }
}

/** A field of something that may be anything. */
export function field(value: unknown, name: string): unknown {
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isObject ? Reflect.get(value, name) : undefined;
}

export function number(value: unknown, name: string): number | undefined {
  const found = field(value, name);
  return typeof found === 'number' ? found : undefined;
}

function text(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === 'string' ? found : undefined;
}

function kindOf(value: unknown): string | undefined {
  if (field(value, 'cmd') !== COMMAND || field(value, 'version') !== VERSION) return undefined;
  return text(value, 'kind');
}

/**
 * Owns the instances that a user gives instead of the registry's: how an address is written, and the list that is made of them. Used by
 * `make-settings.ts` and `service-entry.ts`. Pure.
 */
import type {
  Instance,
  InstanceAddress,
  InstanceInput,
  ServiceRef,
  ServiceSnapshot,
} from '../model.js';
import { checkInstance } from '../naming-rules.js';

const PORT = /^\d{1,5}$/;
/** What is left of the port: a host, an IPv4, or an IPv6 in brackets. */
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+)$/;

/** `10.0.0.5:8080`, `localhost:3000` or `[::1]:80`; undefined when it is written otherwise. */
export function parseAddress(written: string): InstanceAddress | undefined {
  const colon = written.lastIndexOf(':');
  const host = written.slice(0, Math.max(0, colon));
  const port = PORT.test(written.slice(colon + 1)) ? Number(written.slice(colon + 1)) : 0;
  if (!HOST.test(host) || port < 1 || port > 65_535) return undefined;
  return { ip: host.startsWith('[') ? host.slice(1, -1) : host, port };
}

/** @throws ConfigError for what is no instance. */
export function toInstance(given: string | InstanceInput): Instance {
  const input = typeof given === 'string' ? parseAddress(given) : given;
  // Checked before; the rules of an instance say what is wrong with the rest.
  return checkInstance(input ?? { ip: '', port: 0 });
}

/** The only list that such a service ever has. */
export function staticList(service: ServiceRef, given: readonly InstanceInput[]): ServiceSnapshot {
  return {
    service,
    instances: given.map(toInstance),
    revision: 1,
    serverTimeMs: 0,
    protectThresholdReached: false,
  };
}

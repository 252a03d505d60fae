/**
 * Owns which hosts of URLs the preload hooks may take for a service: names without a dot, no IP address in any spelling, no
 * `localhost`; and names with a dot that options declare. Asked on every call of the process, so it is one regular expression where nothing is
 * declared. The same rules as `discovery/target.ts`, which is ESM and must not be loaded by a preload; a test holds the two together.
 */
import type { ProcessHub } from '../process-hub.js';

const MAX_NAME_LENGTH = 512;
/** Names that may be services are remembered, which is faster than asking again. A process has few of them. */
const MAX_KNOWN = 256;
/** A dot, a port, an IPv6 address, an escape, or what ends a host. */
const NO_SINGLE_LABEL = /[\s.:/\\?#@[\]%<>^|]/;
/** getaddrinfo and URL parsers read these as IPv4 addresses. */
const NUMERIC = /^(?:\d+|0x[\da-f]*|localhost)$/i;

/** Hosts that the hooks of this process ask about. */
export function hookedHosts(hub: ProcessHub): (host: string) => boolean {
  // A hub of an older copy of the package knows nothing of dots.
  const declares: unknown = Reflect.get(hub, 'mayDeclare');
  if (typeof declares !== 'function') return isServiceHost;
  const known = new Set<string>();
  return (host) => {
    if (known.has(host)) return true;
    // Nearly all hosts of a process have a dot, and then no rule for names without one is asked.
    if (host.includes('.')) return hub.mayDeclare(host);
    const isService = isServiceHost(host);
    if (isService && known.size < MAX_KNOWN) known.add(host);
    return isService;
  };
}

/** Without a dot. */
export function isServiceHost(host: string): boolean {
  return (
    host !== '' &&
    host.length <= MAX_NAME_LENGTH &&
    !NO_SINGLE_LABEL.test(host) &&
    !NUMERIC.test(host)
  );
}

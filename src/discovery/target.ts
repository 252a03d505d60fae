/**
 * Owns the question which hosts may be services at all, before anybody asks the registry (docs/architecture.md, decision 5).
 * Called by the resolver for names it has not seen, and by explicit adapters for whole URLs. Pure. The preload hooks have
 * the same rules for hosts without a dot in CommonJS, in `adapters/service-host.cts`.
 */

/** single: a name without dots, like `orders`. dotted: like `demo.api`, a service only when its user says so. */
export type HostKind = 'single' | 'dotted' | 'never';

/** A URL that may name a service. */
export interface LogicalUrl {
  /** The host as written; a URL object gives it in lower case. */
  readonly name: string;
  readonly scheme: 'http' | 'https';
}

/** Nacos' own limit for a service name. */
const MAX_NAME_LENGTH = 512;
/** Nothing here can be in a host name: it ends the host, or marks a port, an IPv6 address or an escape. */
const NO_HOST_NAME = /[\s:/\\?#@[\]%<>^|]/;
/** What resolvers and URL parsers read as an IPv4 address when a label looks like this and nothing follows. */
const NUMERIC_LABEL = /^(?:\d+|0x[\da-f]*)$/i;

/** IP addresses in any spelling, `localhost` and what is no host name are never services. */
export function classifyHost(host: string): HostKind {
  if (host === '' || host.length > MAX_NAME_LENGTH || NO_HOST_NAME.test(host)) return 'never';
  const lower = host.toLowerCase();
  if (lower === 'localhost' || lower.endsWith('.localhost')) return 'never';
  const labels = lower.split('.');
  // A trailing dot asks for DNS as it is, without search list: `orders.` is not the service `orders`.
  if (labels.includes('')) return 'never';
  if (NUMERIC_LABEL.test(labels.at(-1) ?? '')) return 'never';
  return labels.length === 1 ? 'single' : 'dotted';
}

/**
 * The service that a URL may mean; null when it cannot: another scheme, an explicit port, user info, an IP address. A default
 * port that is written out does not count, since URL parsing drops it.
 */
export function readLogicalUrl(url: string | URL): LogicalUrl | null {
  const parsed = typeof url === 'string' ? parse(url) : url;
  if (parsed === null) return null;
  const scheme = parsed.protocol === 'http:' ? 'http' : parsed.protocol === 'https:' ? 'https' : '';
  if (scheme === '' || parsed.port !== '' || parsed.username !== '') return null;
  if (classifyHost(parsed.hostname) === 'never') return null;
  return { name: parsed.hostname, scheme };
}

function parse(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null;
}

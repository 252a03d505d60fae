/**
 * Owns reading which service an undici request may mean, from its origin. Called on every request of an intercepted dispatcher, so what was read last
 * is remembered. Explicit adapters bring their own rule for names, and know schemes of their own.
 */
/** An origin that may be a service. */
export interface ServiceOrigin {
  readonly name: string;
  /** The name as a Host header can have it: other scripts as URLs write them. */
  readonly host: string;
  readonly isHttps: boolean;
}

/** The service of an origin; undefined when it can be none. */
export type ReadOrigin = (origin: string) => ServiceOrigin | undefined;

const NON_ASCII = /[^\0-\x7f]/;
const COLON = ':';
/** Where the colon of the longest scheme is behind us, and no port can begin before. */
const AFTER_SCHEME = 6;
const MAX_ORIGINS = 1024;
/** An app may call any number of hosts; the few that it calls now are enough. */
const MAX_OTHERS = 64;
/** Also without the slashes that URL parsers add where the scheme is theirs. */
const SCHEMES = [
  ['http://', false],
  ['https://', true],
] as const;
/** What people of other frameworks write for "a service": plain http, unless the instance wants TLS. */
const EXPLICIT_SCHEMES = [...SCHEMES, ['lb://', false], ['nacos://', false]] as const;

export interface OriginRules {
  /** What may be the name of a service. */
  readonly isName: (host: string) => boolean;
  /** `lb://` and `nacos://` as well. */
  readonly withSchemes: boolean;
  /** `isName` will not change its mind. */
  readonly isSettled: () => boolean;
}

export function createOriginReader({ isName, withSchemes, isSettled }: OriginRules): ReadOrigin {
  const schemes = withSchemes ? EXPLICIT_SCHEMES : SCHEMES;
  const services = new Map<string, ServiceOrigin>();
  const others = new Set<string>();
  /** A text that was just searched is compared in a third of the time of a look into a map. */
  let lastText: string | undefined;
  let last: ServiceOrigin | undefined;

  return (origin) => {
    // With a port it is none of ours, as most of what programs call.
    if (origin.indexOf(COLON, AFTER_SCHEME) >= 0) return undefined;
    if (origin === lastText) return last;
    const known = services.get(origin);
    if (known !== undefined) {
      lastText = origin;
      last = known;
      return known;
    }
    if (others.has(origin)) return undefined;
    const scheme = schemes.find(([prefix]) => origin.startsWith(prefix));
    const name = scheme === undefined ? '' : origin.slice(scheme[0].length).replace(/\/$/, '');
    if (scheme === undefined || !isName(name)) {
      if (!isSettled()) return undefined;
      if (others.size >= MAX_OTHERS) others.clear();
      others.add(origin);
      return undefined;
    }
    const read = { name, host: hostOf(name), isHttps: scheme[1] };
    if (!isSettled()) return read;
    if (services.size >= MAX_ORIGINS) services.clear();
    services.set(origin, read);
    return read;
  };
}

function hostOf(name: string): string {
  if (!NON_ASCII.test(name)) return name;
  const { domainToASCII } = require('node:url') as typeof import('node:url');
  const ascii = domainToASCII(name);
  return ascii === '' ? name : ascii;
}

/** The origin of a request as text; undefined when it has none. */
export function originText(origin: unknown): string | undefined {
  if (typeof origin === 'string') return origin;
  if (!(origin instanceof URL)) return undefined;
  // Of a scheme that URL parsers do not know, the origin is `null`.
  return origin.origin === 'null' ? `${origin.protocol}//${origin.host}` : origin.origin;
}

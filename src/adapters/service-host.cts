/**
 * Owns which hosts of URLs the preload hooks may take for a service: names without a dot, no IP address in any spelling, no
 * `localhost`. Asked on every call of the process, so it is one regular expression. The same rules as
 * `discovery/target.ts`, which is ESM and must not be loaded by a preload; a test holds the two together.
 */

const MAX_NAME_LENGTH = 512;
/** A dot, a port, an IPv6 address, an escape, or what ends a host. */
const NO_SINGLE_LABEL = /[\s.:/\\?#@[\]%<>^|]/;
/** getaddrinfo and URL parsers read these as IPv4 addresses. */
const NUMERIC = /^(?:\d+|0x[\da-f]*|localhost)$/i;

export function isServiceHost(host: string): boolean {
  return (
    host !== '' &&
    host.length <= MAX_NAME_LENGTH &&
    !NO_SINGLE_LABEL.test(host) &&
    !NUMERIC.test(host)
  );
}

/**
 * Owns the reading of one host: IPv4, IPv6 or name. Used for the address of this instance and for Nacos servers.
 * Nothing is looked up.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';

const LABEL = '[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?';
const HOST_NAME = new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*\\.?$`, 'i');

/** The host without brackets, or undefined when it is none. */
export function readHost(text: string): string | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (isIPv6(bare)) return bare;
  if (bare !== text) return undefined;
  // What looks like an IPv4 and is none would be taken for a name by everybody else.
  if (/^[\d.]+$/.test(text)) return isIPv4(text) ? text : undefined;
  return HOST_NAME.test(text) ? text : undefined;
}

/** False for `0.0.0.0` and `::`, which stand for "every interface": nobody can call them. */
export function isReachable(host: string): boolean {
  return isIP(host) === 0 || !/^[0:.]+$/.test(host);
}

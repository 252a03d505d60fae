/**
 * Owns how interfaces and networks are named in options: `eth1`, `en*`, `10.0.0.0/8`, `2001:db8::/32`, or one address. Used by the checks of options
 * and by the choice of the address. Pure.
 */
import { BlockList, isIP } from 'node:net';

export const NETWORKS_ALLOWED =
  'names of interfaces (* for any characters), addresses, or networks like 10.0.0.0/8 and 2001:db8::/32';

export interface NetworkMember {
  readonly interface: string;
  /** Without brackets and zone. */
  readonly ip: string;
}

/** Digits and dots only: meant as an address, and no interface has such a name. */
const NUMERIC = /^[\d*]*\.[\d.*]*$/;

/** True when it can be matched against: a network has a sound address and length, and so has an address. */
export function isNetworkPattern(text: string): boolean {
  if (!text.includes('/')) {
    // A zone names an interface of one machine only, and addresses are compared without it.
    if (isIP(text) !== 0) return !text.includes('%');
    return /^[^,]{1,64}$/.test(text) && !NUMERIC.test(text);
  }
  const [address = '', length = '', ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family === 0 || rest.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  return Number(length) <= (family === 4 ? 32 : 128);
}

export function matchesNetwork(pattern: string, member: NetworkMember): boolean {
  if (pattern.includes('/')) return isInside(pattern, member.ip);
  if (isIP(pattern) !== 0)
    return isInside(`${pattern}/${isIP(pattern) === 4 ? '32' : '128'}`, member.ip);
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(member.interface);
}

function isInside(network: string, ip: string): boolean {
  const [address = '', length = ''] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  if ((isIP(ip) === 4 ? 'ipv4' : 'ipv6') !== family) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(length), family);
  return list.check(ip, family);
}

/**
 * Owns what each network address of this machine is worth to callers on other machines. Used by identity/address.ts. The
 * system lists only interfaces that are up; nothing here opens a socket.
 */
import type { NetworkInterfaceInfo } from 'node:os';

/** What `os.networkInterfaces()` gives. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * usable: others can call it. tunnel: only over a VPN. bridge: only containers and virtual machines of this machine.
 * link-local: only on one cable, and with a zone. loopback: only this machine.
 */
export type AddressKind = 'usable' | 'tunnel' | 'bridge' | 'link-local' | 'loopback';

/** The same for people. */
export const KIND_WORDS: Readonly<Record<AddressKind, string>> = {
  usable: 'usable',
  tunnel: 'a tunnel, such as a VPN',
  bridge: 'a bridge to containers or virtual machines',
  'link-local': 'link-local',
  loopback: 'loopback',
};

export interface AddressCandidate {
  readonly interface: string;
  readonly ip: string;
  readonly family: 4 | 6;
  readonly kind: AddressKind;
  /** The network around it, like `172.17.0.1/16`, where the system tells. */
  readonly cidr?: string;
}

// Without case: on Windows people's own names of interfaces count, such as `Tailscale` and `VMware Network Adapter VMnet8`.
const TUNNEL =
  /^(?:u?tun|tap|ppp|wg|wireguard|openvpn|tailscale|zt|zerotier|nordlynx|proton|cscotun|gpd|ipsec|cloudflarewarp)/i;
const BRIDGE =
  /^(?:docker|podman|nerdctl|lxc|lxd|incus|br-|bridge1\d\d|veth|vethernet|virbr|vnet|vboxnet|virtualbox|vmnet|vmware|cni|flannel|cali|vxlan|cilium|weave|antrea|ovn|kube-)/i;

/** In the system's order, which is the order in which the interfaces came up. */
export function listCandidates(interfaces: Interfaces): readonly AddressCandidate[] {
  return Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? []).map((address) => {
      const ip = plainAddress(address.address);
      const kind = address.internal || isLoopback(ip) ? 'loopback' : kindOf(name, ip);
      const { cidr } = address;
      return {
        interface: name,
        ip,
        family: familyOf(ip),
        kind,
        ...(cidr === null ? {} : { cidr }),
      };
    }),
  );
}

function kindOf(name: string, ip: string): AddressKind {
  if (isLinkLocal(ip)) return 'link-local';
  if (BRIDGE.test(name)) return 'bridge';
  return TUNNEL.test(name) ? 'tunnel' : 'usable';
}

/** Without brackets and zone, and an IPv4 in IPv6 clothes as IPv4. */
export function plainAddress(address: string): string {
  return address
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/%.*$/, '')
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

export function familyOf(ip: string): 4 | 6 {
  return ip.includes(':') ? 6 : 4;
}

/** Also true for the host name `localhost`. */
export function isLoopback(host: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1' || /^localhost$/i.test(host);
}

export function isUnspecified(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}

/** Of the internet, as against one that is good in its own site only. */
export function isGlobal(ip: string): boolean {
  return /^[23][0-9a-f]{3}:/i.test(ip);
}

export function isLinkLocal(ip: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(ip) || ip.startsWith('169.254.');
}

/** Owns made-up sets of interfaces and the question which address is taken of them, for the tests of the address. */
import type { NetworkInterfaceInfo } from 'node:os';

import {
  decideAddress,
  type AddressDecision,
  type AddressInput,
  type NetworkRules,
} from '../../../../src/registration/identity/address.js';
import type { Interfaces } from '../../../../src/registration/identity/interfaces.js';

/** With `/16` and the like the system says how far the network goes, as it does by itself. */
function info(text: string): NetworkInterfaceInfo {
  const [address = ''] = text.split('/');
  const internal = address === '127.0.0.1' || address === '::1';
  const cidr = text === address ? null : text;
  const common = { address, netmask: '', mac: '', internal, cidr };
  return address.includes(':')
    ? { ...common, family: 'IPv6', scopeid: 0 }
    : { ...common, family: 'IPv4' };
}

function interfaces(table: Readonly<Record<string, readonly string[]>>): Interfaces {
  return Object.fromEntries(
    Object.entries(table).map(([name, addresses]) => [name, addresses.map(info)]),
  );
}

export const LO = { lo: ['127.0.0.1', '::1'] };
export const LAPTOP = {
  ...LO,
  docker0: ['172.17.0.1'],
  'br-1a2b': ['172.18.0.1'],
  veth12: ['169.254.3.4'],
  virbr0: ['192.168.122.1'],
  utun3: ['100.64.0.7'],
  wlan0: ['fe80::1', '192.168.1.20'],
};
const SERVER = { ...LO, eth0: ['10.0.0.5', 'fd00::5', 'fe80::5'], eth1: ['10.9.0.5'] };

export interface Case {
  readonly table?: Readonly<Record<string, readonly string[]>>;
  readonly bound?: string;
  readonly registry?: readonly string[];
  /** Nacos host -> our address towards it. */
  readonly routes?: Readonly<Record<string, string>>;
  readonly explicit?: string;
  readonly advertised?: string;
  readonly network?: NetworkRules;
}

export function decide(one: Case): Promise<AddressDecision> {
  const input: AddressInput = {
    explicit: one.explicit,
    advertised: one.advertised,
    network: one.network ?? {},
    boundHost: one.bound ?? '::',
    registry: (one.registry ?? ['10.0.0.2']).map((host) => ({ host, port: 8848 })),
    interfaces: () => interfaces(one.table ?? SERVER),
    route: async ({ host }) => one.routes?.[host],
  };
  return decideAddress(input);
}

import type { NetworkInterfaceInfo } from 'node:os';

import { describe, expect, it } from 'vitest';

import { RegistrationError } from '../../../../src/errors.js';
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

const LO = { lo: ['127.0.0.1', '::1'] };
const LAPTOP = {
  ...LO,
  docker0: ['172.17.0.1'],
  'br-1a2b': ['172.18.0.1'],
  veth12: ['169.254.3.4'],
  virbr0: ['192.168.122.1'],
  utun3: ['100.64.0.7'],
  wlan0: ['fe80::1', '192.168.1.20'],
};
const SERVER = { ...LO, eth0: ['10.0.0.5', 'fd00::5', 'fe80::5'], eth1: ['10.9.0.5'] };

interface Case {
  readonly table?: Readonly<Record<string, readonly string[]>>;
  readonly bound?: string;
  readonly registry?: readonly string[];
  /** Nacos host -> our address towards it. */
  readonly routes?: Readonly<Record<string, string>>;
  readonly explicit?: string;
  readonly advertised?: string;
  readonly network?: NetworkRules;
}

function decide(one: Case): Promise<AddressDecision> {
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

describe('the address', () => {
  it.each<[string, Case, string, RegExp]>([
    ['is the one given', { explicit: '203.0.113.9' }, '203.0.113.9', /given/],
    [
      'given as IPv6 is kept without brackets',
      { explicit: '[2001:db8::1]' },
      '2001:db8::1',
      /given/,
    ],
    [
      'is what the server is bound to',
      { bound: '10.9.0.5', routes: { '10.0.0.2': '10.0.0.5' } },
      '10.9.0.5',
      /listens on it only/,
    ],
    ['bound as IPv6 is that IPv6', { bound: 'fd00::5' }, 'fd00::5', /listens on it only/],
    [
      'bound as IPv4 in IPv6 clothes is the IPv4',
      { bound: '::ffff:10.9.0.5' },
      '10.9.0.5',
      /listens on it only/,
    ],
    [
      'is that of the interface which leads to Nacos',
      { routes: { '10.0.0.2': '10.9.0.5' } },
      '10.9.0.5',
      /of eth1, which leads to Nacos at 10\.0\.0\.2/,
    ],
    [
      'goes by the next Nacos server when the first one has no route',
      { registry: ['gone', '10.0.0.2'], routes: { '10.0.0.2': '10.9.0.5' } },
      '10.9.0.5',
      /eth1/,
    ],
    [
      'is the IPv4 of the interface when Nacos is reached by IPv6',
      { registry: ['fd00::2'], routes: { 'fd00::2': 'fd00::5' } },
      '10.0.0.5',
      /eth0, which leads to Nacos at fd00::2/,
    ],
    [
      'is the IPv4 of the interface also for a server that takes IPv4 only',
      { bound: '0.0.0.0', registry: ['fd00::2'], routes: { 'fd00::2': 'fd00::5' } },
      '10.0.0.5',
      /eth0/,
    ],
    [
      'may be that of a tunnel, when Nacos is behind it',
      { table: LAPTOP, routes: { '10.0.0.2': '100.64.0.7' } },
      '100.64.0.7',
      /utun3/,
    ],
    [
      'is not that of a bridge to containers, although Nacos runs in one',
      { table: LAPTOP, registry: ['172.17.0.2'], routes: { '172.17.0.2': '172.17.0.1' } },
      '192.168.1.20',
      /wlan0, the first usable/,
    ],
    [
      'is that of the bridge when there is nothing else',
      {
        table: { ...LO, docker0: ['172.17.0.1'] },
        registry: ['172.17.0.2'],
        routes: { '172.17.0.2': '172.17.0.1' },
      },
      '172.17.0.1',
      /docker0/,
    ],
    [
      'is not that of a bridge, also where the system says how far its network goes',
      {
        table: { ...LO, docker0: ['172.17.0.1/16'], wlan0: ['192.168.1.20/24'] },
        registry: ['172.17.0.2'],
        routes: { '172.17.0.2': '172.17.0.1' },
      },
      '192.168.1.20',
      /wlan0, the first usable/,
    ],
    [
      'is that of a bridge which leads out of the machine, as that of a virtual switch with the cable in it',
      {
        table: { ...LO, tenant0: ['10.128.0.2/23'], 'br-ex': ['10.0.0.5/24'] },
        registry: ['10.9.0.2'],
        routes: { '10.9.0.2': '10.0.0.5' },
      },
      '10.0.0.5',
      /of br-ex, which leads to Nacos at 10\.9\.0\.2/,
    ],
    [
      'is that of the first usable interface without a route',
      { table: LAPTOP },
      '192.168.1.20',
      /wlan0, the first usable/,
    ],
    [
      'is a usable one also when Nacos is on this machine, since callers need not be',
      { table: LAPTOP, registry: ['127.0.0.1'] },
      '192.168.1.20',
      /wlan0/,
    ],
    [
      'does not fall to loopback because the name of Nacos means this machine',
      { registry: ['nacos.local'], routes: { 'nacos.local': '127.0.0.1' } },
      '10.0.0.5',
      /eth0, the first usable/,
    ],
    [
      'is an IPv6 where there is nothing else',
      { table: { ...LO, eth0: ['fe80::5', '2001:db8::5'] } },
      '2001:db8::5',
      /eth0/,
    ],
    [
      'prefers the IPv4 of a later interface to the IPv6 of the first',
      { table: { ...LO, eth0: ['2001:db8::5'], eth1: ['10.9.0.5'] } },
      '10.9.0.5',
      /eth1/,
    ],
    [
      'is loopback when nothing else is up and Nacos is here as well',
      { table: LO, registry: ['localhost', '127.0.0.1', '::1'] },
      '127.0.0.1',
      /this machine alone/,
    ],
    [
      'is loopback for a server bound to it when Nacos is here as well',
      { bound: '127.0.0.1', registry: ['127.0.0.1'] },
      '127.0.0.1',
      /Nacos is on this machine/,
    ],
    [
      'is ::1 for a server bound to it when Nacos is here as well',
      { bound: '::1', registry: ['localhost'] },
      '::1',
      /Nacos is on this machine/,
    ],
  ])('%s', async (_, one, ip, because) => {
    const decision = await decide(one);
    expect(decision.ip).toBe(ip);
    expect(decision.because).toMatch(because);
  });

  it.each<[string, Case, RegExp, boolean]>([
    [
      'loopback, bound, is refused when Nacos is elsewhere',
      { bound: '127.0.0.1' },
      /listens on 127\.0\.0\.1 only.*0\.0\.0\.0.*NACOS_SERVICE_IP/,
      true,
    ],
    [
      'loopback is refused when one of the Nacos servers is elsewhere',
      { bound: '::1', registry: ['127.0.0.1', '10.0.0.2'] },
      /listens on ::1 only/,
      true,
    ],
    [
      'a link-local IPv6 is refused, as it means nothing without its cable',
      { bound: 'fe80::5%eth0' },
      /link-local/,
      true,
    ],
    [
      'loopback is no fallback when nothing else is up',
      { table: LO },
      /no usable address among: lo 127\.0\.0\.1 \(loopback\), lo ::1 \(loopback\)/,
      false,
    ],
    [
      'bridges and tunnels are no fallback, but can be preferred',
      { table: { docker0: ['172.17.0.1'], tun0: ['10.8.0.2'] } },
      /docker0 172\.17\.0\.1 \(a bridge to containers.*\), tun0 10\.8\.0\.2 \(a tunnel, such as a VPN\) \(network\.prefer takes/,
      false,
    ],
    [
      'no interface at all is refused, and may come up later',
      { table: {} },
      /no usable address among: none; set service\.ip/,
      false,
    ],
    [
      'an IPv6 is refused for a server that takes IPv4 only',
      { table: { eth0: ['2001:db8::5'] }, bound: '0.0.0.0' },
      /2001:db8::5 \(the server takes IPv4 only\)/,
      false,
    ],
  ])('%s', async (_, one, message, final) => {
    const error: unknown = await decide(one).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RegistrationError);
    expect(error).toMatchObject({
      code: 'NO_ADDRESS',
      message: expect.stringMatching(message) as string,
      details: { final },
    });
  });

  it('comes with every candidate and what it is worth', async () => {
    const { candidates } = await decide({ table: LAPTOP });
    expect(candidates.map(({ interface: name, kind }) => `${name} ${kind}`)).toEqual([
      'lo loopback',
      'lo loopback',
      'docker0 bridge',
      'br-1a2b bridge',
      'veth12 link-local',
      'virbr0 bridge',
      'utun3 tunnel',
      'wlan0 link-local',
      'wlan0 usable',
    ]);
  });
});

describe('the address by the rules of network.*', () => {
  const TWO = { ...LO, eth0: ['10.0.0.5', '2001:db8:1::5'], eth1: ['192.168.7.5', 'fd00:7::5'] };
  const SWARM = {
    ...LO,
    eth1: ['10.255.0.4'],
    eth0: ['10.0.1.4'],
    docker_gwbridge: ['172.18.0.3'],
  };
  it.each<[string, Case, string, string]>([
    [
      'is the advertised one before the one that is bound',
      { advertised: '203.0.113.7', bound: '10.0.0.5' },
      '203.0.113.7',
      'as advertised (service.advertised_ip)',
    ],
    [
      'is the given one before the advertised one',
      { explicit: '203.0.113.8', advertised: '203.0.113.7' },
      '203.0.113.8',
      'as given (service.ip)',
    ],
    [
      'is that of the preferred interface, before the route to Nacos',
      { table: TWO, network: { prefer: ['eth1'] }, routes: { '10.0.0.2': '10.0.0.5' } },
      '192.168.7.5',
      'of eth1, preferred by network.prefer (eth1)',
    ],
    [
      'is in the preferred network',
      { table: TWO, network: { prefer: ['192.168.0.0/16'] } },
      '192.168.7.5',
      'of eth1, preferred by network.prefer (192.168.0.0/16)',
    ],
    [
      'is in the first preferred network that there is',
      { table: TWO, network: { prefer: ['172.16.0.0/12', 'wlan*', 'eth*'] } },
      '10.0.0.5',
      'of eth0, preferred by network.prefer (eth*)',
    ],
    [
      'may be an IPv6 by a preferred network',
      { table: TWO, network: { prefer: ['fd00:7::/32'] } },
      'fd00:7::5',
      'of eth1, preferred by network.prefer (fd00:7::/32)',
    ],
    [
      'may be that of a VPN when it is preferred',
      { table: LAPTOP, network: { prefer: ['utun*'] } },
      '100.64.0.7',
      'of utun3, preferred by network.prefer (utun*)',
    ],
    [
      'is never loopback, even preferred',
      { table: TWO, network: { prefer: ['lo'] } },
      '10.0.0.5',
      'of eth0, the first usable interface',
    ],
    [
      'is not that of an ignored interface, although it leads to Nacos',
      { table: TWO, network: { ignore: ['eth0'] }, routes: { '10.0.0.2': '10.0.0.5' } },
      '192.168.7.5',
      'of eth1, the first usable interface',
    ],
    [
      'is not in an ignored network, although it is preferred',
      { table: TWO, network: { prefer: ['eth*'], ignore: ['10.0.0.0/8'] } },
      '192.168.7.5',
      'of eth1, preferred by network.prefer (eth*)',
    ],
    [
      'is not that of the ingress network of a swarm, when that is ignored',
      { table: SWARM, network: { ignore: ['10.255.0.0/16'] } },
      '10.0.1.4',
      'of eth0, the first usable interface',
    ],
    [
      'is an IPv6 when only those are wanted',
      { table: TWO, network: { family: 'ipv6' } },
      '2001:db8:1::5',
      'of eth0, the first usable interface',
    ],
    [
      'is an IPv6 when there is nothing else',
      { table: { ...LO, eth0: ['2001:db8:1::5', 'fe80::1'] } },
      '2001:db8:1::5',
      'of eth0, the first usable interface',
    ],
    [
      'of a machine with Windows is that of its cable, not of a virtual switch or a tunnel',
      {
        table: {
          'vEthernet (WSL)': ['172.20.0.1'],
          'VMware Network Adapter VMnet8': ['192.168.80.1'],
          'VirtualBox Host-Only Network': ['192.168.56.1'],
          Tailscale: ['100.64.0.9'],
          'Ethernet 2': ['10.1.1.1'],
        },
      },
      '10.1.1.1',
      'of Ethernet 2, the first usable interface',
    ],
    [
      'of a machine with Windows may be preferred by the name that it has there',
      {
        table: { 'Ethernet 2': ['10.1.1.1'], 'Wi-Fi': ['10.2.2.2'] },
        network: { prefer: ['Wi-Fi'] },
      },
      '10.2.2.2',
      'of Wi-Fi, preferred by network.prefer (Wi-Fi)',
    ],
    [
      'of a machine with macOS is not that of its virtual machines',
      { table: { bridge100: ['192.168.64.1'], utun4: ['10.8.0.2'], en0: ['192.168.1.5'] } },
      '192.168.1.5',
      'of en0, the first usable interface',
    ],
    [
      'of a node of Kubernetes is not that of its pods',
      {
        table: {
          cilium_host: ['10.0.1.1'],
          cni0: ['10.42.0.1'],
          'flannel.1': ['10.42.0.0'],
          'vxlan.calico': ['10.244.1.1'],
          ens5: ['10.7.0.5'],
        },
      },
      '10.7.0.5',
      'of ens5, the first usable interface',
    ],
    [
      'follows the route when nothing of what is preferred is there',
      {
        table: TWO,
        network: { prefer: ['wlan*', '172.16.0.0/12'] },
        routes: { '10.0.0.2': '192.168.7.5' },
      },
      '192.168.7.5',
      'of eth1, which leads to Nacos at 10.0.0.2',
    ],
    [
      'is not one that is preferred and of the wrong kind',
      { table: TWO, network: { prefer: ['fd00:7::/32', 'eth0'], family: 'ipv4' } },
      '10.0.0.5',
      'of eth0, preferred by network.prefer (eth0)',
    ],
    [
      'is the IPv6 that the system uses towards Nacos, where only those are wanted',
      {
        table: { ...LO, eth0: ['10.0.0.5', 'fd00::5', '2001:db8::5'] },
        network: { family: 'ipv6' },
        registry: ['2001:db8::2'],
        routes: { '2001:db8::2': '2001:db8::5' },
      },
      '2001:db8::5',
      'of eth0, which leads to Nacos at 2001:db8::2',
    ],
  ])('%s', async (_, one, ip, because) => {
    expect(await decide(one)).toMatchObject({ ip, because });
  });

  it.each<[string, Case, string | undefined]>([
    ['is that of the same interface', { table: TWO }, '2001:db8:1::5'],
    ['may be one of the site', { table: TWO, network: { prefer: ['eth1'] } }, 'fd00:7::5'],
    ['is not there for a server that takes IPv4 only', { table: TWO, bound: '0.0.0.0' }, undefined],
    ['is not there when IPv4 is wanted', { table: TWO, network: { family: 'ipv4' } }, undefined],
    [
      'is not there when the IPv6 itself was taken',
      { table: TWO, network: { family: 'ipv6' } },
      undefined,
    ],
    ['is not link-local', { table: { ...LO, eth0: ['10.0.0.5', 'fe80::1'] } }, undefined],
    [
      'is a global one before one of the site',
      { table: { ...LO, eth0: ['10.0.0.5', 'fd00::5', '2001:db8::5'] } },
      '2001:db8::5',
    ],
    [
      'may be a global one of another interface',
      { table: { ...LO, eth0: ['10.0.0.5'], eth1: ['fd00::5', '2001:db8::5'] } },
      '2001:db8::5',
    ],
    [
      'is not of another network than the one that is preferred',
      {
        table: { ...LO, eth0: ['10.0.0.5'], eth1: ['2001:db8::5'] },
        network: { prefer: ['eth0'] },
      },
      undefined,
    ],
    [
      'is not that of a tunnel',
      { table: { ...LO, eth0: ['10.0.0.5'], wg0: ['2001:db8::5'] } },
      undefined,
    ],
    ['is not there for a bound address', { table: TWO, bound: '10.0.0.5' }, undefined],
    ['is not there for a given address', { table: TWO, explicit: '10.0.0.5' }, undefined],
    ['is not loopback', { table: LO, registry: ['127.0.0.1'] }, undefined],
    [
      'is not that of an ignored network',
      { table: TWO, network: { ignore: ['2001:db8::/32'] } },
      undefined,
    ],
  ])('the second address, for callers with IPv6, %s', async (_, one, ipv6) => {
    expect((await decide(one)).ipv6).toBe(ipv6);
  });

  it('has a verdict for every address that was looked at', async () => {
    const table = { ...TWO, docker0: ['172.17.0.1'], tun0: ['10.8.0.2'], wlan0: ['fe80::1'] };
    const { candidates } = await decide({ table, network: { ignore: ['192.168.7.0/24'] } });
    expect(candidates.map(({ ip, taken, why }) => `${ip} ${taken ? 'taken' : ''}: ${why}`)).toEqual(
      [
        '127.0.0.1 : loopback',
        '::1 : loopback',
        '10.0.0.5 taken: of eth0, the first usable interface',
        '2001:db8:1::5 : 10.0.0.5 of the same interface goes before',
        '192.168.7.5 : ignored by network.ignore (192.168.7.0/24)',
        'fd00:7::5 : eth0 goes before',
        '172.17.0.1 : a bridge to containers or virtual machines',
        '10.8.0.2 : a tunnel, such as a VPN',
        'fe80::1 : link-local',
      ],
    );
  });

  it('is refused with every reason when the rules leave nothing', async () => {
    await expect(decide({ table: TWO, network: { ignore: ['eth*'] } })).rejects.toMatchObject({
      code: 'NO_ADDRESS',
      message: expect.stringContaining('eth0 10.0.0.5 (ignored by network.ignore (eth*))'),
    });
  });
});

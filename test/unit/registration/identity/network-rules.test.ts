import { describe, expect, it } from 'vitest';

import { decide, LAPTOP, LO, type Case } from './fake-interfaces.js';

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

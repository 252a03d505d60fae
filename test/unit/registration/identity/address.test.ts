import { describe, expect, it } from 'vitest';

import { RegistrationError } from '../../../../src/errors.js';
import { decide, LAPTOP, LO, type Case } from './fake-interfaces.js';

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

import { describe, expect, it } from 'vitest';

import { failure } from './loading.js';
import { isNetworkPattern, matchesNetwork } from '../../../src/options/networks.js';

describe('a network in options', () => {
  it.each([
    'eth0',
    'en*',
    '*',
    '10.0.0.5',
    '10.0.0.0/8',
    '::/0',
    '2001:db8::/32',
    'fe80::1',
    'eth0.100',
    'eth0:1',
    'Ethernet 2',
    '1*',
  ])('%s is one', (text) => expect(isNetworkPattern(text)).toBe(true));
  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '/8',
    '::/129',
    'eth0/24',
    '10.0.0.0/8/8',
    'a,b',
    '10.0.0.300',
    '10.0.0',
    '192.168.*',
    '10.0.0.1.2',
    'fe80::1%eth0',
    'fe80::%eth0/10',
    '[2001:db8::]/32',
  ])('%s is none', (text) => expect(isNetworkPattern(text)).toBe(false));
  it.each([
    ['eth*', 'eth0', '10.0.0.5', true],
    ['eth*', 'weth0', '10.0.0.5', false],
    ['e.h0', 'eth0', '10.0.0.5', false],
    ['vEthernet (*)', 'vEthernet (WSL)', '10.0.0.5', true],
    ['10.0.0.0/8', 'eth0', '10.255.0.1', true],
    ['10.0.0.0/8', 'eth0', '11.0.0.1', false],
    ['10.0.0.0/8', 'eth0', '::1', false],
    ['2001:db8::/32', 'eth0', '2001:db8:9::1', true],
    ['2001:db8::/32', 'eth0', '10.0.0.1', false],
    ['10.0.0.5', 'eth0', '10.0.0.5', true],
    ['fd00::5', 'eth0', 'fd00:0::5', true],
  ])('%s and %s %s: %s', (pattern, via, ip, expected) => {
    expect(matchesNetwork(pattern, { interface: via, ip })).toBe(expected);
  });

  it.each([
    [
      'a flag',
      { cli: { 'network.ignore': 'docker0,10.0.0.0/99' } },
      'network.ignore = "docker0,10.0.0.0/99" (--network-ignore): must be names of interfaces',
    ],
    [
      'a variable',
      { env: { NACOS_NETWORK_PREFER: '10.0.0.300' } },
      'network.prefer = "10.0.0.300" (env NACOS_NETWORK_PREFER): must be names of interfaces',
    ],
    [
      'code',
      { code: { network: { prefer: ['eth0', '2001:db8::/129'] } } },
      'network.prefer = ["eth0","2001:db8::/129"] (code): must be names of interfaces',
    ],
  ])('that is none is refused with its key, from %s', (_, layers, message) => {
    expect(failure(layers)).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message) as string,
    });
  });
});

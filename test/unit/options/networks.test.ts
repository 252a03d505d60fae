import { describe, expect, it } from 'vitest';

import { isNetworkPattern, matchesNetwork } from '../../../src/options/networks.js';

describe('a network in options', () => {
  it.each(['eth0', 'en*', '*', '10.0.0.5', '10.0.0.0/8', '::/0', '2001:db8::/32', 'fe80::1'])(
    '%s is one',
    (text) => expect(isNetworkPattern(text)).toBe(true),
  );
  it.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '/8',
    '::/129',
    'eth0/24',
    '10.0.0.0/8/8',
    'a,b',
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
});

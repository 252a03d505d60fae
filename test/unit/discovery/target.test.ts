import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { classifyHost, readLogicalUrl } from '../../../src/discovery/target.js';

describe('classifyHost', () => {
  it.each(['orders', 'Order-Service', 'svc_a', '_x', '-a', 'a--b', 'svc$x', 'a1', '1a', '订单'])(
    'takes %s for a name that may be a service',
    (host) => {
      expect(classifyHost(host)).toBe('single');
    },
  );

  it.each(['demo.api', 'api.example.com', 'a.b.c'])('calls %s dotted', (host) => {
    expect(classifyHost(host)).toBe('dotted');
  });

  it.each([
    '',
    'localhost',
    'LOCALHOST',
    'app.localhost',
    '127.0.0.1',
    '10.1',
    '1.2.3',
    '2130706433',
    '0x7f000001',
    '0X7F.1',
    '017700000001',
    '::1',
    '[::1]',
    'fe80::1%eth0',
    'orders:8080',
    'orders.',
    '.orders',
    'a..b',
    'a b',
    'a/b',
    'user@orders',
    'x'.repeat(513),
  ])('never takes %j for a service', (host) => {
    expect(classifyHost(host)).toBe('never');
  });

  it('agrees with URL parsing that a host which becomes an IPv4 address is none', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-fA-FxX.]{1,12}$/), (host) => {
        const hostname = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : '';
        const isAddress = /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
        expect(isAddress && classifyHost(host) !== 'never').toBe(false);
      }),
    );
  });
});

describe('readLogicalUrl', () => {
  it('reads name and scheme, in the lower case that a URL gives', () => {
    expect(readLogicalUrl('http://Order-Service/p?x=1')).toEqual({
      name: 'order-service',
      scheme: 'http',
    });
    expect(readLogicalUrl(new URL('https://orders'))).toEqual({ name: 'orders', scheme: 'https' });
  });

  it('does not see a default port that is written out, as URL parsing drops it', () => {
    expect(readLogicalUrl('http://orders:80/')).toEqual({ name: 'orders', scheme: 'http' });
    expect(readLogicalUrl('https://orders:443/')).toEqual({ name: 'orders', scheme: 'https' });
  });

  it.each([
    'http://orders:8080/',
    'https://orders:80/',
    'http://group@orders/',
    'http://2130706433/',
    'http://[::1]/',
    'http://localhost/',
    'ftp://orders/',
    'ws://orders/',
    'orders',
    'not a url',
  ])('leaves %s alone', (url) => {
    expect(readLogicalUrl(url)).toBeNull();
  });
});

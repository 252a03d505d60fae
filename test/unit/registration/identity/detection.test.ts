import { describe, expect, it } from 'vitest';

import type { ListeningServer } from '../../../../src/process-hub.js';
import type { AddressDecision } from '../../../../src/registration/identity/address.js';
import { describeDetection } from '../../../../src/registration/identity/detection.js';

const NAME = { name: 'orders', because: 'from /srv/orders/package.json' };
const MAIN: ListeningServer = {
  server: {},
  local: undefined,
  scheme: 'https',
  host: '::',
  port: 8443,
};
const ADMIN: ListeningServer = { ...MAIN, server: {}, scheme: 'http', host: '127.0.0.1', port: 9 };
const FOUND: AddressDecision = {
  ip: '10.0.0.5',
  because: 'of eth0, the first usable interface',
  ipv6: '2001:db8::5',
  candidates: [
    { interface: 'docker0', ip: '172.17.0.1', family: 4, kind: 'bridge', taken: false, why: 'no' },
    { interface: 'eth0', ip: '10.0.0.5', family: 4, kind: 'usable', taken: true, why: 'of eth0' },
  ],
};

describe('the report of the detection', () => {
  it('has one line for each name, address, server and port, kept or dropped, in this order', () => {
    const servers = [
      { server: ADMIN, taken: false, why: 'only this machine can reach it' },
      { server: MAIN, taken: true, why: 'others can reach it' },
    ];
    const port = { port: 8443, because: 'as bound' };
    expect(describeDetection({ port, servers, address: FOUND, name: NAME })).toEqual([
      'name + orders: from /srv/orders/package.json',
      'address - 172.17.0.1 of docker0: no',
      'address + 10.0.0.5 of eth0: of eth0',
      'address + 2001:db8::5: as metadata IPv6',
      'server - http on 127.0.0.1:9: only this machine can reach it',
      'server + https on [::]:8443: others can reach it',
      'port + 8443: as bound',
    ]);
  });

  it('has the address alone where none was looked for', () => {
    const address = { ip: '203.0.113.9', because: 'as given (service.ip)', candidates: [] };
    expect(describeDetection({ address })).toEqual([
      'address + 203.0.113.9: as given (service.ip)',
    ]);
  });

  it('has nothing of what is not known yet', () => {
    expect(describeDetection({})).toEqual([]);
    expect(describeDetection({ name: NAME })).toHaveLength(1);
  });
});

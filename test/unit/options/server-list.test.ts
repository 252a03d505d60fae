import { describe, expect, it } from 'vitest';

import {
  grpcPortOf,
  parseServerList,
  readServerInput,
  readServerList,
} from '../../../src/options/server-list.js';

describe('a list of Nacos servers', () => {
  it.each([
    ['10.0.0.1:8848', [{ host: '10.0.0.1', port: 8848 }]],
    ['nacos', [{ host: 'nacos', port: 8848 }]],
    ['http://nacos:80/nacos', [{ host: 'nacos', port: 80, contextPath: '/nacos' }]],
    ['nacos:80/a/b-c/', [{ host: 'nacos', port: 80, contextPath: '/a/b-c' }]],
    ['https://nacos:8848', [{ host: 'nacos', port: 8848, secure: true }]],
    ['HTTPS://[::1]', [{ host: '::1', port: 8848, secure: true }]],
    ['nacos:8848?grpcPort=443', [{ host: 'nacos', port: 8848, grpcPort: 443 }]],
    [
      'https://a:443/n?grpc_port=9,b',
      [
        { host: 'a', port: 443, grpcPort: 9, secure: true, contextPath: '/n' },
        { host: 'b', port: 8848 },
      ],
    ],
    ['nacos:65535?grpcPort=65534', [{ host: 'nacos', port: 65_535, grpcPort: 65_534 }]],
    ['HTTP://nacos/', [{ host: 'nacos', port: 8848 }]],
    ['[::1]:8849', [{ host: '::1', port: 8849 }]],
    ['[fe80::1]', [{ host: 'fe80::1', port: 8848 }]],
    ['::1', [{ host: '::1', port: 8848 }]],
    [
      ' a.b , c_d:1;e-f ,',
      [
        { host: 'a.b', port: 8848 },
        { host: 'c_d', port: 1 },
        { host: 'e-f', port: 8848 },
      ],
    ],
  ])('reads %s', (text, servers) => {
    expect(readServerList(text)).toEqual(servers);
  });

  it.each([
    '',
    ' , ',
    'host:',
    'host:0',
    'host:64536',
    'host:99999999',
    'host:80x',
    'host:-1',
    '999.0.0.1',
    '1.2.3',
    '[::1',
    '[1.2.3.4]',
    '[]:80',
    'nacos:8848?grpcPort=0',
    'nacos:8848?grpcPort=65536',
    'nacos:8848?port=1',
    'nacos:8848?',
    'nacos/a b',
    'nacos/..%2f',
    'https://',
    'grpc://nacos',
    'user:secret@nacos:8848',
    'a b',
    'a,b:x',
    '-a',
    'http://',
  ])('refuses %j', (text) => {
    expect(readServerList(text)).toBeUndefined();
    expect(() => parseServerList(text, 'code')).toThrow(
      /^server = ".*" \(code\): must be host:port/,
    );
  });

  it('never shows a password that stands in front of a host', () => {
    expect(() => parseServerList('http://me:secret@nacos', 'code')).toThrow(
      /^server = "http:\/\/\*\*\*@nacos"/,
    );
  });

  it('reads servers as code gives them', () => {
    expect(readServerInput({ host: '[::1]', port: 80 })).toEqual({ host: '::1', port: 80 });
    expect(readServerInput({ host: 'a' })).toEqual({ host: 'a', port: 8848 });
    expect(readServerInput('a:1')).toEqual({ host: 'a', port: 1 });
    for (const wrong of [
      { host: 'a', port: 'x' },
      { host: 1 },
      {},
      null,
      5,
      { host: '', port: 1 },
    ]) {
      expect(readServerInput(wrong)).toBeUndefined();
    }
  });

  it('finds gRPC 1000 above the main port', () => {
    expect(grpcPortOf({ host: 'a', port: 8848 })).toBe(9848);
  });
});

import { describe, expect, it } from 'vitest';

import { lockNameOf, type OwnershipKey } from '../../../../src/registration/family/lock-name.js';

const KEY: OwnershipKey = {
  registry: ['10.0.0.1:8848', '10.0.0.2:8848'],
  namespace: 'public',
  group: 'DEFAULT_GROUP',
  service: 'orders',
  ip: '10.9.8.7',
  port: 8080,
};

describe('the name of a lock', () => {
  it('is the same for the same address, however the registry is written', () => {
    const turned = { ...KEY, registry: KEY.registry.toReversed() };
    expect(lockNameOf(turned)).toEqual(lockNameOf({ ...KEY }));
  });

  it.each([
    ['registry', { registry: ['10.0.0.3:8848'] }],
    ['namespace', { namespace: 'test' }],
    ['group', { group: 'other' }],
    ['service', { service: 'stock' }],
    ['ip', { ip: '10.9.8.6' }],
    ['port', { port: 8081 }],
  ])('is another one for another %s', (_, change) => {
    expect(lockNameOf({ ...KEY, ...change }).path).not.toBe(lockNameOf(KEY).path);
  });

  it('fills the whole abstract name on Linux: versions of Node pad it differently', () => {
    const { path, isFile } = lockNameOf(KEY, 'linux');
    expect(path).toMatch(/^\0nacos-serving-[0-9a-f]{32}-+$/);
    expect(path).toHaveLength(108);
    expect(isFile).toBe(false);
  });

  it('is a named pipe on Windows, and a file that fits a socket elsewhere', () => {
    expect(lockNameOf(KEY, 'win32').path).toMatch(/^\\\\\.\\pipe\\nacos-serving-[0-9a-f]{32}$/);
    const { path, isFile } = lockNameOf(KEY, 'darwin');
    expect(path).toMatch(/nacos-serving-[0-9a-f]{32}\.sock$/);
    expect(path.length - '/tmp'.length).toBeLessThan(104 - 50);
    expect(isFile).toBe(true);
  });
});

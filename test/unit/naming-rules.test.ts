import { describe, expect, it } from 'vitest';

import {
  checkAddress,
  checkClusters,
  checkCount,
  checkInstance,
  checkService,
} from '../../src/naming-rules.js';

const good = { ip: '10.0.0.1', port: 80 };
/** What callers from JavaScript may pass. */
const any = (value: unknown): never => value as never;

describe('a service', () => {
  it.each([
    ['orders'],
    ['a'],
    ['orders@v1'],
    ['com.example.Orders:1.0_x-y/z'],
    ['x'.repeat(512)],
    ['größe'],
  ])('may be called what Nacos allows, case %#', (name) => {
    expect(checkService(name)).toEqual({ name, group: 'DEFAULT_GROUP' });
  });

  it.each([
    [''],
    ['@orders'],
    ['group@@orders'],
    ['two words'],
    ['tab\there'],
    ['line\n'],
    ['订单'],
    ['x'.repeat(513)],
  ])('may not be called anything else, case %#', (name) => {
    expect(() => checkService(name)).toThrow(
      expect.objectContaining({ code: 'INVALID_INSTANCE', name: 'ConfigError' }),
    );
  });

  it.each([['A'], ['DEFAULT_GROUP'], ['a-b_c:d.e1'], ['g'.repeat(128)]])(
    'may have the group that Nacos allows, case %#',
    (group) => {
      expect(checkService({ name: 'orders', group })).toEqual({ name: 'orders', group });
    },
  );

  it.each([[''], ['a b'], ['a/b'], ['a@b'], ['gruppe-ä'], ['a\n'], ['g'.repeat(129)]])(
    'may not have another group, case %#',
    (group) => {
      expect(() => checkService({ name: 'orders', group })).toThrow(/group .* is not valid/);
    },
  );

  it.each([[undefined], [null], [7], [{}], [{ name: 7 }], [{ name: 'a', group: 7 }]])(
    'is not %j',
    (value) => {
      expect(() => checkService(any(value))).toThrow(
        expect.objectContaining({ code: 'INVALID_INSTANCE' }),
      );
    },
  );

  it('is frozen, and not the object of the caller', () => {
    const input = { name: 'orders', group: 'A' };
    const service = checkService(input);
    input.name = 'changed';
    expect(service.name).toBe('orders');
    expect(Object.isFrozen(service)).toBe(true);
  });
});

describe('an instance', () => {
  it('gets the defaults of Nacos and is frozen', () => {
    const instance = checkInstance(good);
    expect(instance).toEqual({
      ...good,
      weight: 1,
      healthy: true,
      enabled: true,
      ephemeral: true,
      cluster: 'DEFAULT',
      metadata: {},
    });
    expect(Object.isFrozen(instance)).toBe(true);
    expect(Object.isFrozen(instance.metadata)).toBe(true);
  });

  it('does not follow later changes of what was passed in', () => {
    const metadata = { version: '1' };
    const instance = checkInstance({ ...good, metadata });
    metadata.version = '2';
    expect(instance.metadata).toEqual({ version: '1' });
  });

  it.each([
    [{ weight: 0 }],
    [{ weight: 0.25 }],
    [{ weight: 10_000 }],
    [{ port: 1 }],
    [{ port: 65_535 }],
    [{ ip: '::1' }],
    [{ ip: 'orders.internal' }],
    [{ cluster: 'east-1' }],
    [{ cluster: 'c'.repeat(64) }],
    [{ healthy: false, enabled: false }],
    [{ metadata: { a: '', '': 'b' } }],
    [{ metadata: { key: 'v'.repeat(1021) } }],
  ])('may have what Nacos allows, case %#', (extra) => {
    expect(checkInstance({ ...good, ...extra })).toMatchObject(extra);
  });

  it('loses the brackets of an IPv6 address', () => {
    expect(checkInstance({ ip: '[fe80::1]', port: 80 }).ip).toBe('fe80::1');
    expect(checkAddress({ ip: '[fe80::1]', port: 80 }).ip).toBe('fe80::1');
  });

  it.each([
    ['ip', { ip: '' }],
    ['ip', { ip: '10.0.0.1 ' }],
    ['ip', { ip: '主机' }],
    ['ip', { ip: 'x'.repeat(129) }],
    ['ip', { ip: 7 }],
    ['port', { port: 0 }],
    ['port', { port: -1 }],
    ['port', { port: 65_536 }],
    ['port', { port: 80.5 }],
    ['port', { port: '80' }],
    ['port', { port: Number.NaN }],
    ['weight', { weight: -1 }],
    ['weight', { weight: 10_001 }],
    ['weight', { weight: Number.NaN }],
    ['weight', { weight: Number.POSITIVE_INFINITY }],
    ['weight', { weight: '1' }],
    ['cluster', { cluster: '' }],
    ['cluster', { cluster: 'east_1' }],
    ['cluster', { cluster: 'a,b' }],
    ['cluster', { cluster: 'c'.repeat(65) }],
    ['cluster', { cluster: null }],
    ['healthy', { healthy: 'yes' }],
    ['enabled', { enabled: 0 }],
    ['metadata', { metadata: { key: 'v'.repeat(1022) } }],
    ['metadata', { metadata: { port: 80 } }],
    ['metadata', { metadata: { nested: {} } }],
    ['metadata', { metadata: 'text' }],
    ['metadata', { metadata: null }],
  ])('says what is wrong with its %s, case %#', (field, extra) => {
    const check = () => checkInstance(any({ ...good, ...extra }));
    expect(check).toThrow(expect.objectContaining({ code: 'INVALID_INSTANCE' }));
    expect(check).toThrow(new RegExp(`${field}.* is not valid: allowed is`));
  });

  it.each([[undefined], [null], ['10.0.0.1:80']])('is not %j', (value) => {
    expect(() => checkInstance(any(value))).toThrow(
      expect.objectContaining({ code: 'INVALID_INSTANCE' }),
    );
    expect(() => checkAddress(any(value))).toThrow(
      expect.objectContaining({ code: 'INVALID_INSTANCE' }),
    );
  });

  it('does not print a long value in full', () => {
    expect(() => checkInstance({ ...good, ip: 'x'.repeat(5000) })).toThrow(/^.{0,200}$/);
  });
});

describe('a question', () => {
  it('may be for clusters with an underscore, which came over HTTP', () => {
    expect(() => {
      checkClusters(['east_1', 'west-2']);
    }).not.toThrow();
  });

  it.each([['a,b'], [''], ['a b'], ['x'.repeat(65)]])('may not be for the cluster %j', (name) => {
    expect(() => {
      checkClusters([name]);
    }).toThrow(/cluster .* is not valid/);
  });

  it.each([[0], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 31]])(
    'may not be for page %d',
    (page) => {
      expect(() => checkCount('page', page)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION' }),
      );
    },
  );

  it('may be for any page from 1', () => {
    expect(checkCount('page', 1)).toBe(1);
    expect(checkCount('page', 2 ** 31 - 1)).toBe(2 ** 31 - 1);
  });
});

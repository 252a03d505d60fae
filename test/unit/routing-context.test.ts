import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../src/errors.js';
import {
  isRoutingValue,
  ROUTING_NAME,
  routingValue,
  routingValues,
  runWithRouting,
} from '../../src/routing-context.js';
import { settle } from '../helpers/fake-clock.js';

describe('runWithRouting', () => {
  it('holds for what the function does, at once and later, and for nothing else', async () => {
    expect(routingValues()).toEqual({});
    const inside = runWithRouting({ 'X-Tag': 'gray' }, async () => {
      await settle();
      return routingValues();
    });
    expect(routingValues()).toEqual({});
    expect(await inside).toEqual({ 'x-tag': 'gray' });
    expect(routingValues()).toEqual({});
  });

  it('joins what is there, and an empty text takes away', () => {
    runWithRouting({ a: '1', b: '1' }, () => {
      runWithRouting({ B: '2', a: '' }, () => {
        expect(routingValues()).toEqual({ b: '2' });
        expect(routingValue('a')).toBeUndefined();
      });
      expect(routingValues()).toEqual({ a: '1', b: '1' });
    });
  });

  it.each(['a\r\nx: y', '灰', 'x'.repeat(1025), '\0', 7])('refuses %j as a value', (value) => {
    // As from code without types.
    expect(() => runWithRouting({ tag: value as string }, () => undefined)).toThrow(ConfigError);
  });

  it('knows nothing by names of objects', () => {
    runWithRouting({ a: '1' }, () => {
      expect(routingValue('constructor')).toBeUndefined();
      expect(routingValue('__proto__')).toBeUndefined();
    });
  });
});

describe('what may be handed on', () => {
  it.each(['x-tag', 'X-Tag', 'authorization', 'version', 'te-st', 'hosts'])('%s', (name) => {
    expect(ROUTING_NAME.test(name)).toBe(true);
  });

  it.each([
    'host',
    'Content-Length',
    'transfer-encoding',
    'connection',
    'baggage',
    'proxy-authorization',
    'te',
    '',
    'a b',
    'a:b',
  ])('never %j', (name) => {
    expect(ROUTING_NAME.test(name)).toBe(false);
  });

  it('takes texts that may stand in a header', () => {
    expect(isRoutingValue('gray; v=1')).toBe(true);
    expect(isRoutingValue('')).toBe(false);
    expect(isRoutingValue(['a'])).toBe(false);
  });
});

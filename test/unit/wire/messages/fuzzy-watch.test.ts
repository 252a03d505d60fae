import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  CONFIG_PATTERNS,
  configKeyText,
  isServerPattern,
  matchesPattern,
  NAMING_PATTERNS,
  parseConfigKey,
  parsePattern,
  parseServiceKey,
  patternText,
  patternWatchBody,
  readPatternWatch,
  serviceKeyText,
} from '../../../../src/wire/messages/fuzzy-watch.js';
import { holdsNull } from '../no-null.js';

const key = { namespace: 'public', group: 'DEFAULT_GROUP', name: 'orders' };

describe('a key of what matches', () => {
  it('is written as servers write it', () => {
    expect(serviceKeyText(key)).toBe('public@@DEFAULT_GROUP@@orders');
    expect(configKeyText({ ...key, name: 'a+b%.yaml' })).toBe('a%2Bb%25.yaml+DEFAULT_GROUP+public');
    expect(patternText({ ...key, name: 'ord*' })).toBe('public>>DEFAULT_GROUP>>ord*');
  });

  it('is read as it was written', () => {
    const part = fc.stringMatching(/^[\w+%:.-]{1,20}$/);
    fc.assert(
      fc.property(part, part, part, (namespace, group, name) => {
        const any = { namespace, group, name };
        expect(parseConfigKey(configKeyText(any))).toEqual(any);
        expect(parseServiceKey(serviceKeyText(any))).toEqual(any);
        expect(parsePattern(patternText(any))).toEqual(any);
      }),
    );
  });

  it('of the default namespace may leave it out', () => {
    expect(parseServiceKey('@@DEFAULT_GROUP@@orders')).toEqual(key);
    expect(parseConfigKey('orders+DEFAULT_GROUP')).toEqual(key);
    expect(parsePattern('>>DEFAULT_GROUP>>orders')).toEqual(key);
  });

  it.each(['', 'orders', 'a@@b'])('is not read from %j', (text) => {
    expect(parseServiceKey(text)).toBeUndefined();
    expect(parseConfigKey(text)).toBeUndefined();
    expect(parsePattern(text)).toBeUndefined();
  });
});

describe('a pattern', () => {
  it.each([
    ['*', 'orders', true],
    ['ord*', 'orders', true],
    ['ord*', 'order', true],
    ['ord*', 'my-orders', false],
    ['*ers', 'orders', true],
    ['*ers', 'orders-2', false],
    ['*rde*', 'orders', true],
    ['*rde*', 'users', false],
    ['orders', 'orders', true],
    ['orders', 'orders-2', false],
    ['o*s', 'orders', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matchesPattern({ ...key, name: pattern }, { ...key, name })).toBe(expected);
    expect(matchesPattern({ ...key, group: pattern }, { ...key, group: name })).toBe(expected);
  });

  it('is of one namespace, whatever stands there', () => {
    expect(matchesPattern({ ...key, namespace: '*' }, key)).toBe(false);
  });

  it('with a wildcard in the middle is one that no server takes for one', () => {
    expect(['*', 'a*', '*a', '*a*', 'a'].every(isServerPattern)).toBe(true);
    expect(['', 'a*b', '*a*b', '*a*b*'].some(isServerPattern)).toBe(false);
  });
});

describe('messages about patterns', () => {
  it('ask with all that the strictest server wants, and are read back', () => {
    const request = {
      namespace: 'public',
      pattern: 'public>>*>>*',
      received: ['public@@DEFAULT_GROUP@@orders'],
      watchType: 'WATCH',
      initializing: false,
    };
    expect(readPatternWatch(patternWatchBody(request))).toEqual(request);
    expect(holdsNull(patternWatchBody(request))).toBe(false);
  });

  it('of services: a batch, its end, a change (as recorded from Nacos 3.0.3)', () => {
    const pattern = 'public>>DEFAULT_GROUP>>ord*';
    expect(
      NAMING_PATTERNS.readSync({
        headers: {},
        requestId: '2',
        syncType: 'FUZZY_WATCH_INIT_NOTIFY',
        groupKeyPattern: pattern,
        contexts: [
          { serviceKey: 'public@@DEFAULT_GROUP@@orders', changedType: 'ADD_SERVICE' },
          { serviceKey: 'public@@DEFAULT_GROUP@@gone', changedType: 'DELETE_SERVICE' },
          { serviceKey: 'public@@DEFAULT_GROUP@@beating', changedType: 'HEART_BEAT' },
        ],
        totalBatch: 2,
        currentBatch: 1,
        module: 'naming',
      }),
    ).toEqual({
      pattern,
      isInitDone: false,
      news: [
        { key, type: 'added' },
        { key: { ...key, name: 'gone' }, type: 'removed' },
      ],
    });
    expect(
      NAMING_PATTERNS.readSync({
        syncType: 'FINISH_FUZZY_WATCH_INIT_NOTIFY',
        groupKeyPattern: pattern,
        contexts: [],
      }),
    ).toEqual({ pattern, isInitDone: true, news: [] });
    expect(
      NAMING_PATTERNS.readChange({
        syncType: 'FUZZY_WATCH_RESOURCE_CHANGED',
        serviceKey: 'public@@DEFAULT_GROUP@@orders',
        changedType: 'DELETE_SERVICE',
      }),
    ).toEqual({ key, type: 'removed' });
  });

  it('of configs name the change in two ways', () => {
    const groupKey = 'orders+DEFAULT_GROUP+public';
    for (const [changedType, type] of [
      ['ADD_CONFIG', 'added'],
      ['CONFIG_CHANGED', 'changed'],
      ['DELETE_CONFIG', 'removed'],
    ] as const) {
      const contexts = [{ groupKey, changedType }];
      expect(CONFIG_PATTERNS.readSync({ contexts }).news).toEqual([{ key, type }]);
      expect(CONFIG_PATTERNS.readChange({ groupKey, changeType: changedType })).toEqual({
        key,
        type,
      });
    }
    expect(CONFIG_PATTERNS.readChange({ groupKey, changeType: 'ANYTHING' })).toBeUndefined();
  });
});

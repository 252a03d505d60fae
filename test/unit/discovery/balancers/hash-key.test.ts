import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  hashOfCall,
  hashText,
  readHashKey,
  type HashKey,
} from '../../../../src/discovery/balancers/hash-key.js';
import { aCall } from '../../../helpers/a-call.js';

const cookie = (value: string) => aCall({ headers: { cookie: value } });
const NONE = -1;

describe('a hash key in options', () => {
  it.each<[string, HashKey]>([
    ['header:x-user', { kind: 'header', name: 'x-user' }],
    ['header:X-User', { kind: 'header', name: 'x-user' }],
    ['cookie:Session', { kind: 'cookie', name: 'Session' }],
    ['query:user', { kind: 'query', name: 'user' }],
    ['query:a:b[0]', { kind: 'query', name: 'a:b[0]' }],
    ['path', { kind: 'path' }],
  ])('%s', (text, key) => {
    expect(readHashKey(text)).toEqual(key);
  });

  it.each([
    '',
    'header',
    'header:',
    'header: x',
    'cookie:a=b',
    'query:a&b',
    'query:',
    'path:x',
    'Path',
    'body:x',
    ':x',
    'x-user',
  ])('has another form than %j', (text) => {
    expect(readHashKey(text)).toBeUndefined();
  });
});

describe('the key of a call', () => {
  it('is the value of a header, in whatever case its name is given', () => {
    const hashOf = hashOfCall({ kind: 'header', name: 'X-User' });
    expect(hashOf(aCall({ headers: { 'x-user': 'ann' } }))).toBe(hashText('ann'));
    expect(hashOf(aCall())).toBe(NONE);
    expect(hashOf(aCall({ headers: { 'x-user': '' } }))).toBe(NONE);
  });

  it.each([
    ['sid=ann', 'ann'],
    ['a=1; sid=ann; b=2', 'ann'],
    ['a=1;sid=ann', 'ann'],
    ['sid=ann; sid=bob', 'ann'],
    ['xsid=bob; sid2=bob; sid=ann', 'ann'],
    ['sid; sid=ann', 'ann'],
    ['sid=a=b', 'a=b'],
  ])('is the value of a cookie: %s', (header, value) => {
    expect(hashOfCall({ kind: 'cookie', name: 'sid' })(cookie(header))).toBe(hashText(value));
  });

  it.each(['', 'sid=', 'sid', 'Sid=ann', 'other=sid=ann', ';;'])(
    'is in no such cookie: %j',
    (header) => {
      expect(hashOfCall({ kind: 'cookie', name: 'sid' })(cookie(header))).toBe(NONE);
    },
  );

  it.each([
    ['/a?user=ann', 'ann'],
    ['/a?x=1&user=ann&y=2', 'ann'],
    ['/user=bob?user=ann', 'ann'],
    ['/a?user=ann&user=bob', 'ann'],
    ['/a?user=a%20b', 'a%20b'],
  ])('is the value in a query: %s', (path, value) => {
    expect(hashOfCall({ kind: 'query', name: 'user' })(aCall({ path }))).toBe(hashText(value));
  });

  it.each(['/a', '/a?', '/user=ann', '/a?user=', '/a?user', '/a?xuser=ann'])(
    'is in no such query: %s',
    (path) => {
      expect(hashOfCall({ kind: 'query', name: 'user' })(aCall({ path }))).toBe(NONE);
    },
  );

  it('is the path without the query', () => {
    const hashOf = hashOfCall({ kind: 'path' });
    expect(hashOf(aCall({ path: '/a/b?c=1' }))).toBe(hashText('/a/b'));
    expect(hashOf(aCall({ path: '/a/b' }))).toBe(hashText('/a/b'));
    expect(hashOf(aCall({ path: '/a/c' }))).not.toBe(hashText('/a/b'));
  });

  it('is what a function says', () => {
    const hashOf = hashOfCall(({ method, path }) => (method === 'GET' ? path : undefined));
    expect(hashOf(aCall({ path: '/a?b' }))).toBe(hashText('/a?b'));
    expect(hashOf(aCall({ method: 'POST' }))).toBe(NONE);
  });

  it('is a text also where a function of plain JavaScript gives a number, and nothing where it gives another thing', () => {
    const giving = (value: unknown) => hashOfCall(() => value as never);
    expect(giving(42)(aCall())).toBe(hashText('42'));
    for (const value of [null, {}, true]) expect(giving(value)(aCall())).toBe(NONE);
  });
});

describe('the hash of a key', () => {
  it('has 32 bits, and spreads keys that hardly differ', () => {
    const used = new Set<number>();
    for (let number = 0; number < 10_000; number += 1) {
      const hash = hashText(`user-${String(number)}`);
      expect(hash).toBe(hash >>> 0);
      used.add(hash >>> 24);
    }
    expect(used.size).toBe(256);
  });

  it('does not hash different texts alike but by chance', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (a, b) => {
        fc.pre(a !== b);
        expect(hashText(a)).not.toBe(hashText(b));
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});

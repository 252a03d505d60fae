/** How keys are written and where they lead. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { formatKey, parseKey, valueAt } from '../../../src/settings/key-path.js';

describe('keys of settings', () => {
  it.each([
    ['a', ['a']],
    ['a.b-c', ['a', 'b-c']],
    ['a[0].b', ['a', 0, 'b']],
    ['a[0][1]', ['a', 0, 1]],
    ['levels[com.acme.web]', ['levels', 'com.acme.web']],
    ['[a.b].c', ['a.b', 'c']],
  ])('%s', (text, path) => {
    expect(parseKey(text)).toEqual(path);
    expect(formatKey(path)).toBe(text);
  });

  it.each(['', '.', 'a.', '.a', 'a..b', 'a[', 'a[]', 'a[0]b', 'a[10001]'])(
    '%j is no key',
    (text) => {
      expect(parseKey(text)).toBeUndefined();
    },
  );

  it('reads back every path that it writes', () => {
    const step = fc.oneof(
      fc.string({ minLength: 1 }).filter((text) => !/[[\]]/.test(text) && !/^\d+$/.test(text)),
      fc.nat(10_000),
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (path) => {
        expect(parseKey(formatKey(path))).toEqual(path);
      }),
    );
  });

  it('follows own keys only', () => {
    expect(valueAt({ a: { b: 1 } }, ['a', 'b'])).toBe(1);
    expect(valueAt({ a: [1] }, ['a', 'length'])).toBe(1);
    expect(valueAt({}, ['toString'])).toBeUndefined();
    expect(valueAt({}, ['__proto__', 'toString'])).toBeUndefined();
    expect(valueAt('text', ['length'])).toBeUndefined();
  });
});

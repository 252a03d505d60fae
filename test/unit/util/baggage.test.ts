import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { addToBaggage, entryOfBaggage } from '../../../src/util/baggage.js';

describe('entryOfBaggage', () => {
  it.each([
    ['tag=gray', 'gray'],
    ['a=b,tag=gray,c=d', 'gray'],
    [' a=b , TAG = gr%C3%A4y ;ttl=1;x , tag=late', 'gräy'],
    ['tag=a=b', 'a=b'],
    ['tag=', ''],
    ['tag', undefined],
    ['a;tag=gray', undefined],
    ['tag=%E0%A4%A', undefined],
    ['xtag=gray', undefined],
    ['', undefined],
  ])('reads %j', (header, value) => {
    expect(entryOfBaggage(header, 'tag')).toBe(value);
  });
});

describe('addToBaggage', () => {
  it('adds behind what is there and leaves that as it is', () => {
    expect(addToBaggage('a=1;p=2 , b=%20', [['tag', 'x y,z']])).toBe(
      'a=1;p=2 , b=%20,tag=x%20y%2Cz',
    );
    expect(addToBaggage(undefined, [['tag', 'gray']])).toBe('tag=gray');
    expect(addToBaggage('Tag=mine', [['tag', 'gray']])).toBe('Tag=mine');
    expect(addToBaggage(undefined, [])).toBe('');
  });

  it('leaves out what does not fit or cannot be a key', () => {
    const long = `a=${'x'.repeat(8185)}`;
    expect(
      addToBaggage(long, [
        ['tag', 'gray'],
        ['t', 'g'],
      ]),
    ).toBe(`${long},t=g`);
    expect(addToBaggage('a=1', [['no key', 'gray']])).toBe('a=1');
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(entryOfBaggage(addToBaggage('a=1', [['tag', value]]), 'tag')).toBe(value);
      }),
    );
  });
});

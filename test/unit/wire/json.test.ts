import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ProtocolError } from '../../../src/errors.js';
import {
  decodeJson,
  encodeJson,
  readBoolean,
  readNumber,
  readObjects,
  readString,
  readStringMap,
  readStrings,
} from '../../../src/wire/json.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (value: unknown): string => new TextDecoder().decode(encodeJson(value));

describe('JSON of a body', () => {
  it('is UTF-8 and comes back as it was', () => {
    const anyText = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(anyText, anyText), (of) => {
        const read = decodeJson(encodeJson(of), 'T');
        expect(Object.entries(read)).toEqual(Object.entries(of));
      }),
    );
  });

  it.each(['{"a":"plain"}', '{"a":"Größe"}', '{"a":"\u{1F600}"}', '\uFEFF{"a":"marked"}'])(
    'reads %j in a part of other bytes',
    (text) => {
      const all = bytes(`é${text}é`);
      const part = all.subarray(2, all.length - 2);
      expect(decodeJson(part, 'T')).toEqual(JSON.parse(text.replace('\uFEFF', '')));
    },
  );

  it('trap 19: leaves null out at every depth', () => {
    expect(textOf({ a: null, b: { c: null, d: [{ e: null, f: 0 }] }, g: '', h: false })).toBe(
      '{"b":{"d":[{"f":0}]},"g":"","h":false}',
    );
  });

  it.each(['', 'null', '1', '"text"', '[]', '{', '{"a":1}x'])('refuses the body %j', (text) => {
    expect(() => decodeJson(bytes(text), 'T')).toThrow(ProtocolError);
  });

  it('refuses a body that is not UTF-8, naming the message but not its content', () => {
    const read = (): unknown => decodeJson(Buffer.of(0x7b, 0xff, 0x7d), 'LoginResponse');
    expect(read).toThrow(/LoginResponse/);
    expect(read).toThrow(ProtocolError);
  });

  it('accepts a byte order mark before the object', () => {
    expect(decodeJson(bytes('\uFEFF{"a":1}'), 'T')).toEqual({ a: 1 });
  });

  it('throws nothing but ProtocolError on garbage', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), fc.string().map(bytes), fc.json().map(bytes)),
        (body) => {
          try {
            expect(decodeJson(body, 'T')).toBeTypeOf('object');
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
    );
  });
});

describe('readers of fields', () => {
  const wrong = [undefined, null, {}, [], 'x', 7, true];

  it('give the default for what is absent, null or of another type', () => {
    for (const value of wrong) {
      const from = { key: value };
      expect(readString(from, 'key', 'd')).toBe(typeof value === 'string' ? value : 'd');
      expect(readNumber(from, 'key', 1)).toBe(typeof value === 'number' ? value : 1);
      expect(readBoolean(from, 'key', false)).toBe(value === true);
      expect(readObjects(from, 'key')).toEqual([]);
      expect(readStrings(from, 'key')).toEqual([]);
      expect(readStringMap(from, 'key')).toEqual({});
    }
  });

  it('leave out list items of another type', () => {
    expect(readObjects({ key: [{ a: 1 }, null, 'x', [1]] }, 'key')).toEqual([{ a: 1 }]);
    expect(readStrings({ key: ['a', null, 1, 'b'] }, 'key')).toEqual(['a', 'b']);
  });

  it('turn numbers and booleans of a map into text, and leave the rest out', () => {
    const key = { text: 't', number: 1.5, yes: true, none: null, list: [1], object: {} };
    expect(readStringMap({ key }, 'key')).toEqual({ text: 't', number: '1.5', yes: 'true' });
  });

  it('keep a map free of a name that would change its prototype', () => {
    const from = decodeJson(bytes('{"key":{"__proto__":"x","constructor":"c"}}'), 'T');
    const map = readStringMap(from, 'key');
    expect(Object.getPrototypeOf(map)).toBe(Object.prototype);
    expect(Object.entries(map)).toEqual([['constructor', 'c']]);
  });

  it('survive a body nested 100000 deep', () => {
    const deep = `{"key":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    expect(readStringMap(decodeJson(bytes(deep), 'T'), 'key')).toEqual({});
  });
});

/** `${a.b:default}`: nested, typed, escaped; and what cannot be resolved names its chain. */
import { describe, expect, it } from 'vitest';

import { makeEffective } from '../../../src/settings/effective.js';
import { buildTree } from '../../../src/settings/tree.js';

function effective(raw: Record<string, unknown>, env: Record<string, string> = {}) {
  const content = {
    name: 'nacos:app.yaml?group=G',
    tree: buildTree(raw).tree,
    isTextOnly: false,
    isLiteral: false,
  };
  return makeEffective([content], { env, placeholders: true }).tree;
}

describe('placeholders', () => {
  it.each<[string, Record<string, unknown>, unknown]>([
    ['another key', { a: '${b.c}', b: { c: 'x' } }, 'x'],
    ['in a text, twice', { a: 'http://${h}:${p}/', h: 'host', p: 80 }, 'http://host:80/'],
    ['alone it keeps its type', { a: '${p}', p: 80 }, 80],
    ['a key with dash and index', { a: '${x-y[1]}', 'x-y': ['p', 'q'] }, 'q'],
    ['a default', { a: '${nobody:d}' }, 'd'],
    ['an empty default', { a: '${nobody:}' }, ''],
    ['a default with colons', { a: '${nobody:http://h:1/}' }, 'http://h:1/'],
    ['a default that is a placeholder', { a: '${nobody:${b:x}}', b: 'y' }, 'y'],
    ['defaults all the way', { a: '${n:${m:${l:z}}}' }, 'z'],
    [
      'a name that is made',
      { a: '${db.${env}.host}', env: 'prod', db: { prod: { host: 'h' } } },
      'h',
    ],
    ['a chain', { a: '${b}', b: '${c}!', c: 'x' }, 'x!'],
    ['null is an empty text inside of one', { a: '[${b}]', b: null }, '[]'],
    ['escaped', { a: 'price \\${b}' }, 'price ${b}'],
    ['not closed', { a: 'x ${b' }, 'x ${b'],
    ['none', { a: '$b {c} $' }, '$b {c} $'],
    ['a variable', { a: '${HOME}' }, '/home/me'],
  ])('%s', (_, raw, expected) => {
    expect(effective(raw, { HOME: '/home/me' })['a']).toEqual(expected);
  });

  it('a circle names its chain, and no value', () => {
    const raw = { a: 'secret-${b}', b: '${c}', c: '${a}' };
    expect(() => effective(raw)).toThrow('placeholders go round in a circle: a -> b -> c -> a');
    expect(() => effective({ a: '${a}' })).toThrow('circle: a -> a');
  });

  it('what nobody gives names its chain', () => {
    expect(() => effective({ a: '${b}', b: '${nobody.there}' })).toThrow(
      'a -> b asks for nobody.there, which nobody gives, without a default',
    );
    expect(() => effective({ a: '${b}', b: { c: 1 } })).toThrow(
      'a asks for b, which is a map or a list',
    );
  });

  it('a key that is only on a prototype is not there', () => {
    expect(effective({ a: '${constructor:x}${toString:y}' })['a']).toBe('xy');
  });

  it('values of the environment are taken as they are', () => {
    expect(effective({ a: 1, b: '${a}' }, { A: '${nobody}' })).toEqual({
      a: '${nobody}',
      b: '${nobody}',
    });
  });
});

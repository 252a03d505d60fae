/** The words of an import. */
import { describe, expect, it } from 'vitest';

import { parseImport } from '../../../src/settings/import-spec.js';

const NOTHING = {
  group: undefined,
  refresh: undefined,
  preference: undefined,
  format: undefined,
  key: undefined,
};

describe('imports', () => {
  it.each([
    ['nacos:app.yaml', { kind: 'nacos', id: 'app.yaml', optional: false }],
    ['optional:nacos:app.yaml', { kind: 'nacos', id: 'app.yaml', optional: true }],
    ['file:conf/app.yaml', { kind: 'file', id: 'conf/app.yaml', optional: false }],
    ['optional:file:/etc/app.toml', { kind: 'file', id: '/etc/app.toml', optional: true }],
    [
      'nacos:a?group=g1&refresh=false&preference=remote&format=json&key=x.y',
      { id: 'a', group: 'g1', refresh: false, preference: 'remote', format: 'json', key: 'x.y' },
    ],
    // Spring's own spelling.
    ['nacos:test02.yml?group=group_03&refreshEnabled=false', { group: 'group_03', refresh: false }],
  ])('%s', (text, expected) => {
    expect({ ...NOTHING, ...parseImport(text, 'imports[0]') }).toMatchObject(expected);
  });

  it.each([
    ['app.yaml', 'import "app.yaml" (here): must be [optional:]nacos:DATA_ID'],
    ['nacos:', 'must be [optional:]nacos:DATA_ID'],
    ['nacos:a/b.yaml', 'must be'],
    ['http:app.yaml', 'must be'],
    ['nacos:a?groop=x', 'unknown parameter groop (nacos:a?groop=x, here): did you mean group?'],
    ['nacos:a?refresh=maybe', 'refresh must be one of true, false'],
    ['nacos:a?format=xml', 'format must be one of yaml, json, properties, toml, text'],
    ['nacos:a?group=', 'group has no value'],
    ['nacos:%zz', 'must be'],
  ])('%s is refused', (text, said) => {
    expect(() => parseImport(text, 'here')).toThrow(said);
  });

  it('a data id alone will do where nothing else is meant', () => {
    expect(parseImport('app.yaml?group=g', '--import-config', true)).toMatchObject({
      kind: 'nacos',
      id: 'app.yaml',
      group: 'g',
    });
    expect(parseImport('optional:app.yaml', '--import-config', true)).toMatchObject({
      id: 'app.yaml',
      optional: true,
    });
    expect(() => parseImport('http://x/app.yaml', '--import-config', true)).toThrow('must be');
  });
});

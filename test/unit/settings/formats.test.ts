/** What each format gives, and how a broken content is told: with its place, and never with what it holds. */
import { describe, expect, it } from 'vitest';

import {
  formatOfName,
  readContent,
  type SettingsFormat,
} from '../../../src/settings/formats/content.js';
import { ContentError } from '../../../src/settings/formats/content-error.js';
import { parseProperties } from '../../../src/settings/formats/properties.js';

async function read(format: SettingsFormat, text: string, key?: string, profiles: string[] = []) {
  return (await readContent(text, { format, key, profiles })).tree;
}

describe('formats of settings', () => {
  it.each<[SettingsFormat, string]>([
    ['yaml', 'db:\n  host: h\n  pool: 5\n  hosts: [a, b]\non: true\nnothing:\n'],
    ['json', '{"db":{"host":"h","pool":5,"hosts":["a","b"]},"on":true,"nothing":null}'],
    ['yaml', 'db.host: h\ndb.pool: 5\n"db.hosts[0]": a\n"db.hosts[1]": b\non: true\nnothing: ~'],
  ])('%s: %j', async (format, text) => {
    expect(await read(format, text)).toEqual({
      db: { host: 'h', pool: 5, hosts: ['a', 'b'] },
      on: true,
      nothing: null,
    });
  });

  it('toml: types stay, dates are texts', async () => {
    const text =
      'on = true\nat = 2026-01-02T03:04:05Z\nbig = 9007199254740993\n[db]\npool = 5\n[[servers]]\nhost = "a"\n';
    expect(await read('toml', text)).toEqual({
      on: true,
      at: '2026-01-02T03:04:05.000Z',
      big: '9007199254740993',
      db: { pool: 5 },
      servers: [{ host: 'a' }],
    });
  });

  it('text: the whole content is one value', async () => {
    expect(await read('text', 'hello\nworld', 'banner.text')).toEqual({
      banner: { text: 'hello\nworld' },
    });
  });

  it('anything may be put below a key, lists too', async () => {
    expect(await read('json', '[{"a":1}]', 'rules.all')).toEqual({ rules: { all: [{ a: 1 }] } });
    expect(await read('yaml', 'a: 1', 'x')).toEqual({ x: { a: 1 } });
  });

  it('a byte order mark and an empty content are no mistakes', async () => {
    expect(await read('json', '\uFEFF{"a":1}')).toEqual({ a: 1 });
    for (const format of ['yaml', 'json', 'properties', 'toml'] as const) {
      expect(await read(format, '')).toEqual({});
    }
  });

  it('documents of one content: the later one counts, and a profile may be asked for', async () => {
    const yaml =
      'a: 1\nb: 1\n---\nb: 2\n---\nspring.config.activate.on-profile: prod\nb: 3\n---\nspring:\n  config:\n    activate:\n      on-profile: "!prod & blue, green"\nc: 4\n';
    expect(await read('yaml', yaml)).toEqual({ a: 1, b: 2 });
    expect(await read('yaml', yaml, undefined, ['prod'])).toEqual({ a: 1, b: 3 });
    expect(await read('yaml', yaml, undefined, ['blue'])).toEqual({ a: 1, b: 2, c: 4 });
    expect(await read('yaml', yaml, undefined, ['prod', 'green'])).toEqual({ a: 1, b: 3, c: 4 });
    const properties = 'a=1\n#---\nspring.config.activate.on-profile=prod\na=2\n';
    expect(await read('properties', properties)).toEqual({ a: '1' });
    expect(await read('properties', properties, undefined, ['prod'])).toEqual({ a: '2' });
  });

  it('yaml: anchors and merge keys', async () => {
    expect(await read('yaml', 'base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n')).toEqual({
      base: { x: 1, y: 2 },
      own: { x: 1, y: 3 },
    });
  });

  it.each<[SettingsFormat, string, string]>([
    ['yaml', 'ok: 1\npw: "hunter2', 'line 2'],
    ['yaml', 'a: hunter2: b', 'line 1'],
    ['yaml', 'a: *hunter2', 'not valid YAML'],
    ['json', '{"a": 1,\n "pw": hunter2}', 'line 2, column 8'],
    ['toml', 'ok = 1\npw = "hunter2', 'line 2'],
    ['properties', 'pw=\\u12 hunter2', 'line 1'],
    ['yaml', '- hunter2', 'not a map'],
    ['json', '"hunter2"', 'not a map'],
    ['yaml', '"a..b": hunter2', 'no key'],
    ['properties', 'a[0]=hunter2\na[2]=hunter2', 'a[1] is missing'],
  ])('broken %s: %j', async (format, text, said) => {
    const failure = await read(format, text).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ContentError);
    expect(String(failure)).toContain(said);
    expect(String(failure)).not.toContain('hunter2');
    expect(JSON.stringify((failure as ContentError).cause ?? '')).not.toContain('hunter2');
  });

  it('a bomb of aliases is refused', async () => {
    let text = 'a0: &a0 [x,x,x,x,x,x,x,x,x]\n';
    for (let level = 1; level < 9; level++) {
      const last = `*a${String(level - 1)}`;
      text += `a${String(level)}: &a${String(level)} [${Array(9).fill(last).join(',')}]\n`;
    }
    await expect(read('yaml', text)).rejects.toBeInstanceOf(ContentError);
  });

  it('keys that could reach a prototype are left out, in every format', async () => {
    const texts: readonly [SettingsFormat, string][] = [
      [
        'json',
        '{"__proto__":{"polluted":1},"a":{"constructor":{"prototype":{"polluted":1}}},"b":1}',
      ],
      ['yaml', '__proto__: {polluted: 1}\na.constructor.prototype.polluted: 1\nb: 1'],
      ['properties', '__proto__.polluted=1\na.__proto__.polluted=1\nb=1'],
      ['toml', 'b = 1\n[__proto__]\npolluted = 1\n[a.constructor]\npolluted = 1\n'],
    ];
    for (const [format, text] of texts) {
      const { tree, unsafe } = await readContent(text, { format, key: undefined, profiles: [] });
      expect(unsafe.length).toBeGreaterThan(0);
      expect(JSON.stringify(tree)).not.toContain('polluted');
      expect(String(tree['b'])).toBe('1');
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('the ending of a name tells the format', () => {
    expect(formatOfName('app.YAML')).toBe('yaml');
    expect(formatOfName('a.b.yml')).toBe('yaml');
    expect(formatOfName('app.properties')).toBe('properties');
    expect(formatOfName('motd.txt')).toBe('text');
    expect(formatOfName('app')).toBeUndefined();
    expect(formatOfName('app.constructor')).toBeUndefined();
  });
});

describe('Java properties', () => {
  it.each([
    ['a=1', { a: '1' }],
    ['a = 1 ', { a: '1 ' }],
    ['a:1', { a: '1' }],
    ['a 1', { a: '1' }],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['# no\n! no\n\n  a=1', { a: '1' }],
    ['a=1,\\\n   2,\\\n   3', { a: '1,2,3' }],
    ['a=b\\\\\nc=1', { a: 'b\\', c: '1' }],
    ['a\\ b\\=c=1', { 'a b=c': '1' }],
    ['a=\\u4f60\\t!', { a: '你\t!' }],
    ['a=你好', { a: '你好' }],
    ['a=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
    ['a=x=y:z', { a: 'x=y:z' }],
    ['a=1\na=2', { a: '2' }],
    ['a=end\\', { a: 'end' }],
    ['# comment goes on \\\na=1', { a: '1' }],
  ])('%j', (text, expected) => {
    expect(parseProperties(text)).toEqual([expected]);
  });
});

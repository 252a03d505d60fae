import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../../src/cli/args.js';
import { CONFIG_ACTIONS, CONFIG_ROWS } from '../../../src/cli/config-args.js';
import { helpText } from '../../../src/cli/help.js';
import { isNacosError } from '../../../src/errors.js';

const parse = (...words: readonly string[]) => parseCommandLine(['config', ...words]);
const COMMON = { kind: 'config', values: {}, timeoutMs: 5000 };
const ONE = { ...COMMON, dataId: 'app.yaml', group: 'DEFAULT_GROUP', tag: undefined };

describe('the words of config', () => {
  it.each<[readonly string[], object]>([
    [['get', 'app.yaml'], { ...ONE, action: 'get', json: false }],
    [
      ['get', '-g', 'SHOP', 'app.yaml', '--json', '--namespace', 'n', '--timeout=0.5'],
      {
        ...ONE,
        action: 'get',
        group: 'SHOP',
        json: true,
        values: { namespace: 'n' },
        timeoutMs: 500,
      },
    ],
    [['rm', 'app.yaml', '--tag', 'blue'], { ...ONE, action: 'rm', tag: 'blue' }],
    [
      ['watch', 'a', 'b'],
      { ...COMMON, action: 'watch', dataIds: ['a', 'b'], group: 'DEFAULT_GROUP', json: false },
    ],
    [['import', 'x'], { ...COMMON, action: 'import', folder: 'x', existing: 'refuse' }],
    [['export', 'x'], { ...COMMON, action: 'export', folder: 'x', group: '*', dataId: '*' }],
  ])('%j', (words, expected) => {
    expect(parse(...words)).toEqual(expected);
  });

  it('put takes a file or standard input, and what is published with it', () => {
    const md5 = '0'.repeat(32);
    expect(
      parse(
        ...['put', 'app.yaml', 'f.yaml', '--type', 'json', '--cas-md5', md5, '--tags', 'a,b'],
        ...['--beta-ips=10.0.0.1', '--description', 'x'],
      ),
    ).toEqual({
      ...ONE,
      action: 'put',
      file: 'f.yaml',
      type: 'json',
      casMd5: md5,
      betaIps: ['10.0.0.1'],
      tags: ['a', 'b'],
      description: 'x',
    });
    expect(parse('put', 'app.yaml', '-')).toMatchObject({ file: undefined, betaIps: [] });
  });

  it.each<[string, RegExp]>([
    ['', /^config needs an action: known are get, put, watch, rm, import, export$/],
    ['gte app', /^unknown action config gte: did you mean get\?$/],
    ['get', /^config get needs a data id, as in: nacos-serving config get app\.yaml$/],
    ['get a b', /^config get takes one data id, but got b too$/],
    ['put a b c', /^config put takes a data id and a file, but got c too$/],
    ['put a --type yml', /^--type = "yml": must be /],
    ['put a --cas-md5 abc', /^--cas-md5 = "abc": must be 32 digits/],
    ['watch', /^config watch needs a data id/],
    ['import', /^config import needs a folder/],
    ['import a --existing skip', /^--existing = "skip": must be one of refuse, keep, replace$/],
    ['export a b', /^config export takes one folder, but got b too$/],
    ['get a --jsn', /^unknown flag --jsn: did you mean --json\?$/],
    ['get a --service-port 8', /^unknown flag --service-port/],
  ])('config %s is refused', (line, message) => {
    let refused: unknown;
    try {
      parse(...line.split(' ').filter(Boolean));
    } catch (error) {
      refused = error;
    }
    expect(isNacosError(refused)).toBe(true);
    expect(refused).toMatchObject({ message: expect.stringMatching(message) as string });
  });

  it('have a help that shows every flag of every action', () => {
    expect(parse('get', '--help')).toEqual({ kind: 'help', about: 'config', asked: true });
    const text = helpText('config');
    for (const action of CONFIG_ACTIONS) {
      expect(text).toContain(`config ${action} `);
      for (const row of CONFIG_ROWS[action]) expect(text).toContain(`  --${row.flag}`);
    }
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

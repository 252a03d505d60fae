import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../../src/cli/args.js';
import { helpText } from '../../../src/cli/help.js';
import { LOOKUP_COMMANDS, LOOKUP_ROWS } from '../../../src/cli/lookup-args.js';
import { isNacosError } from '../../../src/errors.js';

const parse = (...words: readonly string[]) => parseCommandLine(words);
const COMMON = { kind: 'lookup', values: {}, timeoutMs: 5000 };

describe('the words of list, watch, why and call', () => {
  it.each<[readonly string[], object]>([
    [['list'], { ...COMMON, command: 'list', page: 1, pageSize: 100, json: false }],
    [
      ['list', '--group', 'A', '--page=2', '--json', '--namespace', 'n'],
      {
        ...COMMON,
        command: 'list',
        values: { 'service.group': 'A', namespace: 'n' },
        page: 2,
        pageSize: 100,
        json: true,
      },
    ],
    [['watch', 'Orders'], { ...COMMON, command: 'watch', service: 'Orders', json: false }],
    [
      ['why', 'orders', '-H', 'x-tag: a: b', '--timeout', '0.5'],
      {
        ...COMMON,
        command: 'why',
        timeoutMs: 500,
        service: 'orders',
        headers: [['x-tag', 'a: b']],
        json: false,
      },
    ],
  ])('%j', (words, expected) => {
    expect(parse(...words)).toEqual(expected);
  });

  it.each<[readonly string[], object]>([
    [['orders'], { service: 'orders', path: '/', method: 'GET', secure: false }],
    [['Demo.Api/a?b=c#d'], { service: 'Demo.Api', path: '/a?b=c' }],
    [['https://orders/x y'], { service: 'orders', secure: true, path: '/x%20y' }],
    [['lb://orders'], { service: 'orders', secure: false, path: '/' }],
    [['orders?x=1'], { service: 'orders', path: '/?x=1' }],
    [['orders', '-d', 'a'], { method: 'POST', data: ['a'] }],
    [['-X', 'delete', 'orders'], { method: 'DELETE' }],
    [['orders', '--method', 'PATCH', '-i'], { method: 'PATCH', showHead: true }],
    [['orders', '--max-time', '1.5'], { maxTimeMs: 1500 }],
    [
      ['orders', '-H', 'a: 1', '--header=b: 2'],
      {
        headers: [
          ['a', '1'],
          ['b', '2'],
        ],
      },
    ],
  ])('call %j', (words, expected) => {
    expect(parse('call', ...words)).toMatchObject({ kind: 'lookup', command: 'call', ...expected });
  });

  it.each<[readonly string[], string]>([
    [['list', 'orders'], 'list takes no service, but got orders'],
    [['list', '--grup', 'A'], 'unknown flag --grup: did you mean --group?'],
    [['list', '--page', '0'], '--page = "0": must be a whole number from 1 to 1000000'],
    [['watch'], 'watch needs a service, as in: nacos-serving watch orders'],
    [['why', 'a', 'b'], 'why takes one service, but got b too'],
    [['call', '/path'], '/path names no service, as in: nacos-serving call orders/hello'],
    [['call', 'a', '-H', 'nothing'], '-H takes "name: value", but got "nothing"'],
    [['call', 'a', '-x', 'b'], 'unknown flag -x: did you mean -X?'],
    [['call', 'a', '-X', 'a b'], '--request = "a b": must be a method like GET'],
    [
      ['watch', 'a', '--service-port', '1'],
      'unknown flag --service-port: nacos-serving help watch shows all',
    ],
  ])('refuses %j', (words, message) => {
    const refuse = () => parse(...words);
    expect(refuse).toThrow(message);
    expect(refuse).toThrow(expect.toSatisfy(isNacosError));
  });

  it.each(LOOKUP_COMMANDS)('%s has help with all its flags', (command) => {
    const text = helpText(command);
    for (const row of LOOKUP_ROWS[command]) expect(text).toContain(`--${row.flag}`);
    expect(text).toContain('--nacos-server');
    expect(parse(command, '--help')).toEqual({ kind: 'help', about: command, asked: true });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});

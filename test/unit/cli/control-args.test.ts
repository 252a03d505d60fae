import { describe, expect, it } from 'vitest';

import { parseCommandLine } from '../../../src/cli/args.js';

const parse = (line: string) => parseCommandLine(line.split(' ').filter((word) => word !== ''));
const base = { kind: 'control', pid: undefined, service: undefined, json: false } as const;

describe('a command for running processes', () => {
  it.each([
    ['status', { command: 'status', change: undefined }],
    ['status --json', { command: 'status', change: undefined, json: true }],
    ['up --pid 12', { command: 'up', change: { enabled: true }, pid: 12 }],
    ['down --service orders', { command: 'down', change: { enabled: false }, service: 'orders' }],
    ['weight 0', { command: 'weight', change: { weight: 0 } }],
    ['weight --pid=12 .5', { command: 'weight', change: { weight: 0.5 }, pid: 12 }],
    [
      'metadata a=1 b= c=x=y d-',
      { command: 'metadata', change: { metadata: { a: '1', b: '', c: 'x=y', d: null } } },
    ],
    ['metadata a-b=1', { command: 'metadata', change: { metadata: { 'a-b': '1' } } }],
  ])('%s', (line, expected) => {
    expect(parse(line)).toEqual({ ...base, ...expected });
  });

  it.each([
    ['status now', 'status takes no more words, but got now'],
    ['up orders', 'up takes no more words, but got orders'],
    ['weight', 'weight needs a number'],
    ['weight heavy', 'must be a number from 0 to 10000'],
    ['weight -1', 'must be a number from 0 to 10000'],
    ['weight 1 2', 'weight takes one number, but got 2 too'],
    ['metadata', 'metadata needs key=value or key-'],
    ['metadata =1', 'metadata takes key=value to set and key- to take out, but got =1'],
    ['metadata -', 'but got -'],
    ['metadata a', 'but got a'],
    ['down --pid 0', '--pid = "0"'],
    ['down --pid', '--pid needs a value'],
    ['down --all', 'unknown flag --all'],
  ])('%s is refused', (line, why) => {
    expect(() => parse(line)).toThrow(why);
  });

  it('metadata takes any key, also one that objects have', () => {
    const invocation = parse('metadata __proto__=1 constructor=2');
    expect(JSON.stringify(invocation)).toContain('{"__proto__":"1","constructor":"2"}');
  });

  it.each(['down --help', 'status -h'])('%s shows its help', (line) => {
    expect(parse(line)).toMatchObject({ kind: 'help', asked: true });
  });
});

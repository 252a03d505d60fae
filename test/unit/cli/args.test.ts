import { describe, expect, it } from 'vitest';

import { parseCommandLine, type Invocation } from '../../../src/cli/args.js';
import { isNacosError } from '../../../src/errors.js';
import { ALL_ROWS } from '../../../src/options/schema.js';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');
const parse = (line: string): Invocation => parseCommandLine(words(line));

function app(file: string, args = '', values: Record<string, string | string[]> = {}): Invocation {
  return {
    kind: 'run',
    target: { kind: 'app', file, args: words(args) },
    dryRun: false,
    print: undefined,
    values,
  };
}

function command(name: string, args = '', values: Record<string, string> = {}): Invocation {
  return {
    kind: 'run',
    target: { kind: 'command', name, args: words(args) },
    dryRun: false,
    print: undefined,
    values,
  };
}

describe('the grammar of the command line', () => {
  it.each<[string, Invocation]>([
    ['app.js', app('app.js')],
    ['run app.js', app('app.js')],
    ['run run', app('run')],
    ['run dev', app('dev')],
    ['./dev', app('./dev')],
    ['--namespace a app.js', app('app.js', '', { namespace: 'a' })],
    ['--namespace=a app.js', app('app.js', '', { namespace: 'a' })],
    ['--namespace= app.js', app('app.js', '', { namespace: '' })],
    ['--namespace a run app.js', app('app.js', '', { namespace: 'a' })],
    ['run --namespace a app.js', app('app.js', '', { namespace: 'a' })],
    ['app.js --namespace a', app('app.js', '', { namespace: 'a' })],
    ['app.js x --namespace a y', app('app.js', 'x y', { namespace: 'a' })],
    ['app.js --namespace=a --port 80', app('app.js', '--port 80', { namespace: 'a' })],
    ['app.js --namespac a', app('app.js', '--namespac a')],
    ['app.js --help', app('app.js', '--help')],
    ['app.js -h -v --version', app('app.js', '-h -v --version')],
    ['app.js -- --namespace a -- b', app('app.js', '--namespace a -- b')],
    ['app.js --namespace a -- --namespace b', app('app.js', '--namespace b', { namespace: 'a' })],
    ['app.js --', app('app.js')],
    ['app.js run dev', app('app.js', 'run dev')],
    ['-- npm start', command('npm', 'start')],
    ['run -- npm start', command('npm', 'start')],
    ['--namespace a -- npm --namespace b', command('npm', '--namespace b', { namespace: 'a' })],
    ['-- run -- x', command('run', '-- x')],
    ['--service-weight -1 app.js', app('app.js', '', { 'service.weight': '-1' })],
    ['--namespace a --namespace b app.js', app('app.js', '', { namespace: 'b' })],
    [
      '--metadata a=1 app.js --metadata b=2 --metadata=c=3',
      app('app.js', '', { 'service.metadata': ['a=1', 'b=2', 'c=3'] }),
    ],
  ])('%s', (line, invocation) => {
    expect(parse(line)).toEqual(invocation);
  });

  it.each<[string, string]>([
    ['--graceful-shutdown', 'true'],
    ['--graceful-shutdown=false', 'false'],
    ['--graceful-shutdown=maybe', 'maybe'],
    ['--graceful-shutdown true', 'true'],
    ['--graceful-shutdown false', 'false'],
    ['--no-graceful-shutdown', 'false'],
    ['--no-graceful-shutdown --graceful-shutdown', 'true'],
  ])('reads %s before and after the app', (flags, value) => {
    const expected = app('app.js', '', { 'shutdown.graceful': value });
    expect(parse(`${flags} app.js`)).toEqual(expected);
    expect(parse(`app.js ${flags}`)).toEqual(expected);
  });

  it('knows every flag of the table', () => {
    for (const row of ALL_ROWS) {
      const values = {
        [row.path]: row.kind === 'metadata' || row.repeatable === true ? ['a=1'] : 'a=1',
      };
      expect(parse(`--${row.flag}=a=1 app.js`)).toEqual(app('app.js', '', values));
    }
  });

  it('has --no- for booleans only', () => {
    for (const row of ALL_ROWS) {
      const line = `--no-${row.flag} app.js`;
      if (row.kind === 'boolean') {
        expect(parse(line)).toEqual(app('app.js', '', { [row.path]: 'false' }));
      } else expect(() => parse(line)).toThrow(`unknown flag --no-${row.flag}`);
    }
  });
});

describe('the flags that start nothing', () => {
  const asked = (line: string): unknown => {
    const { kind, ...rest } = parse(line);
    return kind === 'run' ? rest : kind;
  };
  const file = { kind: 'app', file: 'app.js', args: [] };

  it.each<[string, object]>([
    ['--dry-run app.js', { target: file, dryRun: true, print: undefined, values: {} }],
    ['app.js --dry-run', { target: file, dryRun: true, print: undefined, values: {} }],
    ['--dry-run=no app.js', { target: file, dryRun: false, print: undefined, values: {} }],
    ['--print-config', { target: undefined, dryRun: false, print: 'text', values: {} }],
    ['run --print-config', { target: undefined, dryRun: false, print: 'text', values: {} }],
    ['--print-config=json', { target: undefined, dryRun: false, print: 'json', values: {} }],
    ['app.js --print-config=json', { target: file, dryRun: false, print: 'json', values: {} }],
    ['--no-print-config app.js', { target: file, dryRun: false, print: undefined, values: {} }],
  ])('%s', (line, expected) => {
    expect(asked(line)).toEqual(expected);
  });

  it('go to the app after --', () => {
    expect(asked('app.js -- --dry-run')).toMatchObject({
      target: { args: ['--dry-run'] },
      dryRun: false,
    });
  });
});

describe('help and version', () => {
  it.each<[string, Invocation]>([
    ['', { kind: 'help', about: undefined, asked: false }],
    ['run', { kind: 'help', about: 'run', asked: false }],
    ['--help', { kind: 'help', about: undefined, asked: true }],
    ['-h', { kind: 'help', about: undefined, asked: true }],
    ['help', { kind: 'help', about: undefined, asked: true }],
    ['help dev', { kind: 'help', about: 'dev', asked: true }],
    ['run --help', { kind: 'help', about: 'run', asked: true }],
    ['run --namespace a --help', { kind: 'help', about: 'run', asked: true }],
    ['dev --help', { kind: 'help', about: 'dev', asked: true }],
    ['--version', { kind: 'version' }],
    ['run -v', { kind: 'version' }],
    ['dev --version', { kind: 'version' }],
  ])('%j', (line, invocation) => {
    expect(parse(line)).toEqual(invocation);
  });
});

describe('dev', () => {
  it.each<[string, Record<string, string>]>([
    ['dev', {}],
    ['dev --port 0', { port: '0' }],
    ['dev --host=0.0.0.0 --port=1', { host: '0.0.0.0', port: '1' }],
  ])('%s', (line, values) => {
    expect(parse(line)).toEqual({ kind: 'dev', values });
  });
});

describe('a wrong command line', () => {
  it.each<[string, string, string]>([
    [
      '--servce-port 80 app.js',
      'UNKNOWN_OPTION',
      'unknown flag --servce-port: did you mean --service-port?',
    ],
    [
      '--no-gracefull-shutdown a',
      'UNKNOWN_OPTION',
      'unknown flag --no-gracefull-shutdown: did you mean --no-graceful-shutdown?',
    ],
    ['--halp', 'UNKNOWN_OPTION', 'unknown flag --halp: did you mean --help?'],
    [
      '--inspect-brk=1 app.js',
      'UNKNOWN_OPTION',
      'unknown flag --inspect-brk: flags of the app go after it',
    ],
    ['-x app.js', 'UNKNOWN_OPTION', 'unknown flag -x: flags of the app go after it'],
    ['dev --prot 1', 'UNKNOWN_OPTION', 'unknown flag --prot: did you mean --port?'],
    [
      'dev --service-name x',
      'UNKNOWN_OPTION',
      'unknown flag --service-name: known are --port, --host',
    ],
    ['dev app.js', 'USAGE', 'dev starts a server and takes no target, but got app.js'],
    [
      'help me',
      'USAGE',
      'no help on me: commands are run, dev, status, up, down, weight, metadata, list, watch, why, call, config, doctor, help',
    ],
    ['--namespace a dev', 'USAGE', 'dev has to be the first word; its flags go after it'],
    ['--namespace a', 'USAGE', 'nothing to run: name a file, or a command after --'],
    ['--', 'USAGE', 'nothing to run: a command has to follow --'],
    [
      '--namespace',
      'USAGE',
      '--namespace needs a value: 1 to 64 letters, digits, - and _ (--namespace=VALUE when it starts with --)',
    ],
    [
      'app.js --service-port',
      'USAGE',
      '--service-port needs a value: a port from 1 to 65535 (--service-port=VALUE when it starts with --)',
    ],
    [
      '--service-port --namespace a',
      'USAGE',
      '--service-port needs a value: a port from 1 to 65535 (--service-port=VALUE when it starts with --)',
    ],
    [
      '--no-graceful-shutdown=true a',
      'USAGE',
      '--no-graceful-shutdown takes no value; write --graceful-shutdown=true',
    ],
  ])('%s is refused', (line, code, message) => {
    let caught: unknown;
    try {
      parse(line);
    } catch (error) {
      caught = error;
    }
    expect(isNacosError(caught) && { code: caught.code, message: caught.message }).toEqual({
      code,
      message,
    });
  });
});

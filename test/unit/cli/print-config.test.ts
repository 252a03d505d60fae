import { describe, expect, it } from 'vitest';

import { givenOptions, printConfig } from '../../../src/cli/commands/print-config.js';
import { ALL_ROWS } from '../../../src/options/schema.js';
import { load } from '../options/loading.js';

const LOADED = load({
  files: {
    'nacos.yaml':
      'nacos:\n  server: "a,[::1]:80"\n  username: ann\nservice: {metadata: {x: "1"}}\n',
  },
  env: { NACOS_PASSWORD: 'hunter2', NACOS_NETWORK_IGNORE: 'docker*,veth*' },
  cli: { 'shutdown.quiet_time': '.25', 'registration.auto_register': 'false' },
});

const words = (line: string): string => line.replace(/ {2,}/g, ' | ');

describe('--print-config', () => {
  it('shows every option with its value, as files spell it, and its origin', () => {
    const lines = printConfig(LOADED, 'text').trimEnd().split('\n').map(words);
    expect(lines.map((line) => line.split(' | ')[0])).toEqual(ALL_ROWS.map(({ path }) => path));
    expect(lines).toEqual(
      expect.arrayContaining([
        'server | a:8848,[::1]:80 | nacos.yaml:2',
        'namespace | public | default',
        'password | *** | env NACOS_PASSWORD',
        'service.port | - | default',
        'service.metadata | {"x":"1"} | nacos.yaml:4',
        'network.ignore | ["docker*","veth*"] | env NACOS_NETWORK_IGNORE',
        'registration.auto_register | false | --auto-register',
        'registration.retry_interval | 2 | default',
        'shutdown.quiet_time | 0.25 | --quiet-time',
      ]),
    );
  });

  it('is one object as JSON', () => {
    const { options, notices } = JSON.parse(printConfig(LOADED, 'json')) as {
      options: Record<string, unknown>;
      notices: unknown;
    };
    expect(Object.keys(options)).toEqual(ALL_ROWS.map(({ path }) => path));
    expect(options).toMatchObject({
      server: { value: 'a:8848,[::1]:80', origin: 'nacos.yaml:2' },
      'service.ip': { value: null, origin: 'default' },
      'service.metadata': { value: { x: '1' } },
      'shutdown.quiet_time': { value: 0.25, origin: '--quiet-time' },
    });
    expect(notices).toEqual([]);
  });

  it('shows no secret, in no form', () => {
    const shown = [printConfig(LOADED, 'text'), printConfig(LOADED, 'json')];
    expect([...shown, ...givenOptions(LOADED)].join()).not.toContain('hunter2');
  });

  it('shows what has no effect', () => {
    const loaded = load({ files: { 'nacos.yaml': '', 'nacos.json': '{}' } });
    expect(printConfig(loaded, 'text')).toMatch(/\nnote: nacos\.json is ignored/);
    expect(printConfig(loaded, 'json')).toContain('nacos.json is ignored');
  });

  it('keeps a value on its line', () => {
    const loaded = load({ env: { NACOS_LOG_FILE: '/a\nb\u001b[31m' } });
    const lines = printConfig(loaded, 'text').trimEnd().split('\n');
    expect(lines).toHaveLength(ALL_ROWS.length);
    expect(lines.map(words)).toContain('logging.file | /a?b?[31m | env NACOS_LOG_FILE');
  });
});

it('--dry-run lists the options that somebody gave, only', () => {
  expect(givenOptions(LOADED).map((line) => words(line).split(' | ')[0])).toEqual([
    'server',
    'username',
    'password',
    'service.metadata',
    'network.ignore',
    'registration.auto_register',
    'shutdown.quiet_time',
  ]);
});

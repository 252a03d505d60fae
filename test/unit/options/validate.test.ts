import { describe, expect, it } from 'vitest';

import { invalidValue, showValue } from '../../../src/options/given.js';
import type { FlagRow, OptionKind } from '../../../src/options/schema.js';
import { failure, load } from './loading.js';

const NAME_RULE = '1 to 512 characters without white space, CJK characters, "@@" or "@" in front';

describe('a wrong value', () => {
  it.each([
    ['service.port', '0', 'a port from 1 to 65535'],
    ['service.port', '65536', 'a port from 1 to 65535'],
    ['service.port', '80.5', 'a port from 1 to 65535'],
    ['service.port', '0x50', 'a port from 1 to 65535'],
    ['service.port', '1e3', 'a port from 1 to 65535'],
    ['service.port', '', 'a port from 1 to 65535'],
    ['service.weight', '-1', 'a number from 0 to 10000'],
    ['service.weight', '10000.1', 'a number from 0 to 10000'],
    ['service.weight', 'Infinity', 'a number from 0 to 10000'],
    ['heartbeat.interval', '16', 'a number of seconds from 1 to 15'],
    ['heartbeat.timeout', '0', 'a number of seconds from 0.5 to 15'],
    ['shutdown.timeout', '10s', 'a number of seconds from 0 to 3600'],
    ['shutdown.graceful', 'maybe', 'true or false'],
    ['logging.level', 'loud', 'one of debug, info, warn, error, silent'],
    ['logging.level', '__proto__', 'one of debug, info, warn, error, silent'],
    ['logging.file', '', 'the path of a file'],
    ['namespace', 'a b', '1 to 64 letters, digits, - and _'],
    ['namespace', 'x'.repeat(65), '1 to 64 letters, digits, - and _'],
    ['service.name', '', NAME_RULE],
    ['service.name', '@a', NAME_RULE],
    ['service.name', 'a@@b', NAME_RULE],
    ['service.name', '服务', NAME_RULE],
    ['service.group', 'a/b', '1 to 128 letters, digits, - _ : and .'],
    ['service.cluster', 'a_b', '1 to 64 letters, digits and -'],
    ['service.ip', '999.1.1.1', 'an IPv4, an IPv6 or a host name that others can reach, or auto'],
    ['service.ip', '0.0.0.0', 'an IPv4, an IPv6 or a host name that others can reach, or auto'],
    ['service.ip', '::', 'an IPv4, an IPv6 or a host name that others can reach, or auto'],
    ['service.metadata', 'a', 'key=value pairs, or a map of texts'],
    ['service.metadata', '=a', 'key=value pairs, or a map of texts'],
  ])('%s = %j names key, value, place and what is allowed', (path, text, allowed) => {
    const error = failure({ cli: { [path]: text } });
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toContain(`${path} = "${text.slice(0, 60)}`);
    expect(error.message).toMatch(/ \(--[a-z-]+\): must be /);
    expect(error.message.endsWith(`: must be ${allowed}`)).toBe(true);
  });

  it('stays on one line, and short', () => {
    const error = failure({ cli: { 'service.name': `a\n\u2028\u001b[31m${'b'.repeat(1000)}` } });
    expect(error.message).toMatch(
      /^service\.name = "a\\n\?\\u001b\[31mbbb+\.\.\. \(--service-name\): must be/,
    );
    expect(error.message.length).toBeLessThan(250);
  });
});

describe('a value', () => {
  it.each([
    ['namespace', 'constructor'],
    ['service.name', 'toString'],
    ['service.name', 'demo:api@v1'],
    ['service.group', '__proto__'],
  ])('%s = %s is taken as it stands', (path, text) => {
    const { options } = load({ cli: { [path]: text } });
    expect(JSON.stringify(options)).toContain(`"${text}"`);
  });

  it('may have blanks around it where it is a number, a word or an address', () => {
    const { options } = load({
      env: { NACOS_SERVICE_PORT: ' 80 ', NACOS_LOG_LEVEL: ' info\n', NACOS_SERVICE_IP: ' a ' },
    });
    expect(options.service).toMatchObject({ port: 80, ip: 'a' });
    expect(options.logging.level).toBe('info');
  });

  it('may be metadata with equals signs, empty texts and odd keys', () => {
    const { options } = load({
      cli: { 'service.metadata': ['a=b=c', 'empty=', '__proto__=x', 'b=1,2'] },
    });
    expect(Object.entries(options.service.metadata)).toEqual([
      ['a', 'b=c'],
      ['empty', ''],
      ['__proto__', 'x'],
      ['b', '1,2'],
    ]);
  });
});

describe('a secret', () => {
  const row = (kind: OptionKind): FlagRow => ({
    path: 'password',
    kind,
    default: undefined,
    flag: 'password',
    doc: 'x',
    secret: true,
  });

  it('is shown in no error', () => {
    const given = { row: row('text'), raw: 'hunter2', origin: '--password', place: '--password' };
    const error = invalidValue(given, 'text');
    expect(error.message).toBe('password = *** (--password): must be text');
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('in front of a host is not shown either', () => {
    expect(showValue({ kind: 'address-list' }, ['http://me:hunter2@a', 'b'])).toBe(
      '["http://***@a","b"]',
    );
  });
});

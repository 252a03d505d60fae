import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadOptions } from '../../../src/options/load.js';
import {
  codeKey,
  fileKey,
  OPTION_ROWS,
  splitPath,
  type OptionRow,
} from '../../../src/options/schema.js';
import { Secret } from '../../../src/util/secret.js';
import { failure, load } from './loading.js';

const ROWS: readonly OptionRow[] = OPTION_ROWS;

/** For each option a value that is not its default: as text, as code gives it, and as it is read back. */
const SAMPLES: Readonly<Record<string, readonly [text: string, code: unknown, value: unknown]>> = {
  server: [
    '10.0.0.1:80,b',
    ['10.0.0.1:80', { host: 'b', port: 8848 }],
    [
      { host: '10.0.0.1', port: 80 },
      { host: 'b', port: 8848 },
    ],
  ],
  namespace: ['dev', 'dev', 'dev'],
  username: ['ann', 'ann', 'ann'],
  password: ['a b=c', 'a b=c', 'a b=c'],
  endpoint: ['nacos:8080/list?x=1', 'nacos:8080/list?x=1', 'nacos:8080/list?x=1'],
  endpoint_refresh: ['60', 60_000, 60_000],
  context_path: ['/', '/', '/'],
  grpc_port_offset: ['-5', -5, -5],
  password_file: ['/run/p', '/run/p', '/run/p'],
  access_key: ['ak', 'ak', 'ak'],
  access_key_file: ['/run/ak', '/run/ak', '/run/ak'],
  secret_key: ['sk+/=', 'sk+/=', 'sk+/='],
  secret_key_file: ['/run/sk', '/run/sk', '/run/sk'],
  signature_region: ['cn-hangzhou', 'cn-hangzhou', 'cn-hangzhou'],
  sts_credentials: ['{ }', '{ }', '{ }'],
  sts_file: ['/run/sts', '/run/sts', '/run/sts'],
  sts_url: ['http://a/b?c=d', 'http://a/b?c=d', 'http://a/b?c=d'],
  ram_role: ['ecs-role', 'ecs-role', 'ecs-role'],
  'tls.enabled': ['on', true, true],
  'tls.ca_file': ['/run/ca.pem', '/run/ca.pem', '/run/ca.pem'],
  'tls.cert_file': ['/run/c.pem', '/run/c.pem', '/run/c.pem'],
  'tls.key_file': ['/run/k.pem', '/run/k.pem', '/run/k.pem'],
  'tls.key_passphrase': ['a b', 'a b', 'a b'],
  'tls.key_passphrase_file': ['/run/pp', '/run/pp', '/run/pp'],
  'tls.server_name': ['nacos.example.com', 'nacos.example.com', 'nacos.example.com'],
  'tls.insecure_skip_verify': ['yes', true, true],
  'service.name': ['demo.api', 'demo.api', 'demo.api'],
  'service.ip': ['[fe80::1]', '[fe80::1]', 'fe80::1'],
  'service.port': ['8080', 8080, 8080],
  'service.group': ['G:1', 'G:1', 'G:1'],
  'service.cluster': ['hz', 'hz', 'hz'],
  'service.weight': ['0', 0, 0],
  'service.advertised_ip': ['203.0.113.7', '203.0.113.7', '203.0.113.7'],
  'service.advertised_port': ['30080', 30080, 30080],
  'network.prefer': ['eth1, 10.0.0.0/8', ['eth1', '10.0.0.0/8'], ['eth1', '10.0.0.0/8']],
  'network.ignore': ['docker*', ['docker*'], ['docker*']],
  'network.family': ['IPv6', 'ipv6', 'ipv6'],
  'service.metadata': ['a=1,b=x=y', { a: '1', b: 'x=y' }, { a: '1', b: 'x=y' }],
  'registration.auto_register': ['false', false, false],
  'registration.register_on_startup': ['false', false, false],
  'registration.register_on_request': ['true', true, true],
  'registration.retry_times': ['0', 0, 0],
  'registration.retry_interval': ['.5', 500, 500],
  'registration.fail_fast': ['on', true, true],
  'registration.show_detection': ['1', true, true],
  'readiness.path': ['/ready?x=1', '/ready?x=1', '/ready?x=1'],
  'readiness.interval': ['2', 2000, 2000],
  'readiness.delay': ['1', 1000, 1000],
  'readiness.register_disabled': ['yes', true, true],
  'metrics.path': ['/metrics', '/metrics', '/metrics'],
  'opentelemetry.enabled': ['true', true, true],
  'health.path': ['/health', '/health', '/health'],
  'health.port': ['0', 0, 0],
  'control.enabled': ['off', false, false],
  'discovery.empty_protection': ['No', false, false],
  'discovery.empty_protection_time': ['60', 60_000, 60_000],
  'discovery.services': ['demo.api,b', ['demo.api', 'b'], { 'demo.api': {}, b: {} }],
  'discovery.balancer': ['P2C', 'p2c', 'p2c'],
  'discovery.hash_key': ['header:x-user', 'header:x-user', 'header:x-user'],
  'discovery.same_cluster_first': ['no', false, false],
  'discovery.zone': ['a', 'a', 'a'],
  'discovery.warm_up': ['30', 30_000, 30_000],
  'discovery.subset': ['20', 20, 20],
  'discovery.first_list_timeout': ['.5', 500, 500],
  'discovery.call_timeout': ['2', 2000, 2000],
  'discovery.retries': ['0', 0, 0],
  'discovery.retry_statuses': ['502, 503', ['502', '503'], ['502', '503']],
  'discovery.retry_budget': ['0.1', 0.1, 0.1],
  'discovery.ejection': ['off', false, false],
  'discovery.ejection_failures': ['5', 5, 5],
  'discovery.ejection_time': ['30', 30_000, 30_000],
  'discovery.ejection_share': ['.3', 0.3, 0.3],
  'discovery.ejection_error_rate': ['0', 0, 0],
  'discovery.slow_call': ['1', 1000, 1000],
  'discovery.unused_after': ['0.5', 500, 500],
  'config.import': ['a.yaml, b.json', ['a.yaml', 'b.json'], ['a.yaml', 'b.json']],
  'config.import_timeout': ['0.5', 500, 500],
  'config.watch': ['serving.yaml?group=G', 'serving.yaml?group=G', 'serving.yaml?group=G'],
  'discovery.disk_cache': ['no', false, false],
  'discovery.cache_dir': ['/tmp/lists', '/tmp/lists', '/tmp/lists'],
  'discovery.failover_dir': ['/tmp/own', '/tmp/own', '/tmp/own'],
  'discovery.propagate': ['x-tag, Lane', ['x-tag', 'Lane'], ['x-tag', 'Lane']],
  'heartbeat.interval': ['1.5', 1500, 1500],
  'heartbeat.timeout': ['0.5', 500, 500],
  'shutdown.graceful': ['off', false, false],
  'shutdown.timeout': ['0', 0, 0],
  'shutdown.deregister': ['0', false, false],
  'shutdown.quiet_time': ['.25', 250, 250],
  'logging.level': ['WARNING', 'debug', undefined],
  'logging.file': ['/tmp/x.log', '/tmp/x.log', '/tmp/x.log'],
};

function sample(row: OptionRow): { text: string; code: unknown; value: unknown } {
  const [text, code, value] = SAMPLES[row.path] ?? [];
  if (text === undefined) throw new Error(`no sample for ${row.path}`);
  return { text, code, value };
}

function valueOf(options: unknown, row: OptionRow): unknown {
  const [area] = splitPath(row.path);
  const inside = area === '' ? options : (options as Record<string, unknown>)[area];
  const value = (inside as Record<string, unknown>)[codeKey(row)];
  if (row.secret !== true || value === undefined) return value;
  if (!(value instanceof Secret)) throw new Error(`${row.path} is not hidden`);
  return value.reveal();
}

function nested(key: string, value: unknown): object {
  const [area, inner] = splitPath(key);
  return area === '' ? { [inner]: value } : { [area]: { [inner]: value } };
}

describe.each(ROWS.map((row) => [row.path, row] as const))('%s', (_, row) => {
  const { text, code, value } = sample(row);
  // Neither is taken without the other.
  const others = partner(row);
  const expected = row.path === 'logging.level' ? 'warn' : value;
  const own = { ...others };
  Reflect.deleteProperty(own, row.env);

  it('is read from its variable', () => {
    const { options, origins } = load({ env: { ...others, [row.env]: text } });
    expect(valueOf(options, row)).toEqual(expected);
    expect(origins[row.path]).toBe(`env ${row.env}`);
  });

  it('is read from its flag, also handed over by the command line', () => {
    for (const layers of [
      { env: others, cli: { [row.path]: text } },
      { env: { ...others, NACOS_SERVING_CLI: JSON.stringify({ [row.path]: text }) } },
    ]) {
      const { options, origins } = load(layers);
      expect(valueOf(options, row)).toEqual(expected);
      expect(origins[row.path]).toBe(`--${row.flag}`);
    }
  });

  it('is read from YAML and JSON files and from package.json', () => {
    const tree = nested(fileKey(row), text);
    const inNacos = row.path.includes('.') ? tree : (tree as { nacos: object }).nacos;
    const [area, key] = splitPath(fileKey(row));
    for (const [name, content] of [
      ['nacos.yaml', `# first line\n${area}:\n  ${key}: "${text}"\n`],
      ['nacos.yml', `# first line\n{nacos: ${JSON.stringify(inNacos)}}\n`],
      ['nacos.json', `\n${JSON.stringify(tree)}`],
      ['package.json', `{"name":"x",\n"nacos":${JSON.stringify(inNacos)}}`],
    ] as const) {
      const { options, origins } = load({ env: own, files: { [name]: content } });
      expect(valueOf(options, row)).toEqual(expected);
      expect(origins[row.path]).toBe(`${name}:${name === 'nacos.yaml' ? '3' : '2'}`);
    }
  });

  it('is read from code', () => {
    const { options, origins } = load({ env: others, code: nested(codePath(row), code) });
    expect(valueOf(options, row)).toEqual(row.path === 'logging.level' ? 'debug' : value);
    expect(origins[row.path]).toBe('code');
  });

  it('has its default when nothing gives it', () => {
    const { options, origins } = load({
      env: { [row.env]: '' },
      code: nested(codePath(row), undefined),
    });
    expect(valueOf(options, row)).toEqual(DEFAULTS[row.path]);
    expect(origins[row.path]).toBe('default');
  });
});

const KEYS = { NACOS_ACCESS_KEY: 'ak', NACOS_SECRET_KEY: 'sk' };
const CERTIFICATE = { NACOS_TLS_CERT_FILE: '/c', NACOS_TLS_KEY_FILE: '/k' };
/** Those that are not taken alone. */
const PARTNERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  username: { NACOS_PASSWORD: 'secret' },
  password: { NACOS_USERNAME: 'ann' },
  password_file: { NACOS_USERNAME: 'ann' },
  access_key: { NACOS_SECRET_KEY: 'sk' },
  access_key_file: { NACOS_SECRET_KEY: 'sk' },
  secret_key: { NACOS_ACCESS_KEY: 'ak' },
  secret_key_file: { NACOS_ACCESS_KEY: 'ak' },
  signature_region: KEYS,
  'tls.cert_file': CERTIFICATE,
  'tls.key_file': CERTIFICATE,
  'tls.key_passphrase': CERTIFICATE,
  'tls.key_passphrase_file': CERTIFICATE,
};

function partner(row: OptionRow): Readonly<Record<string, string>> {
  return PARTNERS[row.path] ?? {};
}

function codePath(row: OptionRow): string {
  const [area] = splitPath(row.path);
  return area === '' ? codeKey(row) : `${area}.${codeKey(row)}`;
}

/** The defaults that bind. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  server: [{ host: '127.0.0.1', port: 8848 }],
  namespace: 'public',
  endpoint_refresh: 30_000,
  context_path: '/nacos',
  grpc_port_offset: 1000,
  'tls.insecure_skip_verify': false,
  'service.group': 'DEFAULT_GROUP',
  'service.cluster': 'DEFAULT',
  'service.weight': 1,
  'service.metadata': {},
  'network.prefer': [],
  'discovery.empty_protection_time': 300_000,
  'discovery.services': {},
  'discovery.balancer': 'weighted-round-robin',
  'discovery.same_cluster_first': true,
  'discovery.warm_up': 0,
  'discovery.subset': 0,
  'discovery.unused_after': 600_000,
  'discovery.disk_cache': true,
  'discovery.first_list_timeout': 3000,
  'discovery.call_timeout': 0,
  'discovery.retries': 2,
  'discovery.retry_statuses': [],
  'config.import': [],
  'config.import_timeout': 10_000,
  'discovery.retry_budget': 0.2,
  'discovery.ejection': true,
  'discovery.ejection_failures': 3,
  'discovery.ejection_time': 10_000,
  'discovery.ejection_share': 0.5,
  'discovery.ejection_error_rate': 0.5,
  'discovery.slow_call': 0,
  'discovery.propagate': [],
  'network.ignore': [],
  'network.family': 'auto',
  'registration.auto_register': true,
  'registration.register_on_startup': true,
  'registration.register_on_request': false,
  'registration.retry_times': 3,
  'registration.retry_interval': 2000,
  'registration.fail_fast': false,
  'registration.show_detection': false,
  'readiness.interval': 1000,
  'readiness.delay': 0,
  'readiness.register_disabled': false,
  'control.enabled': true,
  'discovery.empty_protection': true,
  'heartbeat.interval': 5000,
  'heartbeat.timeout': 3000,
  'shutdown.graceful': true,
  'shutdown.timeout': 10_000,
  'shutdown.deregister': true,
  'shutdown.quiet_time': 1000,
  'logging.level': 'warn',
  'opentelemetry.enabled': false,
};

describe('the order of the layers', () => {
  const files = { 'nacos.yaml': 'service: {name: file, group: file, cluster: file, weight: 2}' };
  const env = {
    NACOS_SERVICE_NAME: 'env',
    NACOS_SERVICE_GROUP: 'env',
    NACOS_SERVICE_CLUSTER: 'env',
  };
  const cli = { 'service.name': 'cli', 'service.group': 'cli' };
  const code = { service: { name: 'code' } };

  it('is code, command line, variables, file, default', () => {
    const { options, origins } = load({ files, env, cli, code });
    expect(options.service).toMatchObject({
      name: 'code',
      group: 'cli',
      cluster: 'env',
      weight: 2,
    });
    expect(origins).toMatchObject({
      'service.name': 'code',
      'service.group': '--service-group',
      'service.cluster': 'env NACOS_SERVICE_CLUSTER',
      'service.weight': 'nacos.yaml:1',
      'service.port': 'default',
    });
  });

  it('ranks flags that the command line handed over above variables and below flags of this process', () => {
    const handed = {
      NACOS_SERVING_CLI: JSON.stringify({ 'service.name': 'outer', namespace: 'outer' }),
    };
    const { options } = load({ env: { ...env, ...handed, NACOS_NAMESPACE: 'env' }, cli });
    expect(options.service.name).toBe('cli');
    expect(options.namespace).toBe('outer');
  });

  it('checks what a higher layer hides, too', () => {
    expect(
      failure({ env: { NACOS_SERVICE_PORT: 'x' }, code: { service: { port: 1 } } }).message,
    ).toBe('service.port = "x" (env NACOS_SERVICE_PORT): must be a port from 1 to 65535');
  });

  it('joins metadata key by key', () => {
    const { options, origins } = load({
      files: { 'nacos.yaml': 'service:\n  metadata: {zone: a, version: 1.10, canary: no}' },
      env: { NACOS_METADATA: 'zone=b' },
      cli: { 'service.metadata': ['version=2', 'version=3'] },
      code: { service: { metadata: { team: 'x' } } },
    });
    expect(options.service.metadata).toEqual({ zone: 'b', version: '3', canary: 'no', team: 'x' });
    expect(origins['service.metadata']).toBe('code, --metadata, env NACOS_METADATA, nacos.yaml:2');
  });

  it('bounds joined metadata', () => {
    const error = failure({
      env: { NACOS_METADATA: `a=${'x'.repeat(600)}` },
      cli: { 'service.metadata': [`b=${'y'.repeat(600)}`] },
    });
    expect(error.message).toMatch(
      /\(--metadata, env NACOS_METADATA\): must be at most 1024 characters/,
    );
  });

  it('lets the word auto hide the address and port of a lower layer', () => {
    const { options, origins } = load({
      files: { 'nacos.yaml': 'service: {ip: 10.0.0.1, port: 80}' },
      cli: { 'service.ip': 'auto', 'service.port': 'auto' },
    });
    expect(options.service).toMatchObject({ ip: undefined, port: undefined });
    expect(origins['service.ip']).toBe('--service-ip');
  });
});

describe('register_on_startup', () => {
  const moments = (cli: Record<string, string>): unknown => {
    const { registerOnStartup, registerOnRequest } = load({ cli }).options.registration;
    return { registerOnStartup, registerOnRequest };
  };

  it('is off by itself when register_on_request is on', () => {
    expect(moments({})).toEqual({ registerOnStartup: true, registerOnRequest: false });
    expect(moments({ 'registration.register_on_request': 'true' })).toEqual({
      registerOnStartup: false,
      registerOnRequest: true,
    });
  });

  it('counts when it is given, whatever the other says', () => {
    for (const onRequest of ['true', 'false']) {
      for (const onStartup of ['true', 'false']) {
        const given = {
          'registration.register_on_startup': onStartup,
          'registration.register_on_request': onRequest,
        };
        expect(moments(given)).toEqual({
          registerOnStartup: onStartup === 'true',
          registerOnRequest: onRequest === 'true',
        });
      }
    }
  });
});

describe('the loaded options', () => {
  it('are frozen all the way down', () => {
    const loaded = load({ cli: { server: 'a,b', 'service.metadata': ['a=1'] } });
    const { options } = loaded;
    for (const part of [
      loaded,
      loaded.origins,
      loaded.notices,
      options,
      options.server,
      options.server[0],
      options.service,
      options.service.metadata,
      options.shutdown,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('leave the objects of the caller as they are', () => {
    const code = { server: [{ host: 'a', port: 1 }], service: { metadata: { a: '1' } } };
    load({ code });
    expect(Object.isFrozen(code.server)).toBe(false);
    expect(Object.isFrozen(code.server[0])).toBe(false);
    expect(Object.isFrozen(code.service.metadata)).toBe(false);
  });

  it('log from info on under the command line, from warn on elsewhere, or as the caller says', () => {
    const level = (env: Record<string, string>, defaultLevel?: 'error'): string =>
      loadOptions({ env, cwd: '/nowhere', ...(defaultLevel === undefined ? {} : { defaultLevel }) })
        .options.logging.level;
    expect(level({})).toBe('warn');
    expect(level({ NACOS_SERVING_CLI: '{}' })).toBe('info');
    expect(level({ NACOS_SERVING_CLI: '{}' }, 'error')).toBe('error');
    expect(level({ NACOS_LOG_LEVEL: 'CRITICAL' })).toBe('error');
  });

  it('start a relative log file at the working directory', () => {
    const { options } = loadOptions({ env: { NACOS_LOG_FILE: 'a/b.log' }, cwd: '/srv' });
    expect(options.logging.file).toBe(path.resolve('/srv/a/b.log'));
  });

  it('take the empty namespace of other clients for public', () => {
    expect(load({ code: { namespace: '' } }).options.namespace).toBe('public');
    expect(load({ files: { 'nacos.yaml': 'nacos: {namespace: ""}' } }).options.namespace).toBe(
      'public',
    );
  });
});

describe('options in code', () => {
  it.each([
    [
      { shutdown: { timeout: 5 } },
      'unknown option shutdown.timeout (code): did you mean shutdown.timeoutMs?',
    ],
    [{ service: { prot: 5 } }, 'unknown option service.prot (code): did you mean service.port?'],
    [{ servers: 'a' }, 'unknown option servers (code): did you mean server?'],
    [{ nonsense: 1 }, 'unknown option nonsense (code)'],
    [{ service: 'x' }, 'service = "x" (code): must be an object'],
    [{ service: null }, 'service = null (code): must be an object'],
    [[], 'options = [] (code): must be an object'],
    [
      { shutdown: { quietTimeMs: -1 } },
      'shutdown.quietTimeMs = -1 (code): must be a number of milliseconds from 0 to 3600000',
    ],
    [
      { service: { port: Number.NaN } },
      'service.port = null (code): must be a port from 1 to 65535',
    ],
    [{ service: { name: 5 } }, /^service.name = 5 \(code\): must be 1 to 512 characters/],
    [
      { service: { metadata: { a: 1 } } },
      /^service.metadata = \{"a":1\} \(code\): must be key=value/,
    ],
    [{ server: [] }, /^server = \[\] \(code\): must be host:port/],
  ])('%j are refused in one line', (code, message) => {
    expect(failure({ code }).message).toMatch(message);
  });

  it('that cannot be shown are refused all the same', () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    expect(failure({ code: { service: { name: circular } } }).message).toMatch(
      /^service.name = \[object Object\]/,
    );
    expect(failure({ code: { namespace: 1n } }).message).toMatch(/^namespace = 1 \(code\)/);
  });
});

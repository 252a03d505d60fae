import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { loadOptions } from '../../../src/options/load.js';
import { tempFolder } from '../house/temp-folder.js';
import { failure, load } from './loading.js';

const yaml = (text: string): { files: Record<string, string> } => ({
  files: { 'nacos.yaml': text },
});
const json = (text: string): { files: Record<string, string> } => ({
  files: { 'nacos.json': text },
});

describe('the option file', () => {
  it('is the first of nacos.yaml, nacos.yml, nacos.json, and else package.json', () => {
    const files: Record<string, string> = {
      'nacos.yaml': 'nacos: {namespace: yaml}',
      'nacos.yml': 'nacos: {namespace: yml}',
      'nacos.json': '{"nacos": {"namespace": "json"}}',
      'package.json': '{"nacos": {"namespace": "package"}}',
    };
    const seen: string[] = [];
    for (const name of Object.keys(files)) {
      seen.push(load({ files }).options.namespace);
      Reflect.deleteProperty(files, name);
    }
    expect(seen).toEqual(['yaml', 'yml', 'json', 'package']);
  });

  it('says so when a second one is ignored', () => {
    const { notices } = load({ files: { 'nacos.yaml': '', 'nacos.json': 'not even JSON' } });
    expect(notices).toEqual(['nacos.json is ignored because nacos.yaml is there']);
  });

  it('may be the one that the original has', () => {
    const { options, notices } = load(
      yaml(`
nacos:
  server: "127.0.0.1:8848"
  namespace: "public"
  service:
    name: "demo.api"
    ip: "auto"
    port: 8000
    group: "DEFAULT_GROUP"
    cluster: "default"
    weight: 1.0
    metadata:
      version: "1.0.0"
  registration:
    auto_register: true
    register_on_startup: true
    register_on_request: false
    retry_times: 3
    retry_interval: 2
  discovery:
    empty_protection: true
  heartbeat:
    interval: 5
    timeout: 5
  shutdown:
    graceful: true
    timeout: 10
    deregister: true
  logging:
    level: "INFO"
    file: null
`),
    );
    expect(options.service).toMatchObject({
      name: 'demo.api',
      ip: undefined,
      port: 8000,
      cluster: 'default',
    });
    expect(options.logging).toEqual({ level: 'info', file: undefined });
    expect(notices).toEqual([]);
  });

  it('may be empty, or have empty areas and keys', () => {
    const empty = load();
    for (const text of [
      '',
      '# nothing\n',
      '---\n',
      'nacos:\nservice:\n  port:\n  name: ~\n  ip: null\n',
    ]) {
      expect(load(yaml(text))).toEqual(empty);
    }
    expect(load(json('{"nacos": null, "service": {"port": null}}'))).toEqual(empty);
  });

  it('keeps texts as they are written', () => {
    const { options } = load(
      yaml(
        'service:\n  name: 007\n  metadata:\n    version: 1.10\n    on: yes\n    date: 2024-01-01\n    none:\n',
      ),
    );
    expect(options.service.name).toBe('007');
    expect(options.service.metadata).toEqual({
      version: '1.10',
      on: 'yes',
      date: '2024-01-01',
      none: '',
    });
  });

  it('may give servers and metadata as lists', () => {
    const { options } = load(
      yaml('nacos:\n  server:\n    - a:1\n    - b\nservice:\n  metadata: [x=1, y=2]\n'),
    );
    expect(options.server).toEqual([
      { host: 'a', port: 1 },
      { host: 'b', port: 8848 },
    ]);
    expect(options.service.metadata).toEqual({ x: '1', y: '2' });
  });

  it('may use anchors and merges; the own key wins', () => {
    const { options } = load(
      yaml('service:\n  metadata: &base {zone: a, team: x}\nnacos:\n  service: {}\n'),
    );
    expect(options.service.metadata).toEqual({ zone: 'a', team: 'x' });
    const merged = load(
      yaml(
        'nacos: &n {server: a}\nservice:\n  metadata: {<<: [{zone: a, team: x}, {team: y}], zone: b}\n',
      ),
    );
    expect(merged.options.service.metadata).toEqual({ zone: 'b', team: 'x' });
  });

  it('may start with a byte order mark', () => {
    expect(load(yaml('\uFEFFnacos: {namespace: a}')).options.namespace).toBe('a');
    expect(load(json('\uFEFF{"nacos": {"namespace": "a"}}')).options.namespace).toBe('a');
  });

  it('is not looked for in a folder that is not there', () => {
    expect(loadOptions({ env: {}, cwd: '/no/such/folder' }).options.namespace).toBe('public');
  });
});

describe('a package.json', () => {
  it.each([
    '{"name": "x"}',
    '{"dependencies": {"nacos": "^2.0.0"}}',
    'broken',
    '[]',
    '{"keywords": ["nacos"]}',
  ])('without our key is no business of ours: %s', (text) => {
    expect(load({ files: { 'package.json': text } })).toEqual(load());
  });

  it('that names us and is broken is told', () => {
    expect(failure({ files: { 'package.json': '{"nacos": {,}}' } }).message).toBe(
      'package.json:1:12: not valid JSON: unexpected ","',
    );
  });

  it('with a wrong value is told with its place', () => {
    const text = JSON.stringify({ name: 'x', nacos: { service: { port: 0 } } }, null, 2);
    expect(failure({ files: { 'package.json': text } }).message).toBe(
      'service.port = "0" (package.json:5:15): must be a port from 1 to 65535',
    );
  });
});

describe('a wrong file', () => {
  it.each([
    [
      yaml('service:\n  port: 99999\n'),
      'service.port = "99999" (nacos.yaml:2:9): must be a port from 1 to 65535',
    ],
    [
      yaml('service:\n  prot: 80\n'),
      'unknown key service.prot (nacos.yaml:2:3): did you mean service.port?',
    ],
    [yaml('servce:\n  port: 80\n'), 'unknown key servce (nacos.yaml:1:1): did you mean service?'],
    [yaml('server: a\n'), 'unknown key server (nacos.yaml:1:1): did you mean nacos.server?'],
    [
      yaml('nacos:\n  weight: 2\n'),
      'unknown key nacos.weight (nacos.yaml:2:3): did you mean service.weight?',
    ],
    [
      yaml('nacos:\n  tenant: x\n'),
      /^unknown key nacos\.tenant \(nacos\.yaml:2:3\): known are nacos\.server, nacos\.namespace, .*, nacos\.ram_role$/,
    ],
    [
      yaml('advanced: {}\n'),
      'unknown key advanced (nacos.yaml:1:1): known are nacos, service, network, tls, registration, readiness, health, control, discovery, config, heartbeat, shutdown, logging, metrics, opentelemetry',
    ],
    [
      yaml('- a\n'),
      'the file = a list (nacos.yaml:1:1): must be a map with areas like nacos and service',
    ],
    [
      yaml('service: web\n'),
      'service = "web" (nacos.yaml:1:10): must be a map with name, ip, port, advertised_ip, advertised_port, group, cluster, weight, metadata',
    ],
    [
      yaml('service: {port: 1}\nnacos:\n  service: {port: 2}\n'),
      'service.port is given twice: nacos.yaml:1:17 and nacos.yaml:3:19',
    ],
    [
      yaml('shutdown:\n  quiet_time: 1\n  quietTime: 2\n'),
      'shutdown.quiet_time is given twice: nacos.yaml:2:15 and nacos.yaml:3:14',
    ],
    [yaml('service:\n  name: {a: 1}\n'), /^service.name = \{"a":"1"\} \(nacos.yaml:2:9\): must be/],
    [
      yaml('service:\n  metadata: {a: [1]}\n'),
      /^service.metadata = \{"a":\["1"\]\} \(nacos.yaml:2:13\): must be/,
    ],
    [yaml('a: "b\n'), /^nacos.yaml:\d+:\d+: not valid YAML: \S/],
    [yaml('a: b: c\n'), /^nacos.yaml:1:4: not valid YAML: \S/],
    [yaml('service: *none\n'), /^nacos.yaml:1:10: not valid YAML: \S/],
    [yaml('service: &a [*a]\n'), /^nacos.yaml:1:14: not valid YAML: nested too deep$/],
    [
      json('{"service": {"port": 0}}'),
      'service.port = "0" (nacos.json:1:22): must be a port from 1 to 65535',
    ],
    [
      json('{\n "service": {"prot": 0}}'),
      'unknown key service.prot (nacos.json:2:14): did you mean service.port?',
    ],
    [json(''), 'nacos.json:1:1: not valid JSON: unexpected end'],
    [json('{"a": 1}}'), 'nacos.json:1:9: not valid JSON: unexpected "}"'],
    [json('{\n  "a": 01\n}'), 'nacos.json:2:9: not valid JSON: unexpected "1"'],
    [json("{'a': 1}"), 'nacos.json:1:2: not valid JSON: unexpected "\'"'],
    [json('{"a": "b\nc"}'), 'nacos.json:1:7: not valid JSON: unexpected "\\""'],
    [json('['.repeat(50)), 'nacos.json:1:18: not valid JSON: nested too deep'],
  ])('%j is told in one line', (layers, message) => {
    const error = failure(layers);
    if (typeof message === 'string') expect(error.message).toBe(message);
    else expect(error.message).toMatch(message);
    expect(error.name).toBe('ConfigError');
  });

  it('of aliases that multiply is given up early', () => {
    const lines = ['a: &a0 [x]'];
    for (let level = 1; level <= 10; level++) {
      const aliases = Array.from({ length: 9 }, () => `*a${String(level - 1)}`).join(', ');
      lines.push(`b${String(level)}: &a${String(level)} [${aliases}]`);
    }
    expect(failure(yaml(lines.join('\n'))).message).toMatch(/not valid YAML: too many values$/);
  });

  it('that is a folder is told', () => {
    using folder = tempFolder({});
    mkdirSync(path.join(folder.path, 'nacos.yaml'));
    expect(() => loadOptions({ env: {}, cwd: folder.path })).toThrow(
      'nacos.yaml cannot be read: EISDIR',
    );
  });
});

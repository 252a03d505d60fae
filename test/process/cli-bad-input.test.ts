/**
 * What the command line says about wrong input, word for word: test/fixtures/bad-input holds one golden file for each case.
 * The app of every case would leave a file behind; nothing may start while something is wrong.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const GOLDEN = path.join(ROOT, 'test', 'fixtures', 'bad-input');
/** Root may read everything, so that case runs as somebody else. */
const NOBODY = 65_534;

interface Case {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** A file of the case that nobody may read. */
  readonly locked?: string;
}

const APP = 'require("node:fs").writeFileSync("started", "");';

const CASES: Readonly<Record<string, Case>> = {
  'unknown-flag': { args: ['--servce-port', '8080', 'app.js'] },
  'unknown-flag-of-the-app': { args: ['--inspect', 'app.js'] },
  'unknown-boolean': { args: ['--no-gracefull-shutdown', 'app.js'] },
  'flag-without-value': { args: ['app.js', '--service-port'] },
  'negated-with-value': { args: ['--no-empty-protection=true', 'app.js'] },
  'port-too-big': { args: ['--service-port', '99999', 'app.js'] },
  'port-after-the-app': { args: ['app.js', '--service-port=http'] },
  'port-in-variable': { args: ['app.js'], env: { NACOS_SERVICE_PORT: '80a' } },
  'weight-negative': { args: ['--service-weight', '-1', 'app.js'] },
  'server-port': { args: ['--nacos-server', '127.0.0.1:99999', 'app.js'] },
  'server-with-user': { args: ['app.js'], env: { NACOS_SERVER: 'https://me:secret@nacos:8848' } },
  'config-action': { args: ['config', 'gte', 'app.yaml'] },
  'config-without-data-id': { args: ['config', 'get'] },
  'config-type': { args: ['config', 'put', 'app.yaml', '--type', 'yml'] },
  'config-md5': { args: ['config', 'put', 'app.yaml', '--cas-md5', 'abc'] },
  'config-existing': { args: ['config', 'import', '.', '--existing', 'skip'] },
  'doctor-word': { args: ['doctor', 'orders'] },
  'access-key-alone': { args: ['app.js'], env: { NACOS_ACCESS_KEY: 'hunter2' } },
  'ip-of-every-interface': { args: ['--service-ip', '0.0.0.0', 'app.js'] },
  'metadata-without-value': { args: ['--metadata', 'version', 'app.js'] },
  'seconds-with-unit': { args: ['--shutdown-timeout', '10s', 'app.js'] },
  'level-unknown': { args: ['--log-level', 'loud', 'app.js'] },
  'boolean-unknown': { args: ['--empty-protection=maybe', 'app.js'] },
  'option-of-a-command': { args: ['--service-port', '0', '--', 'node', 'app.js'] },
  'network-wrong': { args: ['--network-prefer', 'eth0,10.0.0.0/33', 'app.js'] },
  'network-family': { args: ['--network-family', 'ipv5', 'app.js'] },
  'advertised-port': { args: ['app.js', '--advertised-port', '70000'] },
  'readiness-path': { args: ['--readiness-path', 'ready', 'app.js'] },
  'readiness-interval': { args: ['app.js'], env: { NACOS_READINESS_INTERVAL: '0' } },
  'health-path-with-query': { args: ['--health-path', '/health?x=1', 'app.js'] },
  'health-port': { args: ['app.js'], env: { NACOS_HEALTH_PORT: 'http' } },
  'retry-times': { args: ['--retry-times', '1.5', 'app.js'] },
  'retry-interval': { args: ['--retry-interval=0', 'app.js'] },
  'fail-fast-word': { args: ['app.js'], env: { NACOS_FAIL_FAST: 'maybe' } },
  'unknown-flag-near-a-new-one': { args: ['--advertise-ip', '10.0.0.1', 'app.js'] },
  'username-alone': { args: ['--username', 'ann', 'app.js'] },
  'password-alone': { args: ['app.js'], env: { NACOS_PASSWORD: 'hunter2' } },
  'password-too-long': {
    args: ['app.js'],
    env: { NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'hunter2'.repeat(200) },
  },
  'yaml-network-list': {
    args: ['app.js'],
    files: { 'nacos.yaml': 'network:\n  ignore:\n    - docker*\n    - {name: veth*}\n' },
  },
  'yaml-area-wrong': { args: ['app.js'], files: { 'nacos.yaml': 'readyness: {path: /r}\n' } },
  'yaml-key-misplaced': {
    args: ['app.js'],
    files: { 'nacos.yaml': 'registration:\n  fail_fast: true\n  advertised_ip: 10.0.0.1\n' },
  },
  'yaml-key-twice': {
    args: ['app.js'],
    files: { 'nacos.yaml': 'readiness:\n  registerDisabled: true\n  register_disabled: false\n' },
  },
  'dry-run-word': { args: ['--dry-run=maybe', 'app.js'] },
  'print-config-word': { args: ['--print-config=yaml'] },
  'status-with-word': { args: ['status', 'orders'] },
  'weight-missing': { args: ['weight'] },
  'weight-too-big': { args: ['weight', '10001'] },
  'metadata-word': { args: ['metadata', 'canary'] },
  'control-flag-unknown': { args: ['down', '--services', 'orders'] },
  'control-pid': { args: ['status', '--pid', 'orders'] },
  'control-not-first': { args: ['--namespace', 'a', 'status'] },
  'yaml-value': {
    args: ['app.js'],
    files: { 'nacos.yaml': 'service:\n  name: a\n  port: 99999\n' },
  },
  'yaml-unknown-key': { args: ['app.js'], files: { 'nacos.yaml': 'service:\n  prot: 8080\n' } },
  'yaml-broken': { args: ['app.js'], files: { 'nacos.yaml': 'service:\n  name: "a\nnacos: {}\n' } },
  'json-broken': { args: ['app.js'], files: { 'nacos.json': '{"service": {"port": 8080,}}' } },
  'package-json-value': {
    args: ['app.js'],
    files: {
      'package.json': '{\n  "name": "a",\n  "nacos": {"service": {"weight": "heavy"}}\n}\n',
    },
  },
  'handed-over-broken': { args: ['app.js'], env: { NACOS_SERVING_CLI: '{"password":"hunter2"' } },
  'no-target': { args: ['--namespace', 'dev'] },
  'no-command': { args: ['--'] },
  'file-missing': { args: ['ap.js'] },
  'file-is-a-command': { args: ['npm', 'start'] },
  'file-unreadable': { args: ['locked.js'], files: { 'locked.js': APP }, locked: 'locked.js' },
  'file-is-a-directory': { args: ['src'], files: { 'src/index.js': APP } },
  'file-of-another-language': { args: ['app.py'], files: { 'app.py': 'print(1)\n' } },
  'typescript-without-loader': { args: ['app.tsx'], files: { 'app.tsx': APP } },
  'dev-with-target': { args: ['dev', 'app.js'] },
  'dev-port': { args: ['dev', '--port', '65000'] },
  'dev-not-first': { args: ['--namespace', 'a', 'dev'] },
  'help-unknown': { args: ['help', 'me'] },
};

function runCase(wrong: Case): {
  status: number | null;
  stdout: string;
  stderr: string;
  started: boolean;
} {
  using folder = tempFolder({ 'app.js': APP, ...wrong.files });
  chmodSync(folder.path, 0o755);
  if (wrong.locked !== undefined) chmodSync(path.join(folder.path, wrong.locked), 0);
  const asNobody = wrong.locked !== undefined && process.getuid?.() === 0 ? { uid: NOBODY } : {};
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...wrong.args], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], ...wrong.env },
    encoding: 'utf8',
    ...asNobody,
  });
  return { status, stdout, stderr, started: existsSync(path.join(folder.path, 'started')) };
}

describe('wrong input', () => {
  it.each(Object.entries(CASES))('%s ends with exit code 2 and one line', async (name, wrong) => {
    const { status, stdout, stderr, started } = runCase(wrong);
    expect({ status, stdout, started }).toEqual({ status: 2, stdout: '', started: false });
    expect(stderr).toMatch(/^nacos-serving: [^\n]+\n$/);
    // The version of Node is the one thing that differs from machine to machine.
    const text = stderr.replaceAll(process.version, 'vX');
    await expect(text).toMatchFileSnapshot(path.join(GOLDEN, `${name}.txt`));
  });

  it('shows no secrets', () => {
    for (const name of [
      'server-with-user',
      'handed-over-broken',
      'password-alone',
      'password-too-long',
    ]) {
      const wrong = CASES[name];
      if (wrong === undefined) throw new Error(`no case ${name}`);
      expect(runCase(wrong).stderr).not.toMatch(/secret|hunter2/);
    }
  });
});

describe('help and version', () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };

  it('are on stdout with exit code 0 when they were asked for', () => {
    for (const words of [['--help'], ['run', '-h'], ['help', 'run'], ['dev', '--help']]) {
      expect(run(...words)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Usage:'),
        stderr: '',
      });
    }
    expect(run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/),
    });
  });

  it('is on stderr with exit code 2 when nothing was asked for', () => {
    expect(run()).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage:'),
    });
    expect(run('run')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining('Usage:'),
    });
  });
});

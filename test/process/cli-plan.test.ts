/** What `nacos-serving` tells without starting anything: --dry-run and --print-config, as a child process of the built package. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { tempFolder } from '../unit/house/temp-folder.js';
import { startNode } from '../helpers/child.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const APP = 'require("node:fs").writeFileSync("started", "");';

interface Said {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line and makes sure that the app did not run. */
function tell(
  folder: { readonly path: string },
  args: readonly string[],
  env: Record<string, string> = {},
): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder.path,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  expect(existsSync(path.join(folder.path, 'started'))).toBe(false);
  return { status, stdout, stderr };
}

describe('--dry-run', () => {
  it('prints the plan: command, registry, name, addresses with verdicts, options that were given', () => {
    using folder = tempFolder({
      'my app.js': APP,
      'package.json': '{"name": "@shop/orders"}',
      'nacos.yaml': 'service:\n  weight: 2\n',
    });
    const { status, stdout, stderr } = tell(
      folder,
      [
        '--dry-run',
        '--nacos-server',
        '10.1.2.3',
        '--service-group',
        'g',
        'my app.js',
        "it's",
        '-x',
      ],
      { NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'hunter2' },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.split('\n').map((line) => line.replace(/ {2,}/g, ' '));
    const file = path.join(folder.path, 'my app.js');
    expect(lines.slice(0, 4)).toEqual([
      `command ${process.execPath} '${file}' 'it'\\''s' -x`,
      'registry 10.1.2.3:8848, namespace public, as ann',
      'register as soon as the server listens and is ready',
      'service group g, cluster DEFAULT',
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        `name + orders: from ${path.join(folder.path, 'package.json')}`,
        expect.stringMatching(/^address - 127\.0\.0\.1 of \S+: loopback$/),
        expect.stringMatching(/^address \+ \S+ of \S+: of /),
        'port the one that the app binds',
        'option service.weight 2 nacos.yaml:2',
        'option password *** env NACOS_PASSWORD',
        'nothing was started',
      ]),
    );
    expect(stdout).not.toContain('hunter2');
  });

  it.each([
    [['--no-auto-register'], 'register nothing: auto_register is off'],
    [['--register-on-request'], 'register with the first request'],
    [
      ['--register-on-startup=false'],
      'register nothing: register_on_startup and register_on_request are off',
    ],
    [['--service-ip', '10.0.0.9'], 'address + 10.0.0.9: as given (service.ip)'],
    [['--advertised-ip', '10.0.0.9'], 'address + 10.0.0.9: as advertised (service.advertised_ip)'],
    [['--service-port', '80'], 'port 80 (service.port)'],
    [
      ['--advertised-port', '30080'],
      'port 30080 (service.advertised_port), of the server on the one that the app binds',
    ],
    [['--service-name', 'x'], 'name + x: as given (service.name)'],
  ])('says with %j: %s', (flags, line) => {
    using folder = tempFolder({ 'app.js': APP });
    const { status, stdout } = tell(folder, ['app.js', '--dry-run', ...flags]);
    expect(status).toBe(0);
    expect(stdout.replace(/ {2,}/g, ' ')).toContain(`${line}\n`);
  });

  it('of a command shows where it was found', () => {
    using folder = tempFolder({ 'node_modules/.bin/tool': '#!/bin/sh\ntouch started\n' });
    const tool = path.join(folder.path, 'node_modules/.bin/tool');
    chmodSync(tool, 0o755);
    const { status, stdout } = tell(folder, ['--dry-run', '--', 'tool', '--flag']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`^command +${tool} --flag\n`));
  });

  it('makes no connection to Nacos', async () => {
    let connections = 0;
    const server = createServer(() => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    using folder = tempFolder({ 'app.js': APP });
    await using child = startNode([CLI, '--dry-run', 'app.js'], {
      cwd: folder.path,
      env: { NACOS_SERVER: `127.0.0.1:${String(port)}` },
    });
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(connections).toBe(0);
    server.close();
  });

  it.each([
    ['an option', ['--service-port', '0', 'app.js'], 'service.port = "0"'],
    ['the file of the app', ['ap.js'], 'ap.js'],
    ['the name, which Nacos would refuse', ['app.js'], 'package.json is not valid'],
    ['no address', ['--network-ignore', '*', '--service-name', 'a', 'app.js'], 'no usable address'],
  ])('ends with exit code 2 and one line when %s is wrong', (_, args, problem) => {
    using folder = tempFolder({ 'app.js': APP, 'package.json': '{"name": "a b"}' });
    const { status, stderr } = tell(folder, ['--dry-run', '--nacos-server', '10.1.2.3', ...args]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^nacos-serving: [^\n]+\n$/);
    expect(stderr).toContain(problem);
  });
});

describe('--print-config', () => {
  it('needs no app, and ends with exit code 0', () => {
    using folder = tempFolder({ 'app.js': APP, 'nacos.yml': 'logging: {level: debug}' });
    for (const args of [
      ['--print-config'],
      ['--print-config', 'app.js'],
      ['app.js', '--print-config'],
    ]) {
      const { status, stdout, stderr } = tell(folder, args, { NACOS_NAMESPACE: 'dev' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^namespace +dev +env NACOS_NAMESPACE$/m);
      expect(stdout).toMatch(/^logging\.level +debug +nacos\.yml:1$/m);
    }
  });

  it('as JSON is for programs', () => {
    using folder = tempFolder({});
    const { status, stdout } = tell(folder, ['--print-config=json', '--service-weight', '.5']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      options: {
        'service.weight': { value: 0.5, origin: '--service-weight' },
        'logging.level': { value: 'info', origin: 'default' },
      },
    });
  });

  it('shows the flags of an outer nacos-serving as such', () => {
    using folder = tempFolder({});
    const outer = { NACOS_SERVING_CLI: '{"namespace":"outer"}' };
    const { stdout } = tell(folder, ['--print-config'], outer);
    expect(stdout).toMatch(/^namespace +outer +--namespace$/m);
  });
});

/**
 * `nacos-serving run` as a child process of the built package: what the app sees, how it ends, who gets which signal.
 * On Node 22.15 and later the app takes the place of the command line; before, it is its child. Both have to look alike.
 */
import { chmodSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { startNode, type Child } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const PRELOAD = `--require="${path.join(ROOT, 'dist', 'entry', 'register.cjs')}"`;

/** Prints what it was started with. */
const REPORT = `
const { NODE_OPTIONS, NACOS_SERVING_CLI, PATH } = process.env;
const { argv, execArgv } = process;
console.log(JSON.stringify({
  args: argv.slice(2), file: argv[1], execArgv, NODE_OPTIONS, NACOS_SERVING_CLI, PATH,
  main: typeof require === 'undefined' ? undefined : require.main === module,
  hub: Symbol.for('nacos-serving.runtime.1') in globalThis,
}));
`;
/** Says its pid and each signal; ends with SIGTERM. */
const LISTENER = `
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']) {
  process.on(signal, () => {
    console.log('got ' + signal);
    if (signal === 'SIGTERM') process.exit(0);
  });
}
setInterval(() => {}, 1000);
console.log('pid ' + process.pid);
`;

interface Report {
  readonly args: string[];
  readonly file: string;
  readonly execArgv: string[];
  readonly NODE_OPTIONS: string;
  readonly NACOS_SERVING_CLI: string;
  readonly PATH: string;
  readonly main: boolean | undefined;
  readonly hub: boolean;
}

function cli(args: readonly string[], cwd: string, env: Record<string, string> = {}): Child {
  return startNode([CLI, ...args], { cwd, env });
}

async function report(args: readonly string[], cwd: string, env = {}): Promise<Report> {
  await using child = cli(args, cwd, env);
  const [line] = await child.line(/^\{.*\}$/);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual([line]);
  return JSON.parse(line) as Report;
}

describe('the app', () => {
  it('runs as with node: its own arguments, as the main module, with the hooks and our flags', async () => {
    using folder = tempFolder({ 'my app.js': REPORT });
    const seen = await report(
      [
        '--namespace',
        'dev',
        'my app.js',
        'a b',
        '--metadata',
        'x=1',
        '--port',
        '80',
        '--',
        '--namespace',
      ],
      folder.path,
    );
    expect(seen).toMatchObject({
      args: ['a b', '--port', '80', '--namespace'],
      file: path.join(folder.path, 'my app.js'),
      execArgv: [],
      NODE_OPTIONS: PRELOAD,
      main: true,
      hub: true,
    });
    expect(JSON.parse(seen.NACOS_SERVING_CLI)).toEqual({
      namespace: 'dev',
      'service.metadata': ['x=1'],
    });
  });

  it.each([
    ['an ES module', 'app.mjs', REPORT],
    ['a script without extension', 'start', `#!/usr/bin/env node\n${REPORT}`],
  ])('may be %s', async (_, file, text) => {
    using folder = tempFolder({ [file]: text });
    expect(await report([file], folder.path)).toMatchObject({ hub: true, NACOS_SERVING_CLI: '{}' });
  });

  it('keeps the flags of Node and what NODE_OPTIONS has', async () => {
    using folder = tempFolder({ 'app.cjs': REPORT });
    await using child = startNode(['--max-old-space-size=99', CLI, 'app.cjs'], {
      cwd: folder.path,
      env: { NODE_OPTIONS: '--trace-warnings' },
    });
    const seen = JSON.parse((await child.line(/^\{.*\}$/))[0]) as Report;
    expect(seen.execArgv).toEqual(['--max-old-space-size=99']);
    expect(seen.NODE_OPTIONS).toBe(`${PRELOAD} --trace-warnings`);
  });

  it('under two nacos-serving has the preload once and the flags of both', async () => {
    using folder = tempFolder({ 'app.cjs': REPORT });
    const seen = await report(
      [
        '--namespace',
        'outer',
        '--service-name',
        'outer',
        '--',
        process.execPath,
        CLI,
        '--namespace',
        'inner',
        'app.cjs',
      ],
      folder.path,
    );
    expect(seen.NODE_OPTIONS).toBe(PRELOAD);
    expect(JSON.parse(seen.NACOS_SERVING_CLI)).toEqual({
      namespace: 'inner',
      'service.name': 'outer',
    });
  });

  it('written in TypeScript runs with the tsx of the app where Node cannot', async () => {
    using folder = tempFolder({
      'app.tsx': 'const never: string = "ran";',
      'node_modules/tsx/package.json': '{"exports": "./loader.mjs"}',
      'node_modules/tsx/loader.mjs': 'console.log("loader of the app"); process.exit(0);',
    });
    await using child = cli(['app.tsx'], folder.path);
    await child.line(/^loader of the app$/);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it('talks to our parent when it was forked', async () => {
    using folder = tempFolder({
      'app.cjs':
        'process.on("message", (m) => process.send({ got: m }, () => process.disconnect()));',
      'parent.cjs': `
        const child = require('node:child_process').fork(process.argv[2], ['app.cjs']);
        child.on('message', (m) => console.log(JSON.stringify(m)));
        child.on('exit', (code) => console.log('exit ' + code));
        child.send('hello');`,
    });
    await using parent = startNode(['parent.cjs', CLI], { cwd: folder.path });
    await parent.exit();
    expect(parent.lines).toEqual(['{"got":"hello"}', 'exit 0']);
  });
});

describe('a command', () => {
  it('is found in node_modules/.bin first, and has the hooks in every Node process below', async () => {
    using folder = tempFolder({
      'node_modules/tool/cli.cjs': `#!/usr/bin/env node\n${REPORT}`,
      'node_modules/.bin/.keep': '',
      'sub/.keep': '',
    });
    const script = path.join(folder.path, 'node_modules/tool/cli.cjs');
    chmodSync(script, 0o755);
    symlinkSync(script, path.join(folder.path, 'node_modules/.bin/npm'));
    const seen = await report(
      ['--namespace', 'a', '--', 'npm', '--namespace', 'b'],
      path.join(folder.path, 'sub'),
    );
    expect(seen).toMatchObject({
      args: ['--namespace', 'b'],
      hub: true,
      NACOS_SERVING_CLI: '{"namespace":"a"}',
    });
    expect(seen.PATH).toContain(`${path.join(folder.path, 'node_modules/.bin')}:`);
  });

  it('may be a script without a first line that says who runs it', async () => {
    using folder = tempFolder({ plain: 'echo "ran $1"\n' });
    chmodSync(path.join(folder.path, 'plain'), 0o755);
    await using child = cli(['--', './plain', 'x'], folder.path);
    await child.line(/^ran x$/);
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['nothing-of-this-name', 127, 'nacos-serving: nothing-of-this-name: command not found'],
    ['./plain', 126, 'nacos-serving: ./plain: not executable'],
  ])('%s ends with %d', async (name, code, line) => {
    using folder = tempFolder({ plain: '' });
    await using child = cli(['--', name], folder.path);
    expect(await child.exit()).toEqual({ code, signal: null });
    expect(child.lines).toEqual([line]);
  });
});

/** The app directly, and a command, which stays a child on every Node. */
const WAYS: readonly (readonly [string, readonly string[]])[] = [
  ['the app', ['app.cjs']],
  ['a command', ['--', process.execPath, 'app.cjs']],
];

describe.each(WAYS)('the end of %s', (_, args) => {
  it('by exit code is ours', async () => {
    using folder = tempFolder({ 'app.cjs': 'process.exit(7)' });
    await using child = cli(args, folder.path);
    expect(await child.exit()).toEqual({ code: 7, signal: null });
    expect(child.lines).toEqual([]);
  });

  it('by an exception is ours', async () => {
    using folder = tempFolder({ 'app.cjs': 'throw new Error("boom")' });
    await using child = cli(args, folder.path);
    await child.line(/Error: boom/);
    expect(await child.exit()).toEqual({ code: 1, signal: null });
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGABRT'] as const)('by %s is ours', async (signal) => {
    using folder = tempFolder({
      'app.cjs': `process.kill(process.pid, '${signal}'); setInterval(() => {}, 1000);`,
    });
    await using child = cli(args, folder.path);
    expect(await child.exit()).toEqual({ code: null, signal });
  });

  it('by a signal sent to us is the same', async () => {
    using folder = tempFolder({ 'app.cjs': 'console.log("up"); setInterval(() => {}, 1000);' });
    await using child = cli(args, folder.path);
    await child.line(/^up$/);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});

describe.each(WAYS)('signals to us while %s runs', (_, args) => {
  it('reach it, each of them, and its own exit code counts', async () => {
    using folder = tempFolder({ 'app.cjs': LISTENER });
    await using child = cli(args, folder.path);
    await child.line(/^pid/);
    for (const signal of ['SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGINT', 'SIGTERM'] as const) {
      child.kill(signal);
      await child.line(new RegExp(`^got ${signal}$`));
    }
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.lines.filter((line) => line.startsWith('got'))).toHaveLength(5);
  });

  it('come once when Ctrl-C is pressed in a terminal', async () => {
    using folder = tempFolder({ 'app.cjs': LISTENER, 'terminal.py': TERMINAL });
    const line = [process.execPath, CLI, ...args];
    await using terminal = startNode(['-e', RUN_TERMINAL, JSON.stringify(line)], {
      cwd: folder.path,
    });
    await terminal.line(/^ended 0/);
    expect(terminal.lines.filter((each) => each.includes('got SIGINT'))).toHaveLength(1);
    expect(terminal.lines.filter((each) => each.includes('got SIGTERM'))).toHaveLength(1);
  });
});

/**
 * Runs a command in a terminal of its own: Ctrl-C once it is up, SIGTERM to nacos-serving once the app
 * has heard that. A SIGINT that was forwarded too comes before the SIGTERM, since both take the same way.
 */
const TERMINAL = `
import os, pty, signal, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, sent = '', False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data.decode()
    if 'pid ' in seen and not sent:
        sent = True
        os.write(fd, b'\\x03')
    elif sent and 'got SIGINT' in seen and 'got SIGTERM' not in seen:
        os.kill(pid, signal.SIGTERM)
        sent = 'done'
status = os.waitpid(pid, 0)[1]
print(seen.replace('\\r', ''))
print('ended', os.waitstatus_to_exitcode(status))
`;
const RUN_TERMINAL = `
const { spawnSync } = require('node:child_process');
spawnSync('python3', ['terminal.py', ...JSON.parse(process.argv[1])], { stdio: ['ignore', 'inherit', 'inherit'] });
`;

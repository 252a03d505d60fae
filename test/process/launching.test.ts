/**
 * Every way of starting an app by `nacos-serving`: it is registered once, with its port, under its name, and SIGTERM to what was started
 * takes it out. Package from dist, real registry.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';
import { aLaunchingScene, APPS, CLI, portOf, TSX, type LaunchingScene } from './launching-scene.js';

let scene: LaunchingScene;
beforeAll(async () => {
  scene = await aLaunchingScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const NODE = process.execPath;
const APP = path.join(APPS, 'launch', 'app.cjs');
const APP_TS = path.join(APPS, 'launch', 'app.ts');

/** A project with the app in it, whose package.json has the name. */
function aProject(name: string, files: Readonly<Record<string, string>> = {}) {
  // exec: npm tells the shell of a script of a signal, and no shell tells its child.
  const scripts = { start: 'exec node app.cjs', serve: `exec "${NODE}" "${CLI}" app.cjs` };
  const folder = tempFolder({
    'package.json': JSON.stringify({ name: `@shop/${name}`, scripts }),
    'node_modules/tool/cli.cjs': '#!/usr/bin/env node\nrequire("../../app.cjs");\n',
    'node_modules/tool/tool.sh': '#!/bin/sh\necho "tool for $1"\nnode app.cjs\n',
    'node_modules/.bin/.keep': '',
    ...files,
  });
  copyFileSync(APP, path.join(folder.path, 'app.cjs'));
  for (const [bin, file] of [
    ['tool', 'cli.cjs'],
    ['tool-sh', 'tool.sh'],
  ] as const) {
    const target = path.join(folder.path, 'node_modules', 'tool', file);
    chmodSync(target, 0o755);
    symlinkSync(target, path.join(folder.path, 'node_modules', '.bin', bin));
  }
  return folder;
}

/** Registered with the port that it says; taken out when what was started gets SIGTERM, and everything ends. */
async function comesAndGoes(child: Child, name: string): Promise<void> {
  const port = await portOf(child);
  await scene.listed(name, [port]);
  child.kill('SIGTERM');
  await child.exit();
  await scene.listed(name, []);
}

describe('an app that is started is registered, and leaves with SIGTERM:', () => {
  it.each<[string, readonly string[]]>([
    ['a file', ['app.cjs']],
    ['a file by run', ['run', 'app.cjs']],
    ['the command node', ['--', 'node', 'app.cjs']],
    ['a program of node_modules/.bin', ['--', 'tool']],
    ['a shell script of node_modules/.bin', ['--', 'tool-sh', 'x']],
    ['a shell command', ['--', 'sh', '-c', 'exec node app.cjs']],
    ['a package script', ['--', 'npm', 'start']],
    ['node --watch', ['--', 'node', '--watch', 'app.cjs']],
  ])('%s', async (title, words) => {
    const name = scene.uniqueName();
    using folder = aProject(name);
    const env = { NACOS_SERVER: scene.address };
    const child = scene.node([CLI, ...words], { cwd: folder.path, env });
    if (title.startsWith('a shell script')) {
      // The shell dies of the signal and tells nobody, as without us.
      await scene.listed(name, [await portOf(child)]);
      return;
    }
    await comesAndGoes(child, name);
  });

  it.each([
    ['by the tsx of the app, or by Node itself', [APP_TS]],
    ['by the program tsx', ['--', NODE, TSX, APP_TS]],
    ['by tsx watch', ['--', NODE, TSX, 'watch', APP_TS]],
  ])('TypeScript %s', async (_, words) => {
    const name = scene.uniqueName();
    await comesAndGoes(scene.cli(name, words), name);
  });

  it('npm start, whose script has us in it', async () => {
    const name = scene.uniqueName();
    using folder = aProject(name);
    const npm = spawnSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).stdout.trim();
    const child = scene.node([npm, 'run', 'serve'], { cwd: folder.path });
    await comesAndGoes(child, name);
  });
});

describe('a tool that restarts the app', () => {
  it('node --watch keeps exactly one row', async () => {
    const name = scene.uniqueName();
    using folder = aProject(name);
    const child = scene.cli(name, ['--', NODE, '--watch', 'app.cjs'], { cwd: folder.path });
    await keepsOneRow(child, name, () => touch(path.join(folder.path, 'app.cjs')));
  });

  it('tsx watch keeps exactly one row', async () => {
    const name = scene.uniqueName();
    using folder = aProject(name);
    const file = path.join(folder.path, 'app.ts');
    copyFileSync(APP_TS, file);
    const child = scene.cli(name, ['--', NODE, TSX, 'watch', 'app.ts'], { cwd: folder.path });
    await keepsOneRow(child, name, () => touch(file));
  });

  it('by a signal keeps exactly one row', async () => {
    const name = scene.uniqueName();
    const restarter = path.join(APPS, 'launch', 'restarter.cjs');
    const child = scene.cli(name, ['--', NODE, restarter, APP]);
    await keepsOneRow(child, name, () => child.process.stdin?.write('again\n'));
  });
});

/** After each of two restarts the registry has the port of the new process and no other. */
async function keepsOneRow(child: Child, name: string, restart: () => void): Promise<void> {
  const said = (): readonly number[] =>
    child.lines.flatMap((line) => /listening on (\d+)/.exec(line)?.slice(1).map(Number) ?? []);
  for (const starts of [1, 2, 3]) {
    await expect.poll(() => said().length, { timeout: 20_000, interval: 50 }).toBe(starts);
    await scene.listed(name, said().slice(-1));
    if (starts < 3) restart();
  }
  child.kill('SIGTERM');
  await child.exit();
  await scene.listed(name, []);
}

/** Writes the same again, with a time of its own: what watchers look for. */
function touch(file: string): void {
  const now = new Date();
  const text = spawnSync('cat', [file]).stdout;
  writeFileSync(file, text);
  utimesSync(file, now, now);
}

describe('the command line killed by SIGKILL', () => {
  it.each<[string, readonly string[]]>([
    ['a file', [APP]],
    ['a command of Node', ['--', NODE, APP]],
  ])('takes %s with it', async (_, words) => {
    const name = scene.uniqueName();
    const child = scene.cli(name, words);
    await scene.listed(name, [await portOf(child)]);
    child.kill('SIGKILL');
    // Its streams are closed when the app has ended too.
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGKILL' });
    await scene.listed(name, []);
  });
});

describe('process 1 of a container', () => {
  it.each<[string, readonly string[]]>([
    ['a file', [APP]],
    ['a command', ['--', NODE, APP]],
  ])('%s leaves and ends with 143', async (_, words) => {
    const name = scene.uniqueName();
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const inside = [NODE, CLI, '--service-name', name, ...words];
    const child = scene.node([
      '--eval',
      RUN,
      'unshare',
      ...user,
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      ...inside,
    ]);
    const [, first] = await child.line(/^process (\d+)$/);
    await scene.listed(name, [await portOf(child)]);
    const { stdout } = spawnSync('pgrep', ['-P', String(first)], { encoding: 'utf8' });
    process.kill(Number(stdout), 'SIGTERM');
    await child.line(/^ended 143 null$/);
    await scene.listed(name, []);
  });
});

/** Runs the words after it, says its pid and how it ended. */
const RUN = `
const child = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'inherit', 'inherit'] });
console.log('process ' + child.pid);
child.on('exit', (code, signal) => console.log('ended ' + code + ' ' + signal));
`;

describe('Ctrl-C in a terminal', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['a file', ['counting.cjs'], [NODE, 'counting.cjs']],
    ['a package script', ['--', 'npm', 'start'], ['npm', 'start']],
  ])('comes to %s as often as without us, and it leaves', async (_, words, bare) => {
    const name = scene.uniqueName();
    const scripts = { start: 'node counting.cjs' };
    using folder = tempFolder({
      'package.json': JSON.stringify({ scripts }),
      'terminal.py': TERMINAL,
    });
    copyFileSync(path.join(APPS, 'launch', 'counting.cjs'), path.join(folder.path, 'counting.cjs'));
    const press = async (when: string, line: readonly string[]): Promise<Child> => {
      const argv = ['--eval', RUN, 'python3', 'terminal.py', when, ...line];
      const child = scene.node(argv, { cwd: folder.path });
      await child.line(/^ended 0 null$/);
      return child;
    };
    const withUs = await press(' registered ', [NODE, CLI, '--service-name', name, ...words]);
    const without = await press('listening on', bare);
    const count = (child: Child): readonly string[] =>
      child.lines.filter((text) => text.startsWith('SIGINT came'));
    expect(count(withUs)).toEqual(['SIGINT came 1']);
    expect(count(without)).toEqual(['SIGINT came 1']);
    expect(withUs.lines.filter((text) => text.includes(' deregistered '))).toHaveLength(1);
    expect(await scene.ports(name)).toEqual([]);
  });
});

/** Runs a command in a terminal of its own, presses Ctrl-C when it has said the first word, and prints what it said. */
const TERMINAL = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, pressed = '', False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data.decode()
    if sys.argv[1] in seen and not pressed:
        pressed = True
        os.write(fd, b'\\x03')
os.waitpid(pid, 0)
print(seen.replace('\\r', '').replace('^C', ''))
`;

/**
 * Unmodified apps in surroundings that are not as one would like: registered all the same where that is possible, and else one line in
 * the log, with the app as it would be without us.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startNode, type Child, type ChildOptions } from '../helpers/child.js';
import { aScene, type Scene } from '../helpers/scene.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
const APP = path.join(ROOT, 'test', 'fixtures', 'apps', 'servers', 'plain.cjs');
const STEADY = path.join(ROOT, 'test', 'fixtures', 'apps', 'steady-caller', 'app.mjs');
const hostile = (file: string): string => path.join(ROOT, 'test', 'fixtures', 'hostile', file);

let scene: Scene;
beforeEach(async () => {
  scene = await aScene('hostile');
});
afterEach(() => scene[Symbol.asyncDispose]());

type Way = 'cli' | 'preload';

interface StartOptions extends ChildOptions {
  readonly flags?: readonly string[];
  readonly app?: readonly string[];
}

function start(way: Way, options: StartOptions = {}): Child {
  const { flags = [], app = [APP], ...rest } = options;
  const argv = way === 'cli' ? [...flags, CLI, ...app] : [...flags, '--require', PRELOAD, ...app];
  return startNode(argv, {
    ...rest,
    env: {
      NACOS_SERVER: scene.registry.address,
      NACOS_SERVICE_NAME: scene.service,
      NACOS_QUIET_TIME: '0.1',
      ...rest.env,
    },
  });
}

async function portOf(child: Child): Promise<number> {
  return Number((await child.line(/^listening on (\d+)$/))[1]);
}

/** It is listed under the port it has, serves, and leaves the list by SIGTERM, which ends it as without us. */
async function livesAsEver(child: Child): Promise<void> {
  const port = await portOf(child);
  await scene.listed([port]);
  const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
  expect(await answer.text()).toBe('ok');
  child.kill('SIGTERM');
  expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  await scene.listed([]);
  expect(complaints(child)).toEqual([]);
}

const complaints = (child: Child): readonly string[] =>
  child.lines.filter((line) => /warn|error/i.test(line));

/** Nobody may write there, once root is dropped. */
function readOnlyFolder(): Disposable & { readonly path: string } {
  const folder = tempFolder({});
  chmodSync(folder.path, 0o555);
  return folder;
}

const DROP_ROOT = ['--require', hostile('drop-root.cjs')];
const WAYS: readonly Way[] = ['cli', 'preload'];

describe.each(WAYS)('by the %s an app is registered and leaves as ever', (way) => {
  it('where home, working directory and temporary folder are read-only', async () => {
    using folder = readOnlyFolder();
    const { path: home } = folder;
    const env = { HOME: home, TMPDIR: home, XDG_RUNTIME_DIR: home, XDG_CACHE_HOME: home };
    await using child = start(way, { flags: DROP_ROOT, cwd: home, env });
    await livesAsEver(child);
    expect(readdirSync(home)).toEqual([]);
  });

  it('where there is neither a home nor a temporary folder', async () => {
    const nowhere = '/nowhere/at/all';
    const env = { HOME: nowhere, TMPDIR: nowhere, XDG_RUNTIME_DIR: nowhere };
    await using child = start(way, { flags: DROP_ROOT, env });
    await livesAsEver(child);
  });

  it('for a user without a name, with no HOME and no TMPDIR in the environment', async () => {
    const unset = { HOME: undefined, TMPDIR: undefined, XDG_RUNTIME_DIR: undefined };
    await using child = start(way, { flags: DROP_ROOT, env: { ...unset, USER: undefined } });
    await livesAsEver(child);
  });

  it('where every object has properties that nobody gave it', async () => {
    await using child = start(way, { flags: ['--require', hostile('pollution.cjs')] });
    await livesAsEver(child);
  });

  it.each([['--disable-proto=throw'], ['--disallow-code-generation-from-strings']])(
    'under node %s',
    async (flag) => {
      await using child = start(way, { flags: [flag] });
      await livesAsEver(child);
    },
  );
});

describe('an app under the preload', () => {
  it("is registered under Node's permission model, which lets it write nothing", async () => {
    const model = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission';
    // Newer versions guard the network too.
    const net = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
    const flags = [model, '--allow-fs-read=*', ...net, '--no-warnings'];
    await using child = start('preload', { flags });
    await livesAsEver(child);
  });

  it('starts although its working directory has been removed', async () => {
    using folder = tempFolder({});
    const gone = JSON.stringify(path.join(folder.path, 'gone'));
    const enter = `const fs = require('node:fs'); fs.mkdirSync(${gone}); process.chdir(${gone}); fs.rmdirSync(${gone});`;
    await using child = start('preload', {
      app: ['-e', `${enter} require(${JSON.stringify(APP)});`],
    });
    const port = await portOf(child);
    await child.line(/^nacos-serving error cannot start: .*cwd.*; the app goes on without us$/);
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
    expect(await answer.text()).toBe('ok');
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(complaints(child)).toHaveLength(1);
  });
});

describe('a machine without a network', () => {
  /** A network namespace in which not even loopback is up; where that is not allowed, a machine that says so. */
  const isolated = spawnSync('unshare', ['-rn', 'true']).status === 0;

  it('is said in one line, and the app goes on', async () => {
    const argv = isolated
      ? ['-rn', process.execPath, '--require', PRELOAD, APP]
      : ['--require', hostile('no-interfaces.cjs'), '--require', PRELOAD, APP];
    await using child = startNode(argv, {
      ...(isolated ? { node: 'unshare' } : {}),
      env: { NACOS_SERVER: '127.0.0.1:1', NACOS_SERVICE_NAME: scene.service },
    });
    const port = await portOf(child);
    await child.line(
      new RegExp(`the server on \\S+:${String(port)} is not registered: no usable address`),
    );
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    const said = complaints(child).filter((line) => line.includes('no usable address'));
    expect(said).toHaveLength(1);
  });

  it('is no obstacle once the network comes up', async () => {
    await using child = start('preload', {
      flags: ['--require', hostile('no-interfaces.cjs')],
      env: { NACOS_RETRY_INTERVAL: '0.05' },
    });
    const port = await portOf(child);
    await child.line(/is not registered: no usable address among: none/);
    child.kill('SIGUSR2');
    await child.line(/^network up$/);
    await scene.listed([port]);
  });

  it('is no obstacle where the address is given', async () => {
    await using child = start('preload', {
      flags: ['--require', hostile('no-interfaces.cjs')],
      env: { INTERFACES: 'throw', NACOS_SERVICE_IP: '10.1.2.3' },
    });
    await scene.listed([await portOf(child)]);
    expect(complaints(child)).toEqual([]);
  });

  it('is said in one line where even the question is forbidden', async () => {
    await using child = start('preload', {
      flags: ['--require', hostile('no-interfaces.cjs')],
      env: { INTERFACES: 'throw' },
    });
    const port = await portOf(child);
    await child.line(/is not registered: uv_interface_addresses returned/);
    const answer = await fetch(`http://127.0.0.1:${String(port)}/`);
    expect(await answer.text()).toBe('ok');
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(complaints(child)).toHaveLength(1);
  });
});

describe('a wall clock that jumps back and forth', () => {
  it('neither drops the registration nor fails a call', async () => {
    const flags = ['--require', hostile('clock-jumps.cjs')];
    const env = { NACOS_HEARTBEAT_INTERVAL: '1', NACOS_HEARTBEAT_TIMEOUT: '0.5' };
    await using provider = start('cli', { flags, env });
    const port = await portOf(provider);
    await scene.listed([port]);
    const lists: number[] = [];
    const subscription = scene.client.naming.subscribe(scene.service, ({ instances }) => {
      lists.push(instances.length);
    });
    await subscription.ready();
    await using caller = start('preload', {
      flags,
      env,
      app: [STEADY, `http://${scene.service}/`],
    });
    // Long enough for several heartbeats of both.
    await caller.line(/^answered: 500$/);
    caller.process.stdin?.end();
    await caller.line(/^calls: \d+, failed: 0$/);
    expect(await caller.exit()).toEqual({ code: 0, signal: null });
    expect(lists).toEqual([1]);
    await subscription.close();
    provider.kill('SIGTERM');
    expect(await provider.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await scene.listed([]);
    expect([...complaints(provider), ...complaints(caller)]).toEqual([]);
  });
});

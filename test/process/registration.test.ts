/**
 * What of an app is seen and registered when the preload is in: real servers of every kind, in a package whose runtime is scripted.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { appLines, APPS, get, hookedPackage, ourLines, portOf } from './registration-apps.js';

const hooked = hookedPackage();
afterAll(() => hooked[Symbol.dispose]());

/** Runs a piece of code under the preload to its end. */
function run(code: string, ...nodeArgs: readonly string[]): { status: number | null; out: string } {
  const register = path.join(hooked.entry, 'register.cjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...nodeArgs, '--require', register, '-e', code],
    { encoding: 'utf8' },
  );
  return { status, out: stdout + stderr };
}

describe('a server that listens is registered', () => {
  it.each<[string, string, 'require' | 'import', readonly string[], string]>([
    ['of node:http', 'plain.cjs', 'require', [], 'http'],
    ['of node:http, with --import', 'plain.cjs', 'import', [], 'http'],
    ['of https', 'secure.cjs', 'require', ['https'], 'https'],
    ['of http2', 'secure.cjs', 'require', ['http2'], 'http'],
    ['of http2 with TLS', 'secure.cjs', 'require', ['http2-secure'], 'https'],
    ['of a class of its own that has requests', 'secure.cjs', 'require', ['foreign'], 'http'],
    ['of Express 5 in CommonJS', 'express-app.cjs', 'require', [], 'http'],
    ['of Express 5 in an ES module', 'express-app.mjs', 'require', [], 'http'],
    ['of Express 5 in an ES module, with --import', 'express-app.mjs', 'import', [], 'http'],
    ['in a worker thread', 'thread.cjs', 'require', [], 'http'],
  ])('%s, with the port it really has', async (_, app, load, args, scheme) => {
    await using child = hooked.start(app, { load, args });
    const port = await portOf(child);
    const [, metadata] = await child.line(
      new RegExp(`^# registered orders 10\\.0\\.0\\.5:${String(port)} (.*)$`),
    );
    expect(JSON.parse(metadata ?? '')).toEqual(scheme === 'https' ? { secure: 'true' } : {});
    expect(ourLines(child)).toEqual([
      'started with env,cwd,script,pid,platform,uid,watchFirstRequest,exit',
      `up ${scheme} :: ${String(port)}`,
      expect.stringMatching(/^registered/),
    ]);
  });

  it('once, when the runtime has taken it from the hub as well', async () => {
    await using child = hooked.start('plain.cjs', { script: { read: true } });
    await get(await portOf(child), '/close');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(ourLines(child).filter((line) => line.startsWith('registered')).length).toBeLessThan(2);
  });

  it('and no other one: not a pipe, not plain TCP, not the admin server on loopback', async () => {
    await using child = hooked.start('many.cjs');
    const [, port] = await child.line(/^listening 3 (\d+)$/);
    await child.line(/^all$/);
    await child.line(new RegExp(`^# registered orders 10\\.0\\.0\\.5:${String(port)} `));
    const [, admin] = await child.line(/^listening 0 (\d+)$/);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    const seen = ourLines(child).filter((line) => /^(up|down|registered|deregister)/.test(line));
    expect([...seen].sort()).toEqual(
      [
        `up http 127.0.0.1 ${String(admin)}`,
        `up http :: ${String(port)}`,
        `registered orders 10.0.0.5:${String(port)} {}`,
        `deregister 10.0.0.5:${String(port)}`,
        `down ${String(port)}`,
        `down ${String(admin)}`,
      ].sort(),
    );
  });

  it('by its new port after it was closed and listens again; a port that is taken is nothing', async () => {
    await using child = hooked.start('again.cjs');
    const [, first] = await child.line(/^first (\d+)$/);
    const [, second] = await child.line(/^second (\d+)$/);
    await child.line(new RegExp(`^# registered orders 10\\.0\\.0\\.5:${String(second)} `));
    expect(appLines(child)).toContain('error EADDRINUSE');
    const ups = ourLines(child).filter((line) => line.startsWith('up http ::'));
    expect(ups).toEqual([`up http :: ${String(first)}`, `up http :: ${String(second)}`]);
    expect(ourLines(child)).toContain(`down ${String(first)}`);
  });

  it('once for all workers of a cluster with the port they share, by the primary', async () => {
    await using child = hooked.start('workers.cjs');
    await child.line(/^both up$/);
    await child.line(/^# registered orders /);
    child.kill('SIGTERM');
    expect((await child.exit()).code).toBe(0);
    expect(ourLines(child).filter((line) => line.startsWith('registered'))).toHaveLength(1);
    await using bare = hooked.start('workers.cjs', { load: 'none' });
    await bare.line(/^both up$/);
    bare.kill('SIGTERM');
    expect((await bare.exit()).code).toBe(0);
    expect([...appLines(child)].sort()).toEqual([...appLines(bare)].sort());
  });
});

describe('a server that is no HTTP service is left alone:', () => {
  it.each([['tls'], ['foreign-late']])('%s', async (kind) => {
    await using child = hooked.start('secure.cjs', { args: [kind] });
    await portOf(child);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(ourLines(child)).toEqual([]);
  });
});

describe('the preload', () => {
  it('neither prints nor keeps a process alive', () => {
    expect(run('')).toEqual({ status: 0, out: '' });
  });

  it('loads no builtin that the app has not asked for, other than what http needs', () => {
    const { out } = run(
      'console.log(process.moduleLoadList.filter((m) => /NativeModule (https|http2|tls|worker_threads|cluster)$/.test(m)))',
    );
    expect(out).toBe('[]\n');
  });

  it('leaves listen and close as they are to see: name, length, result', () => {
    const { out } = run(`
      const { Server } = require('node:net');
      const server = new Server();
      console.log(Server.prototype.listen.name, Server.prototype.listen.length);
      console.log(Server.prototype.close.name, Server.prototype.close.length);
      console.log(server.listen(0) === server, server.close() === server);
      console.log(process.emit.name, Object.keys(process).includes('emit'));`);
    const bare = spawnSync(process.execPath, [
      '-e',
      `const { Server } = require('node:net');
      console.log(Server.prototype.listen.name, Server.prototype.listen.length);
      console.log(Server.prototype.close.name, Server.prototype.close.length);`,
    ]);
    expect(out).toBe(`${bare.stdout.toString()}true true\nemit false\n`);
  });

  it('passes on what listen throws', () => {
    const { out } = run(`
      try { require('node:http').createServer().listen({ port: 70000 }) } catch (e) { console.log(e.code) }`);
    expect(out).toContain('ERR_SOCKET_BAD_PORT\n');
  });

  it('may be loaded in both ways at once', () => {
    const register = path.join(hooked.entry, 'register.cjs');
    const { status, out } = run(
      `require(${JSON.stringify(register)}); console.log(Object.getOwnPropertySymbols(globalThis).includes(Symbol.for('nacos-serving.runtime.1')))`,
      '--import',
      path.join(hooked.entry, 'register.js'),
    );
    expect({ status, out }).toEqual({ status: 0, out: 'true\n' });
  });

  it('yields to a copy of another version and says so', () => {
    const first = `globalThis[Symbol.for('nacos-serving.runtime.1')] = { version: '9.9.9' };`;
    const { stderr } = spawnSync(
      process.execPath,
      ['-e', `${first} require(${JSON.stringify(path.join(hooked.entry, 'register.cjs'))})`],
      { encoding: 'utf8' },
    );
    expect(stderr).toMatch(
      /^nacos-serving warn {2}version \S+ is loaded second and yields to 9\.9\.9\n$/,
    );
  });

  it('says in one line that the runtime cannot start, and the app goes on', async () => {
    await using child = hooked.start('plain.cjs', { script: { fail: 'option x is wrong' } });
    const port = await portOf(child);
    await child.line(/^nacos-serving error cannot start: option x is wrong; the app goes on/);
    expect(await get(port, '/')).toBe('ok');
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.lines.filter((line) => line.startsWith('nacos-serving'))).toHaveLength(1);
  });

  it('does nothing in a process that neither listens nor calls', async () => {
    await using child = hooked.start('idle.cjs');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(child.lines).toEqual(['idle']);
  });

  it('finds every app of these tests without a line about us in it', () => {
    const { stdout } = spawnSync('grep', ['-rl', 'nacos', APPS], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });
});

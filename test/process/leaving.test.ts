/**
 * Every way a registered process ends or does not end, and what becomes of its connections. Where an app can end in the same way without
 * us, both are compared: exit code, signal and everything that the app said.
 */
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

import { afterAll, describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import { appLines, compare, get, hookedPackage, ourLines, portOf } from './registration-apps.js';

const hooked = hookedPackage();
afterAll(() => hooked[Symbol.dispose]());

/** A connection that has sent this, once it has had an answer. */
function rawConnection(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(text.replaceAll('\n', '\r\n'));
  return new Promise((resolve) => socket.once('data', () => resolve(socket)));
}

const upgraded = (port: number): Promise<Socket> =>
  rawConnection(port, 'GET /socket HTTP/1.1\nHost: a\nUpgrade: echo\nConnection: Upgrade\n\n');
const eventStream = (port: number): Promise<Socket> =>
  rawConnection(port, 'GET /events HTTP/1.1\nHost: a\n\n');
const keptAlive = (port: number): Promise<Socket> =>
  rawConnection(port, 'GET / HTTP/1.1\nHost: a\n\n');
const silent = (port: number): Promise<Socket> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => undefined);
  });

/** The stub's bound is 200 s: whoever waits for it hangs the test. */
describe('an app without handlers does not wait for', () => {
  it.each<[string, (port: number) => Promise<Socket>]>([
    ['an upgraded connection', upgraded],
    ['a stream of events', eventStream],
    ['a connection that is kept alive', keptAlive],
    ['a connection that has not sent a request', silent],
  ])('%s', async (_, open) => {
    await using child = hooked.start('streams.cjs');
    const port = await portOf(child);
    await child.line(/^# registered /);
    const socket = await open(port);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await ended;
    expect(ourLines(child).at(-1)).toBe('client closed');
  });
});

describe('an app without handlers finishes', () => {
  it.each([
    ['/slow', /^slow request$/, 'slow but whole'],
    ['/download', /^download begun$/, 'first half, second half'],
  ])('%s, while others stay open', async (path, begun, whole) => {
    await using child = hooked.start('streams.cjs', { script: { quietTimeMs: 0 } });
    const port = await portOf(child);
    await child.line(/^# registered /);
    const others = [await upgraded(port), await eventStream(port)];
    const answer = get(port, path);
    await child.line(begun);
    child.kill('SIGTERM');
    expect(await answer).toBe(whole);
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    for (const socket of others) socket.destroy();
  });

  it('a request that comes in the quiet time, on a new connection', async () => {
    await using child = hooked.start('streams.cjs', { script: { quietTimeMs: 1500 } });
    const port = await portOf(child);
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    await child.line(/^# deregister/);
    const connection = await new Promise<string | undefined>((resolve, reject) => {
      request({ port, path: '/slow', host: '127.0.0.1' }, (response) => {
        response.resume().once('end', () => resolve(response.headers.connection));
      })
        .once('error', reject)
        .end();
    });
    expect(connection).toBe('close');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });
});

describe('a process that ends without us', () => {
  it.each<[string, string, number]>([
    ['by an unhandled rejection', '/reject', 1],
    ['by process.exit in the middle', '/exit', 5],
    ['by an uncaught exception', '/throw', 1],
    ['by setting exitCode and closing', '/code', 6],
    ['by process.abort', '/abort', 0],
  ])('%s waits for nothing', async (_, path, code) => {
    const act = async (child: Child, port: number): Promise<void> => {
      await get(port, path).catch(() => undefined);
      await child.exit();
    };
    const script = path === '/code' ? {} : { quietTimeMs: 150_000, latencyMs: 20 };
    const { withUs, without } = await compare(hooked, 'ending.cjs', { script }, act);
    const appSaid = (said: readonly string[]) =>
      said.filter((line) => /^(exit|closed|before)/.test(line));
    expect(withUs.exit).toEqual(without.exit);
    expect(appSaid(withUs.said)).toEqual(appSaid(without.said));
    expect(withUs.exit).toEqual(
      path === '/abort' ? { code: null, signal: 'SIGABRT' } : { code, signal: null },
    );
  });

  it('by SIGKILL, SIGHUP and SIGQUIT, which are none of ours', async () => {
    for (const signal of ['SIGKILL', 'SIGHUP', 'SIGQUIT'] as const) {
      const { withUs, without, ours } = await compare(hooked, 'ending.cjs', {}, (child) =>
        child.kill(signal),
      );
      expect(withUs).toEqual(without);
      expect(withUs.exit.signal).toBe(signal);
      expect(ours.at(-1)).toMatch(/^registered/);
    }
  });
});

describe('an app that handles the signal and goes on', () => {
  it('is registered again, and the next signal waits again', async () => {
    await using child = hooked.start('staying.cjs', { script: { staysMs: 100 } });
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    await child.line(/^ignored SIGTERM$/);
    const registered = () => ourLines(child).filter((line) => line.startsWith('registered')).length;
    await expect.poll(registered, { timeout: 20_000, interval: 20 }).toBe(2);
    child.kill('SIGTERM');
    const ignored = () => appLines(child).filter((line) => line === 'ignored SIGTERM').length;
    await expect.poll(ignored, { timeout: 20_000, interval: 20 }).toBe(2);
    expect(ourLines(child).filter((line) => line.startsWith('deregister'))).toHaveLength(2);
    child.kill('SIGKILL');
  });
});

describe('ten listeners of the app for one signal', () => {
  it('bring no warning, and the signal still waits', async () => {
    await using child = hooked.start('staying.cjs', { args: ['ten'] });
    const port = await portOf(child);
    await child.line(/^# registered /);
    await get(port, '/add');
    child.kill('SIGINT');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(appLines(child)).toEqual(['listening on PORT', 'exit event 0']);
    expect(ourLines(child).at(-1)).toMatch(/^deregister/);
  });
});

describe('under pm2', () => {
  /** Starts the app with a channel, as pm2 does, and sends `shutdown` when it gets SIGUSR2; ends as the app ends. */
  const PARENT = `
    const child = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    process.on('SIGUSR2', () => child.send('shutdown'));
    child.once('exit', (code, signal) => {
      if (signal === null) process.exit(code);
      process.kill(process.pid, signal);
    });`;
  const under = [process.execPath, '-e', PARENT, '--'];

  it('the message `shutdown` waits like a signal', async () => {
    const options = { args: ['message'], under, script: { pm2: true } };
    const { withUs, without, ours } = await compare(hooked, 'staying.cjs', options, (child) =>
      child.kill('SIGUSR2'),
    );
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: 8, signal: null });
    expect(withUs.said).toContain('message shutdown');
    expect(ours.filter((line) => line.startsWith('closing'))).toEqual([]);
  });

  it('the message arrives only after it has left', async () => {
    await using child = hooked.start('staying.cjs', { args: ['message'], under });
    await child.line(/^# registered /);
    child.kill('SIGUSR2');
    await child.exit();
    const at = (start: string): number => child.lines.findIndex((line) => line.startsWith(start));
    expect(at('# deregister')).toBeGreaterThan(0);
    expect(at('message shutdown')).toBeGreaterThan(at('# deregister'));
  });
});

describe('loaded late', () => {
  const late = (kind: string, handles = '') => ({
    load: 'none' as const,
    args: [`${hooked.entry}/register.js`, kind, handles],
  });

  it.each([['http'], ['https'], ['http2']])(
    'it finds a server of %s that listens',
    async (kind) => {
      await using child = hooked.start('late-listening.mjs', late(kind));
      const port = await portOf(child);
      await child.line(new RegExp(`^# registered orders 10\\.0\\.0\\.5:${String(port)} `));
      child.kill('SIGTERM');
      expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
      expect(ourLines(child).slice(-3)).toEqual([
        expect.stringMatching(/^deregister/),
        expect.stringMatching(/^down/),
        'client closed',
      ]);
    },
  );

  it('the ten handlers from before get the signal after it has left', async () => {
    await using child = hooked.start('late-listening.mjs', late('http', 'handles'));
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(child.lines.slice(-3)).toEqual([
      expect.stringMatching(/^# deregister/),
      'handler SIGTERM 15 10',
      'exit event 3',
    ]);
  });

  it('a close waits as well', async () => {
    await using child = hooked.start('late-listening.mjs', late('http'));
    const port = await portOf(child);
    await child.line(/^# registered /);
    await get(port, '/close');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(ourLines(child).slice(-3)).toEqual([
      expect.stringMatching(/^deregister/),
      expect.stringMatching(/^closing/),
      expect.stringMatching(/^down/),
    ]);
  });
});

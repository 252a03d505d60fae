/**
 * What an app sees of `server.close()` of a registered server: everything as without us, only that callers have been told before.
 * Each row runs the app twice, with the preload and without, and compares exit code, signal and all that the app said.
 */
import { Agent, request } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { request as secureRequest } from 'node:https';

import { afterAll, describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import { appLines, compare, get, hookedPackage, ourLines, portOf } from './registration-apps.js';

const hooked = hookedPackage();
afterAll(() => hooked[Symbol.dispose]());

/** Since Node 24 the server may have closed the session before: then no callback of `close` is called. */
function ended(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    if (session.destroyed) resolve();
    session.once('close', () => resolve());
    session.close();
  });
}

/** One answer over a connection of its own. */
function ask(kind: string, port: number, path: string): Promise<void> {
  const where = { host: '127.0.0.1', port, path, agent: false, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    if (kind === 'http2') {
      const session = connect(`http://127.0.0.1:${String(port)}`).once('error', reject);
      const stream = session.request({ ':path': path }).resume();
      stream.once('error', reject);
      stream.once('end', () => resolve(ended(session)));
      return;
    }
    const send = kind === 'https' || kind === 'http2-secure' ? secureRequest : request;
    send(where, (response) => {
      response.resume().once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}

/** A session of http2 that stays open between requests. */
function openSession(port: number): { get(path: string): Promise<string>; end(): Promise<void> } {
  const session = connect(`http://127.0.0.1:${String(port)}`);
  return {
    get: (path) =>
      new Promise((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request({ ':path': path }).once('error', reject);
        let text = '';
        stream.on('data', (part: Buffer) => (text += part.toString()));
        stream.once('end', () => {
          session.off('error', reject);
          resolve(text);
        });
      }),
    end: () => ended(session),
  };
}

const closeAfter = (kind: string) => async (child: Child, port: number) => {
  // The answer may be cut by what the app does next.
  await ask(kind, port, '/close').catch(() => undefined);
  await child.exit();
};

describe('closing a server of', () => {
  it.each([['http'], ['https'], ['http2'], ['http2-secure'], ['subclass']])('%s', async (kind) => {
    const { withUs, without, ours } = await compare(
      hooked,
      'closing.cjs',
      { args: ['plain', kind] },
      closeAfter(kind),
    );
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: 0, signal: null });
    expect(ours.slice(-3)).toEqual([
      expect.stringMatching(/^deregister/),
      expect.stringMatching(/^closing/),
      expect.stringMatching(/^down/),
    ]);
  });

  it.each([
    ['twice', 'has the error for the second time'],
    ['bare', 'needs no callback'],
    ['again', 'may listen on the same port at once'],
    ['elsewhere', 'may listen on another port at once'],
    ['other', 'may give its port to another server at once'],
    ['dispose', 'by asyncDispose'],
    ['close-dispose', 'by close and then asyncDispose'],
    ['cut', 'and cutting its connections'],
    ['unref', 'that does not keep the process alive still calls back'],
    ['exit', 'and exiting at once waits for nothing'],
    ['in-exit', 'while exiting waits for nothing'],
  ])('%s: %s', async (mode) => {
    const { withUs, without } = await compare(
      hooked,
      'closing.cjs',
      { args: [mode] },
      closeAfter('http'),
    );
    expect(withUs).toEqual(without);
  });
});

describe('between close and the real close', () => {
  const held = { args: ['plain'], script: { quietTimeMs: 150_000 } } as const;

  it('the server goes on answering, on connections that it asks to end', async () => {
    await using child = hooked.start('closing.cjs', held);
    const port = await portOf(child);
    await child.line(/^# registered /);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const header = (path: string): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        request({ agent, port, path, host: '127.0.0.1' }, (response) => {
          response.resume().once('end', () => resolve(response.headers.connection));
        })
          .once('error', reject)
          .end();
      });
    expect(await header('/')).toBe('keep-alive');
    await get(port, '/close');
    await child.line(/^looks false null/);
    await child.line(/^# closing/);
    // The connection is not cut, and the next answer is its last.
    expect(await header('/')).toBe('close');
    expect(await get(port, '/')).toBe('ok');
    expect(appLines(child)).not.toContain('event close');
    agent.destroy();
  });
});

describe('a session of http2', () => {
  it('that ends after the close has begun is waited for, and then come event and callback', async () => {
    const { withUs, without } = await compare(
      hooked,
      'closing.cjs',
      { args: ['plain', 'http2'] },
      async (child, port) => {
        const session = openSession(port);
        await session.get('/close');
        await child.line(/^looks false null/);
        await session.end();
        await child.exit();
      },
    );
    expect(withUs).toEqual(without);
    expect(withUs.said).toContain('event close');
  });

  it('has its further requests answered until the real close', async () => {
    await using child = hooked.start('closing.cjs', {
      args: ['plain', 'http2'],
      script: { quietTimeMs: 150_000 },
    });
    const port = await portOf(child);
    await child.line(/^# registered /);
    const session = openSession(port);
    expect(await session.get('/close')).toBe('ok');
    await child.line(/^# closing/);
    expect(await session.get('/')).toBe('ok');
    expect(appLines(child)).not.toContain('event close');
    await session.end();
  });
});

describe('a close is not held', () => {
  it.each<[string, object]>([
    ['when shutdown.graceful is off', { graceful: false, quietTimeMs: 150_000 }],
    ['when nothing has been confirmed', { latencyMs: 150_000, quietTimeMs: 150_000 }],
  ])('%s', async (_, script) => {
    await using child = hooked.start('closing.cjs', { script });
    const port = await portOf(child);
    if ('latencyMs' in script) await child.line(/^# up/);
    else await child.line(/^# registered /);
    await get(port, '/close');
    await child.line(/^closed fine$/);
    expect(ourLines(child).some((line) => line.startsWith('closing'))).toBe(false);
  });

  it('after a signal that has already waited', async () => {
    await using child = hooked.start('handlers.cjs', { args: ['close'] });
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
    expect(ourLines(child).filter((line) => line.startsWith('deregister'))).toHaveLength(1);
    expect(ourLines(child).some((line) => line.startsWith('closing'))).toBe(false);
  });
});

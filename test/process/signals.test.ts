/**
 * How a registered app ends: always as it would without us, but out of the registry first. Each row runs the app twice, with the
 * preload and without, and compares exit code, signal and everything that the app said.
 */
import { execFileSync } from 'node:child_process';
import { connect } from 'node:http2';
import { Agent, request } from 'node:http';

import { afterAll, describe, expect, it } from 'vitest';

import type { Child } from '../helpers/child.js';
import { compare, get, hookedPackage, ourLines, portOf } from './registration-apps.js';

const hooked = hookedPackage();
afterAll(() => hooked[Symbol.dispose]());

const kill = (signal: NodeJS.Signals) => (child: Child) => child.kill(signal);

/** Lines of the child in the order they came, from the first deregistration on. */
function fromLeaving(child: Child): readonly string[] {
  return child.lines.slice(child.lines.findIndex((line) => line.startsWith('# deregister')));
}

describe('an app without handlers', () => {
  it.each<[NodeJS.Signals, number]>([
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ])('dies by %s, after it has left, drained and closed', async (signal) => {
    const { withUs, without, ours } = await compare(hooked, 'plain.cjs', {}, kill(signal));
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: null, signal });
    expect(ours.slice(-3)).toEqual([
      expect.stringMatching(/^deregister 10\.0\.0\.5:\d+$/),
      expect.stringMatching(/^down \d+$/),
      'client closed',
    ]);
  });

  it('finishes the requests in flight', async () => {
    await using child = hooked.start('plain.cjs', { script: { quietTimeMs: 0 } });
    const port = await portOf(child);
    await child.line(/^# registered /);
    const answer = get(port, '/slow');
    await child.line(/^slow request$/);
    child.kill('SIGTERM');
    expect(await answer).toBe('slow but whole');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('does not wait for idle connections', async () => {
    await using child = hooked.start('plain.cjs');
    const port = await portOf(child);
    await child.line(/^# registered /);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await new Promise((resolve) => {
      request({ agent, port, host: '127.0.0.1' }, (response) => {
        response.resume().once('end', resolve);
      }).end();
    });
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    agent.destroy();
  });

  it('does not wait for an http2 session that nobody uses', async () => {
    await using child = hooked.start('http2.cjs');
    const port = await portOf(child);
    await child.line(/^# registered /);
    const session = connect(`http://127.0.0.1:${String(port)}`);
    const ended = new Promise((resolve) => session.once('close', resolve));
    await new Promise((resolve) => session.request({ ':path': '/' }).resume().once('end', resolve));
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await ended;
  });

  it('dies at once by a second signal', async () => {
    await using child = hooked.start('plain.cjs', { script: { quietTimeMs: 150_000 } });
    await child.line(/^# registered /);
    child.kill('SIGINT');
    await child.line(/^# deregister/);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGINT' });
    expect(ourLines(child)).not.toContain('client closed');
  });

  it('dies at once by a second signal while a request is in flight', async () => {
    await using child = hooked.start('plain.cjs', { script: { quietTimeMs: 0 } });
    const port = await portOf(child);
    await child.line(/^# registered /);
    const cut = get(port, '/slow').catch(() => 'cut');
    await child.line(/^slow request$/);
    child.kill('SIGTERM');
    await child.line(/^# down/);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await cut).toBe('cut');
  });

  it('does not wait when Nacos is away', async () => {
    await using child = hooked.start('plain.cjs', {
      script: { state: 'backoff', quietTimeMs: 150_000 },
    });
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('as process 1 of a container exits with 143, where the kernel ignores its signal', async () => {
    await using child = hooked.start('plain.cjs', {
      under: [
        'unshare',
        ...(process.getuid?.() === 0 ? [] : ['--user']),
        '--pid',
        '--fork',
        '--kill-child',
      ],
    });
    await child.line(/^# registered /);
    const inside = execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
    process.kill(Number(inside), 'SIGTERM');
    expect(await child.exit()).toEqual({ code: 143, signal: null });
    expect(child.lines).toContain('exit event 143');
  });
});

describe('an app with handlers', () => {
  it.each<[string, readonly string[], NodeJS.Signals, number, readonly string[]]>([
    [
      'which close its server ends by itself',
      ['close'],
      'SIGTERM',
      0,
      ['handler SIGTERM 15 true', 'exit event 0'],
    ],
    [
      'which exit at once keeps its code',
      ['exit7'],
      'SIGTERM',
      7,
      ['handler SIGTERM 15 true', 'exit event 7'],
    ],
    ['for SIGINT gets SIGINT', ['exit7'], 'SIGINT', 7, ['handler SIGINT 2 true', 'exit event 7']],
    [
      'added by once gets the signal once',
      ['close', 'once'],
      'SIGTERM',
      0,
      ['handler SIGTERM 15 true', 'exit event 0'],
    ],
    [
      'added by prependListener gets it as well',
      ['exit7', 'prependListener'],
      'SIGTERM',
      7,
      ['handler SIGTERM 15 true', 'exit event 7'],
    ],
  ])('%s', async (_, args, signal, code, said) => {
    const { withUs, without, ours } = await compare(hooked, 'handlers.cjs', { args }, kill(signal));
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code, signal: null });
    expect(withUs.said.slice(-2)).toEqual(said);
    expect(ours.filter((line) => line.startsWith('deregister'))).toHaveLength(1);
    expect(ours).not.toContain('client closed');
  });

  it('hears of the signal only after it has left', async () => {
    await using child = hooked.start('handlers.cjs', { args: ['exit7'] });
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    await child.exit();
    expect(fromLeaving(child)).toEqual([
      expect.stringMatching(/^# deregister/),
      'handler SIGTERM 15 true',
      'exit event 7',
    ]);
  });

  it('which throw ends as with any uncaught exception', async () => {
    const { withUs, without } = await compare(
      hooked,
      'handlers.cjs',
      { args: ['throw'] },
      kill('SIGTERM'),
    );
    expect(withUs.exit).toEqual(without.exit);
    expect(withUs.exit).toEqual({ code: 1, signal: null });
    for (const { said } of [withUs, without]) {
      expect(said).toContain('Error: thrown by the handler');
      expect(said).toContain('exit event 1');
    }
  });

  it('which count to two get both signals, the second one at once', async () => {
    const twice = async (child: Child): Promise<void> => {
      child.kill('SIGINT');
      await child.line(/^(# deregister|handler SIGINT 1)/);
      child.kill('SIGINT');
    };
    const { withUs, without } = await compare(
      hooked,
      'handlers.cjs',
      { args: ['twice'], script: { quietTimeMs: 150_000 } },
      twice,
    );
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: 9, signal: null });
    expect(withUs.said.slice(1)).toEqual(['handler SIGINT 1', 'handler SIGINT 2', 'exit event 9']);
  });

  it('which are gone after the first signal dies by the second', async () => {
    const twice = async (child: Child): Promise<void> => {
      child.kill('SIGTERM');
      await child.line(/^handler SIGTERM 1$/);
      child.kill('SIGTERM');
    };
    const { withUs, without } = await compare(
      hooked,
      'handlers.cjs',
      { args: ['twice', 'once'] },
      twice,
    );
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('which end the process only when they are alone see themselves alone', async () => {
    const { withUs, without } = await compare(
      hooked,
      'handlers.cjs',
      { args: ['polite'] },
      kill('SIGTERM'),
    );
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(withUs.said).toContain('listeners 1 1');
  });

  it('from before our import gets the signal after it has left, and its listeners in order', async () => {
    await using child = hooked.start('late.mjs', {
      load: 'none',
      args: [`${hooked.entry}/register.js`],
    });
    await child.line(/^# registered /);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 3, signal: null });
    expect(fromLeaving(child)).toEqual([
      expect.stringMatching(/^# deregister/),
      'first SIGTERM 15',
      'second SIGTERM 15 1',
    ]);
  });
});

describe('our own listeners', () => {
  /** Asks for each path in turn, then sends SIGTERM. */
  const steps = (...urls: readonly string[]) => {
    return async (child: Child, port: number): Promise<void> => {
      for (const url of urls) await get(port, url);
      child.kill('SIGTERM');
    };
  };

  it('are not counted', async () => {
    const act = steps('/count', '/add', '/count', '/remove', '/count');
    const { withUs, without } = await compare(hooked, 'changing.cjs', {}, act);
    expect(withUs).toEqual(without);
    expect(withUs.said.slice(1)).toEqual(['counts 0 0 0', 'counts 1 1 1', 'counts 0 0 0']);
  });

  it.each([
    ['the app removes its last handler', ['/add', '/remove']],
    ['the app removes all handlers', ['/add', '/remove-all', '/count']],
    ['the app removes all handlers and has none', ['/remove-all']],
  ])('stand again when %s', async (_, urls) => {
    const { withUs, without, ours } = await compare(hooked, 'changing.cjs', {}, steps(...urls));
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(ours.at(-1)).toBe('client closed');
  });

  it('do not hear what the app emits by hand', async () => {
    const act = steps('/call', '/add', '/call', '/remove');
    const { withUs, without } = await compare(hooked, 'changing.cjs', {}, act);
    expect(withUs).toEqual(without);
    expect(withUs.said.slice(1)).toEqual(['called false', 'handler SIGTERM', 'called true']);
  });
});

describe('an app that ends by itself', () => {
  it.each<[string, string, number]>([
    ['by process.exit(5)', '/exit', 5],
    ['by an uncaught exception', '/throw', 1],
    ['by closing its server', '/close', 0],
  ])('%s keeps its code', async (_, url, code) => {
    const act = async (child: Child, port: number): Promise<void> => {
      await get(port, url);
      await child.exit();
    };
    const { withUs, without } = await compare(hooked, 'plain.cjs', {}, act);
    expect(withUs).toEqual(without);
    expect(withUs.exit).toEqual({ code, signal: null });
  });

  it('by closing its server has left before the process is gone', async () => {
    await using child = hooked.start('plain.cjs');
    await child.line(/^# registered /);
    await get(await portOf(child), '/close');
    await child.exit();
    expect(ourLines(child).slice(-2)).toEqual([
      expect.stringMatching(/^closing/),
      expect.stringMatching(/^down/),
    ]);
  });
});

describe('a process that registers nothing', () => {
  it('has Node’s own behaviour on signals', async () => {
    await using child = hooked.start('idle.cjs', { args: ['wait'] });
    await child.line(/^idle$/);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(child.lines).toEqual(['idle']);
  });
});

/**
 * Frameworks that are too large for the workspace: unmodified apps with a lockfile of their own, installed by scripts/test-heavy.mjs.
 * Started by the command line and by NODE_OPTIONS, each is registered once, called by name, and leaves with SIGTERM.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startNode, type Child } from '../helpers/child.js';
import {
  aLaunchingScene,
  APPS,
  CLI,
  PRELOAD,
  type LaunchingScene,
} from '../process/launching-scene.js';

const HEAVY = path.resolve(import.meta.dirname, '..', 'fixtures', 'heavy');
const CALLER = path.join(APPS, 'callers', 'each.mjs');
const NEXT = path.join('node_modules', 'next', 'dist', 'bin', 'next');
const QUIET = { NEXT_TELEMETRY_DISABLED: '1' };

let scene: LaunchingScene;
beforeAll(async () => {
  scene = await aLaunchingScene();
  const { status, stdout } = spawnSync(process.execPath, [NEXT, 'build'], {
    ...{ cwd: path.join(HEAVY, 'next-16'), encoding: 'utf8', env: { ...process.env, ...QUIET } },
  });
  if (status !== 0) throw new Error(`next build: ${stdout}`);
});
afterAll(() => scene[Symbol.asyncDispose]());

interface App {
  readonly in: string;
  readonly words: readonly string[];
  readonly port: RegExp;
  readonly answer: string;
  /** What its processes do after SIGTERM is their own affair, in time and in words. */
  readonly code: number | 'SIGTERM';
}

const NEXT_APP = {
  in: 'next-16',
  port: /localhost:(\d+)/,
  answer: 'hello from next 16',
};
const APPS_OF_OTHERS: readonly (readonly [string, App])[] = [
  ['Next 16, next dev', { ...NEXT_APP, words: [NEXT, 'dev', '--port', '0'], code: 0 }],
  ['Next 16, next start', { ...NEXT_APP, words: [NEXT, 'start', '--port', '0'], code: 143 }],
  [
    'Egg 4, one process',
    {
      in: 'egg-4',
      words: ['single.cjs'],
      port: /listening on (\d+)/,
      answer: 'hello from egg 4 at /hello',
      code: 'SIGTERM',
    },
  ],
  [
    'Egg 4, a master, an agent and two workers',
    {
      in: 'egg-4',
      words: ['cluster.cjs'],
      port: /egg started on http:\/\/127\.0\.0\.1:(\d+)/,
      answer: 'hello from egg 4 at /hello',
      code: 0,
    },
  ],
  [
    'Midway 4 on Koa',
    {
      in: 'midway-4',
      words: ['app.cjs'],
      port: /listening on (\d+)/,
      answer: 'hello from midway 4',
      code: 0,
    },
  ],
];

describe('an unmodified app of', () => {
  it.each(APPS_OF_OTHERS)('%s', async (_, app) => {
    const cwd = path.join(HEAVY, app.in);
    const env = { ...QUIET, EGG_PORT: '0' };
    const bare = startNode(app.words, { cwd, env });
    const [, port = ''] = await bare.line(app.port);
    // What answers has put in its handlers of signals.
    await expect(textOf(`http://127.0.0.1:${port}/hello`)).resolves.toBe(app.answer);
    const endOfBare = end(bare);

    const name = scene.uniqueName();
    await leaves(scene.cli(name, ['--', process.execPath, ...app.words], { cwd, env }), name, app);
    const other = scene.uniqueName();
    const options = { NACOS_SERVICE_NAME: other, NODE_OPTIONS: `--require="${PRELOAD}"` };
    await leaves(scene.node(app.words, { cwd, env: { ...env, ...options } }), other, app);
    expect(await endOfBare).toBe(app.code);
  });

  it('Next 16 has its name from package.json', async () => {
    const cwd = path.join(HEAVY, 'next-16');
    const child = scene.node([CLI, '--', 'next', 'start', '--port', '0'], { cwd, env: QUIET });
    const port = Number((await child.line(NEXT_APP.port))[1]);
    await scene.listed('fixture-next-16', [port]);
    await end(child);
  });
});

async function leaves(child: Child, name: string, app: App): Promise<void> {
  const port = Number((await child.line(app.port))[1]);
  await scene.listed(name, [port]);
  const caller = scene.node(['--require', PRELOAD, CALLER, `http://${name}/hello`]);
  await caller.exit();
  expect(caller.lines).toEqual([app.answer]);
  expect(await end(child)).toBe(app.code);
  await scene.listed(name, []);
}

async function end(child: Child): Promise<number | NodeJS.Signals | null> {
  child.kill('SIGTERM');
  const { code, signal } = await child.exit();
  return code ?? signal;
}

async function textOf(url: string): Promise<string> {
  const response = await fetch(url);
  return response.text();
}

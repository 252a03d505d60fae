/**
 * Every framework without a line about us in it, under the packed package: started by the command line and by `--require`, it is
 * registered with the port that it has, called by name, taken out by SIGTERM, and ends as it ends without us.
 */
import { spawnSync } from 'node:child_process';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  aFrameworkScene,
  registeredPort,
  terminate,
  type FrameworkScene,
} from './frameworks-scene.js';

let scene: FrameworkScene;
beforeAll(async () => {
  scene = await aFrameworkScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

interface App {
  /** Folder of the fixture. Default `frameworks`. */
  readonly in?: string;
  /** The words after `nacos-serving`, when it is not the file. */
  readonly cli?: readonly string[];
  /** What stands before the file when node runs it without our command line. */
  readonly loader?: readonly string[];
  /** How it is called. Default `http:`. */
  readonly by?: 'https:' | 'h2c:';
  readonly answer: string;
}

/** Node of 22.18 and later runs TypeScript by itself. */
const STRIPS_TYPES = Boolean(Reflect.get(process.features, 'typescript'));
/** restify 11 itself does not load on Node 24 and later: what its spdy asks for is gone. */
const RUNS_RESTIFY = Number(process.versions.node.split('.')[0]) < 24;
const TSX = ['--import', 'tsx'];
const TS_NODE = ['--require', 'ts-node/register'];
const tsNode = (file: string): readonly string[] => [
  '--',
  'node_modules/ts-node/dist/bin.js',
  file,
];
const TSX_PROGRAM = 'node_modules/tsx/dist/cli.mjs';
const tsx = (file: string): readonly string[] => ['--', TSX_PROGRAM, file];

const RESTIFY: App = { answer: '"hello from restify 11 at /hello"' };

type Row = readonly [title: string, file: string, app: App];

/** By Node itself where it strips types, else by the tsx of the app. */
function inTypeScript(framework: string, file: string, answer: string): readonly Row[] {
  const app = { in: 'typescript', loader: STRIPS_TYPES ? [] : TSX, answer };
  return [[`${framework}, TypeScript`, file, app]];
}

const APPS: readonly Row[] = [
  ['node:http, CommonJS', 'http.cjs', { answer: 'hello from node:http at /hello' }],
  ['node:http, ES module', 'http.mjs', { answer: 'hello from node:http at /hello' }],
  ...inTypeScript('node:http', 'http.ts', 'hello from node:http at /hello'),
  [
    'node:https, CommonJS',
    'https.cjs',
    { answer: 'hello from node:https at /hello', by: 'https:' },
  ],
  [
    'node:https, ES module',
    'https.mjs',
    { answer: 'hello from node:https at /hello', by: 'https:' },
  ],
  [
    'node:http2 without TLS, CommonJS',
    'http2.cjs',
    { answer: 'hello from node:http2 at /hello', by: 'h2c:' },
  ],
  [
    'node:http2 without TLS, ES module',
    'http2.mjs',
    { answer: 'hello from node:http2 at /hello', by: 'h2c:' },
  ],
  [
    'node:http2 with TLS, CommonJS',
    'http2-tls.cjs',
    { answer: 'hello from node:http2 with TLS at /hello', by: 'https:' },
  ],
  [
    'node:http2 with TLS, ES module',
    'http2-tls.mjs',
    { answer: 'hello from node:http2 with TLS at /hello', by: 'https:' },
  ],
  ['Express 4, CommonJS', 'express-4.cjs', { answer: 'hello from express 4 at /hello' }],
  ['Express 4, ES module', 'express-4.mjs', { answer: 'hello from express 4 at /hello' }],
  ['Express 5, CommonJS', 'express-5.cjs', { answer: 'hello from express 5 at /hello' }],
  ['Express 5, ES module', 'express-5.mjs', { answer: 'hello from express 5 at /hello' }],
  ...inTypeScript('Express 5', 'express.ts', 'hello from express 5 at /hello'),
  [
    'Express 5, TypeScript by the program tsx',
    'express.ts',
    {
      in: 'typescript',
      cli: tsx('express.ts'),
      loader: [TSX_PROGRAM],
      answer: 'hello from express 5 at /hello',
    },
  ],
  [
    'Express 5, TypeScript by ts-node',
    'express.ts',
    {
      in: 'typescript',
      cli: tsNode('express.ts'),
      loader: TS_NODE,
      answer: 'hello from express 5 at /hello',
    },
  ],
  ['Koa 3, CommonJS', 'koa-3.cjs', { answer: 'hello from koa 3 at /hello' }],
  ['Koa 3, ES module', 'koa-3.mjs', { answer: 'hello from koa 3 at /hello' }],
  ...inTypeScript('Koa 3', 'koa.ts', 'hello from koa 3 at /hello'),
  ['Fastify 4, CommonJS', 'fastify-4.cjs', { answer: 'hello from fastify 4 at /hello' }],
  ['Fastify 4, ES module', 'fastify-4.mjs', { answer: 'hello from fastify 4 at /hello' }],
  ['Fastify 5, CommonJS', 'fastify-5.cjs', { answer: 'hello from fastify 5 at /hello' }],
  ['Fastify 5, ES module', 'fastify-5.mjs', { answer: 'hello from fastify 5 at /hello' }],
  ...inTypeScript('Fastify 5', 'fastify.ts', 'hello from fastify 5 at /hello'),
  [
    'Fastify 5 with http2',
    'fastify-5-http2.mjs',
    { answer: 'hello from fastify 5 with http2 at /hello', by: 'h2c:' },
  ],
  [
    'Fastify 5 with http2 and TLS',
    'fastify-5-http2-tls.mjs',
    { answer: 'hello from fastify 5 with http2 and TLS at /hello', by: 'https:' },
  ],
  ['Hono, CommonJS', 'hono.cjs', { answer: 'hello from hono at /hello' }],
  ['Hono, ES module', 'hono.mjs', { answer: 'hello from hono at /hello' }],
  ...inTypeScript('Hono', 'hono.ts', 'hello from hono at /hello'),
  ['hapi 21, CommonJS', 'hapi-21.cjs', { answer: 'hello from hapi 21 at /hello' }],
  ['hapi 21, ES module', 'hapi-21.mjs', { answer: 'hello from hapi 21 at /hello' }],
  ...inTypeScript('hapi 21', 'hapi.ts', 'hello from hapi 21 at /hello'),
  ...(RUNS_RESTIFY
    ? [
        ['restify 11, CommonJS', 'restify-11.cjs', RESTIFY] as const,
        ['restify 11, ES module', 'restify-11.mjs', RESTIFY] as const,
        ...inTypeScript('restify 11', 'restify.ts', RESTIFY.answer),
      ]
    : []),
  ['h3 1, CommonJS', 'h3-1.cjs', { answer: 'hello from h3 1 at /hello' }],
  ['h3 1, ES module', 'h3-1.mjs', { answer: 'hello from h3 1 at /hello' }],
  ['h3 2, ES module', 'h3-2.mjs', { answer: 'hello from h3 2 at /hello' }],
  ...inTypeScript('h3 2', 'h3.ts', 'hello from h3 2 at /hello'),
  ...([11, 12] as const).flatMap((version) => {
    const at = {
      in: `nest-${String(version)}`,
      answer: `hello from nest ${String(version)} at /hello`,
    };
    const named = `Nest ${String(version)}`;
    return [
      [`${named} on Express, CommonJS`, 'express.cjs', at],
      [`${named} on Fastify, ES module`, 'fastify.mjs', at],
      [
        `${named} on Express, TypeScript by ts-node`,
        'express.ts',
        { ...at, cli: tsNode('express.ts'), loader: TS_NODE },
      ],
      [
        `${named} on Fastify, TypeScript by tsx`,
        'fastify.ts',
        // Not `nacos-serving fastify.ts`: a Node that strips types has no decorators.
        { ...at, cli: ['--', process.execPath, ...TSX, 'fastify.ts'], loader: TSX },
      ],
    ] satisfies readonly Row[];
  }),
];

it('every fixture has no word about us in it', () => {
  const { stdout } = spawnSync(
    'grep',
    ['-rliE', '--exclude-dir=node_modules', 'nacos', 'test/fixtures/apps/frameworks'],
    { encoding: 'utf8' },
  );
  expect(stdout).toBe('');
});

describe('an unmodified app of', () => {
  it.each(APPS)('%s', async (title, file, app) => {
    const fixture = app.in ?? 'frameworks';
    const loader = app.loader ?? [];
    const base = app.by === 'https:' ? withoutExtension(file) : slug(title);
    const [byApp, byPreload] = [`${base}-app`, `${base}-preload`];

    const started = scene.start(fixture, [
      scene.cli,
      '--service-name',
      byApp,
      ...(app.cli ?? [file]),
    ]);
    // A program that starts node itself hands on NODE_OPTIONS, and not each flag of its own.
    const preload = ['--require', 'nacos-serving/register'];
    const byOptions = loader[0] === TSX_PROGRAM;
    const preloaded = scene.start(fixture, [...(byOptions ? [] : preload), ...loader, file], {
      NACOS_SERVICE_NAME: byPreload,
      ...(byOptions ? { NODE_OPTIONS: preload.join(' ') } : {}),
    });
    const bare = scene.start(fixture, [...loader, file]);
    await bare.line(/listening on \d+$/);
    const endOfBare = terminate(bare);

    const both = [
      { child: started, name: byApp },
      { child: preloaded, name: byPreload },
    ];
    for (const { child, name } of both) {
      const { secure } = await registeredPort(scene, child, name);
      expect(secure).toBe(app.by === 'https:');
    }
    const scheme = app.by === 'h2c:' ? 'h2c:' : 'http:';
    const answers = await scene.call(both.map(({ name }) => `${scheme}//${name}/hello`));
    expect(answers).toEqual([app.answer, app.answer]);

    const ends = await Promise.all(
      both.map(async ({ child, name }) => {
        const end = await terminate(child);
        expect(await scene.listed(name)).toEqual([]);
        return end;
      }),
    );
    expect(ends).toEqual([await endOfBare, await endOfBare]);
    expect(started.lines).toContainEqual(
      expect.stringMatching(new RegExp(`^nacos-serving info +deregistered ${byApp} `)),
    );
  });
});

/** The certificate of the TLS fixtures has the names of their files. */
function withoutExtension(file: string): string {
  return file.replace(/\.\w+$/, '');
}

function slug(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

/**
 * The explicit way in, framework by framework: an app as a user would write it, with our package installed beside the framework, against the
 * dev server. The first test of each waits in its quiet time for as long as it takes to look at everything.
 */
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Instance } from '../../src/model.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import type { Child } from '../helpers/child.js';
import {
  appFolder,
  type AppFolder,
  type Installed,
  type StartOptions,
} from '../helpers/explicit-app.js';

const NEST_11: Installed = nest('node_modules');
const NEST_12: Installed = nest('test/fixtures/apps/nest-12/node_modules');

interface Case {
  readonly name: string;
  readonly app: string;
  readonly packages: Installed;
  readonly formats: readonly ('cjs' | 'mjs')[];
  readonly args?: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: 'Express 4',
    app: 'express',
    packages: { express: 'node_modules/express-4' },
    formats: ['cjs', 'mjs'],
  },
  {
    name: 'Express 5',
    app: 'express',
    packages: { express: 'node_modules/express' },
    formats: ['cjs', 'mjs'],
  },
  { name: 'Koa', app: 'koa', packages: { koa: 'node_modules/koa' }, formats: ['cjs', 'mjs'] },
  {
    name: 'Hono',
    app: 'hono',
    packages: { hono: 'node_modules/hono', '@hono/node-server': 'node_modules/@hono/node-server' },
    formats: ['cjs', 'mjs'],
  },
  {
    name: 'Fastify 4',
    app: 'fastify',
    packages: { fastify: 'node_modules/fastify-4' },
    formats: ['cjs', 'mjs'],
  },
  {
    name: 'Fastify 5',
    app: 'fastify',
    packages: { fastify: 'node_modules/fastify' },
    formats: ['cjs', 'mjs'],
  },
  {
    name: 'hapi',
    app: 'hapi',
    packages: { '@hapi/hapi': 'node_modules/@hapi/hapi' },
    formats: ['cjs', 'mjs'],
  },
  {
    name: 'Nest 11 on Express',
    app: 'nest',
    packages: NEST_11,
    formats: ['cjs', 'mjs'],
    args: ['express'],
  },
  {
    name: 'Nest 11 on Fastify',
    app: 'nest',
    packages: NEST_11,
    formats: ['cjs', 'mjs'],
    args: ['fastify', 'async'],
  },
  {
    name: 'Nest 12 on Express',
    app: 'nest',
    packages: NEST_12,
    formats: ['cjs', 'mjs'],
    args: ['express', 'async'],
  },
  {
    name: 'Nest 12 on Fastify',
    app: 'nest',
    packages: NEST_12,
    formats: ['cjs', 'mjs'],
    args: ['fastify'],
  },
  {
    name: 'node:http',
    app: 'plain',
    packages: {},
    formats: ['cjs', 'mjs'],
    args: ['http'],
  },
];

function nest(modules: string): Installed {
  const names = ['common', 'core', 'platform-express', 'platform-fastify'];
  return {
    ...Object.fromEntries(names.map((name) => [`@nestjs/${name}`, `${modules}/@nestjs/${name}`])),
    'reflect-metadata': 'node_modules/reflect-metadata',
  };
}

let dev: DevServer;
const folders: AppFolder[] = [];
let services = 0;

beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
});
afterAll(async () => {
  for (const folder of folders) folder[Symbol.dispose]();
  await dev.close();
});

function folderOf(packages: Installed): AppFolder {
  const folder = appFolder(packages);
  folders.push(folder);
  return folder;
}

interface Running extends AsyncDisposable {
  readonly child: Child;
  readonly service: string;
  readonly port: number;
  rows(): readonly Instance[];
  get(url: string): Promise<{ status: number; text: string }>;
}

/** Starts the app under a name of its own and waits for its row. */
async function run(
  folder: AppFolder,
  app: string,
  quietMs: number,
  options: Pick<StartOptions, 'format'> & Partial<StartOptions>,
): Promise<Running> {
  services += 1;
  const service = `explicit-${String(services)}`;
  const child = folder.start(app, {
    ...options,
    env: {
      NACOS_SERVER: dev.address,
      // For what is unaware of us, and to be outdone by options in code.
      NACOS_SERVICE_NAME: service,
      SERVICE: service,
      QUIET_MS: String(quietMs),
      ...options.env,
    },
  });
  try {
    const port = Number((await child.line(/^listening on (\d+)$/))[1]);
    const rows = (): readonly Instance[] => dev.instances(service);
    await vi.waitFor(() => expect(rows()).toMatchObject([{ port, healthy: true }]), WAIT);
    return {
      child,
      service,
      port,
      rows,
      async get(url) {
        const response = await fetch(`http://127.0.0.1:${String(port)}${url}`, {
          headers: { connection: 'close' },
        });
        return { status: response.status, text: await response.text() };
      },
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw new Error(`it was not registered:\n${child.lines.join('\n')}`, { cause: error });
  }
}

const WAIT = { timeout: 20_000, interval: 20 };
const LONG_MS = 50_000;

describe.each(CASES)('$name', ({ app, packages, formats, args = [] }) => {
  const folder = folderOf(packages);

  it.each(formats)('leaves before it refuses anything when it is closed (%s)', async (format) => {
    await using running = await run(folder, app, LONG_MS, { format, args });
    await vi.waitFor(async () => expect((await running.get('/health')).status).toBe(200), WAIT);
    running.child.kill('SIGUSR2');
    await running.child.line(/^closing$/);
    await vi.waitFor(() => expect(running.rows()).toEqual([]), WAIT);
    expect(await running.get('/')).toEqual({ status: 200, text: 'hello' });
    const health = await running.get('/health');
    expect(health.status).toBe(503);
    expect(JSON.parse(health.text)).toMatchObject({ ready: false });
    expect(running.child.lines).not.toContain('closed');
  });

  it('is one row with the preload on top, under the name that code gives, and ends', async () => {
    await using running = await run(folder, app, 0, {
      format: 'cjs',
      args,
      preload: true,
      env: { NACOS_SERVICE_NAME: 'not-this-one' },
    });
    running.child.kill('SIGUSR2');
    await running.child.line(/^closed$/);
    expect(running.rows()).toEqual([]);
    expect(await running.child.exit()).toEqual({ code: 0, signal: null });
    expect(dev.instances('not-this-one')).toEqual([]);
  });
});

describe.each([
  ['4', 'node_modules/fastify-4'],
  ['5', 'node_modules/fastify'],
])('Fastify %s that knows nothing of us', (_, fastify) => {
  const folder = folderOf({ fastify });

  it('leaves before it refuses anything when it is closed', async () => {
    await using running = await run(folder, 'fastify-unaware', 0, {
      format: 'mjs',
      preload: true,
      env: { NACOS_QUIET_TIME: String(LONG_MS / 1000), NACOS_SHUTDOWN_TIMEOUT: '60' },
    });
    running.child.kill('SIGUSR2');
    await vi.waitFor(() => expect(running.rows()).toEqual([]), WAIT);
    expect(await running.get('/')).toEqual({ status: 200, text: 'hello' });
    expect(running.child.lines).not.toContain('preClose');
  });
});

describe('Fastify', () => {
  const folder = folderOf({ fastify: 'node_modules/fastify' });

  it('is one instance on localhost, where it listens twice', async () => {
    await using running = await run(folder, 'fastify', 0, {
      format: 'mjs',
      preload: true,
      env: { HOST: 'localhost' },
    });
    running.child.kill('SIGUSR2');
    await running.child.line(/^closed$/);
    expect(running.rows()).toEqual([]);
    await running.child.exit();
  });
});

describe.each([
  ['11', NEST_11],
  ['12', NEST_12],
])('Nest %s with shutdown hooks', (_, packages) => {
  const folder = folderOf(packages);

  it.each(['express', 'fastify'])(
    'leaves once when a signal comes, and then closes (%s)',
    async (platform) => {
      await using running = await run(folder, 'nest', 0, {
        format: 'mjs',
        args: [platform, 'hooks'],
        env: { LEVEL: 'info' },
      });
      running.child.kill('SIGTERM');
      expect(await running.child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
      const { lines } = running.child;
      const leaving = lines.findIndex((line) => line.includes('leaving Nacos'));
      expect(lines[leaving]).toContain('SIGTERM');
      expect(lines.findIndex((line) => line === 'database closed')).toBeGreaterThan(leaving);
      expect(lines.filter((line) => line.includes('leaving Nacos'))).toHaveLength(1);
      expect(running.rows()).toEqual([]);
    },
  );
});

describe('registerServer', () => {
  const folder = folderOf({});
  const tls = (file: string): string => path.join(import.meta.dirname, '../fixtures/tls', file);
  const env = { KEY: tls('orders.key'), CERT: tls('orders.crt') };

  it('has the log and the shutdown of the process follow its options', async () => {
    await using running = await run(folder, 'plain', LONG_MS, {
      format: 'mjs',
      args: ['http'],
      env: { LEVEL: 'info', NACOS_LOG_LEVEL: 'error', NACOS_SHUTDOWN_TIMEOUT: '0' },
    });
    await running.child.line(/^nacos-serving info {2}.*registered/);
    running.child.kill('SIGUSR2');
    await vi.waitFor(() => expect(running.rows()).toEqual([]), WAIT);
    // With the timeout of the variable there would be no quiet time.
    expect((await running.get('/')).status).toBe(200);
  });

  it.each([
    ['http', 'after', {}],
    ['https', 'before', { secure: 'true' }],
    ['http2', 'before', {}],
  ])('takes a server of %s, told %s it listens, and no other one', async (kind, when, metadata) => {
    await using running = await run(folder, 'plain', 0, { format: 'mjs', args: [kind, when], env });
    await running.child.line(/^service says registered$/);
    expect(running.rows()).toMatchObject([{ port: running.port, metadata }]);
    running.child.kill('SIGUSR2');
    await running.child.line(/^closed$/);
    expect(running.rows()).toEqual([]);
    await running.child.exit();
  });
});

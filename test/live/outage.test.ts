import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { anOwnServer, type OwnServer } from '../helpers/own-server.js';

/** Java starts slowly, on a busy machine several times as slowly. */
const STARTS_MS = 300_000;
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PRELOAD = fileURLToPath(new URL('../../dist/entry/register.cjs', import.meta.url));
const PROVIDER = fileURLToPath(
  new URL('../../examples/quick-start/provider/app.js', import.meta.url),
);
const CALLER = fileURLToPath(new URL('../fixtures/apps/steady-caller/app.mjs', import.meta.url));

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};

interface Scene {
  readonly server: OwnServer;
  readonly client: NacosClient;
  provider(name: string): Child;
  rows(): Promise<readonly number[]>;
}

async function aScene(service: string): Promise<Scene> {
  const server = own(await anOwnServer());
  const client = own(createClient({ server: server.address, logger: silentLogger }));
  return {
    server,
    client,
    provider: (name) =>
      own(
        startNode([CLI, '--service-name', service, PROVIDER], {
          env: { NACOS_SERVER: server.address, PROVIDER_NAME: name },
        }),
      ),
    rows: async () => (await client.naming.query(service)).instances.map((row) => row.port),
  };
}

/** Polls a condition of the world outside, which has no event of its own; fails after `withinMs`. */
async function within(withinMs: number, what: () => Promise<void>): Promise<void> {
  await expect
    .poll(async () => what().then(() => 'yes', String), { timeout: withinMs, interval: 50 })
    .toBe('yes');
}

describe('when Nacos is away', () => {
  it(
    'an app starts and serves as if we were not there, warns once, and is registered within 6 s after Nacos is ready',
    async () => {
      const { server, provider, rows } = await aScene('outage-start');
      const app = provider('A');
      const [, port = ''] = await app.line(/listens on port (\d+)/);
      await app.line(/warn .*cannot reach Nacos/);
      const response = await fetch(`http://127.0.0.1:${port}/hello`);
      expect(await response.json()).toMatchObject({ from: 'A' });

      await server.start();
      await within(6000, async () => expect(await rows()).toEqual([Number(port)]));
      expect(app.lines.filter((line) => / warn /.test(line))).toHaveLength(1);
      app.kill('SIGTERM');
      expect(await app.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    },
    STARTS_MS,
  );

  it(
    'a server killed with -9 and started again has exactly the same rows within 10 s, and no call fails meanwhile',
    async () => {
      const { server, provider, rows } = await aScene('outage-kill');
      await server.start();
      const apps = [provider('A'), provider('B')];
      const ports = await Promise.all(
        apps.map(async (app) => Number((await app.line(/listens on port (\d+)/))[1])),
      );
      const wanted = ports.toSorted((a, b) => a - b);
      const sorted = async (): Promise<readonly number[]> =>
        (await rows()).toSorted((a, b) => a - b);
      await within(6000, async () => expect(await sorted()).toEqual(wanted));
      const caller = own(
        startNode(['--require', PRELOAD, CALLER, 'http://outage-kill/hello'], {
          env: { NACOS_SERVER: server.address },
        }),
      );
      await caller.line(/^answered: 50$/);

      await server.kill();
      await server.start();
      await within(10_000, async () => expect(await sorted()).toEqual(wanted));
      // The caller's own list settles with the push of the restarted server: calls go on through all of it.
      const answered = caller.lines.findLast((line) => line.startsWith('answered: '))?.slice(10);
      await caller.line(new RegExp(`^answered: ${String(Number(answered) + 200)}$`));
      caller.process.stdin?.end();
      const [, failed] = await caller.line(/^calls: \d+, failed: (\d+)$/);
      expect(failed).toBe('0');
      expect(await caller.exit()).toEqual({ code: 0, signal: null });
      expect(await sorted()).toEqual(wanted);
    },
    STARTS_MS,
  );

  it(
    'a server that stands still for 20 s has exactly the same rows within 10 s after it goes on, and no call fails meanwhile',
    async () => {
      const { server, provider, rows } = await aScene('outage-freeze');
      await server.start();
      const app = provider('A');
      const [, port = ''] = await app.line(/listens on port (\d+)/);
      await within(6000, async () => expect(await rows()).toEqual([Number(port)]));
      const caller = own(
        startNode(['--require', PRELOAD, CALLER, 'http://outage-freeze/hello'], {
          env: { NACOS_SERVER: server.address },
        }),
      );
      await caller.line(/^answered: 50$/);

      await server.freeze(true);
      const thawMs = performance.now() + 20_000;
      await vi.waitFor(() => expect(performance.now()).toBeGreaterThan(thawMs), {
        timeout: 30_000,
      });
      await server.freeze(false);
      await within(10_000, async () => expect(await rows()).toEqual([Number(port)]));
      caller.process.stdin?.end();
      const [, failed] = await caller.line(/^calls: \d+, failed: (\d+)$/);
      expect(failed).toBe('0');
    },
    STARTS_MS,
  );
});

const LOGIN = { username: 'nacos', password: 'nacos' };
const TOKEN_SECONDS = 4;

async function newToken({ address }: OwnServer): Promise<string> {
  const response = await fetch(`http://${address}/nacos/v1/auth/login`, {
    method: 'POST',
    body: new URLSearchParams(LOGIN),
  });
  const { accessToken } = Object(await response.json()) as { readonly accessToken?: unknown };
  if (typeof accessToken !== 'string') throw new Error('no token');
  return accessToken;
}

/** Resolves when the server refuses a token that it has given now. */
async function aTokenLives(server: OwnServer): Promise<void> {
  const accessToken = await newToken(server);
  const query = new URLSearchParams({ dataId: 'none', group: 'none', accessToken });
  const url = `http://${server.address}/nacos/v1/cs/configs?${query.toString()}`;
  expect((await fetch(url)).status).toBe(404);
  await expect
    .poll(async () => (await fetch(url)).status, { timeout: 60_000, interval: 100 })
    .toBe(403);
}

async function isSaid(words: readonly string[]): Promise<void> {
  await using told = startNode([CLI, ...words]);
  expect(await told.exit(), told.lines.join('\n')).toMatchObject({ code: 0 });
}

/** r-nacos asks nobody for a login here. */
if (process.env['NACOS_TEST_KIND'] !== 'r-nacos') {
  describe('when Nacos wants a login', () => {
    it(
      'an app outlives its tokens, and a killed server that knows none of them: exactly the row within 10 s, and no call fails',
      async () => {
        const lives = `-Dnacos.core.auth.plugin.nacos.token.expire.seconds=${String(TOKEN_SECONDS)}`;
        const server = own(await anOwnServer(['--auth', '--java-opts', lives]));
        await server.start();
        const env = {
          NACOS_SERVER: server.address,
          NACOS_USERNAME: LOGIN.username,
          NACOS_PASSWORD: LOGIN.password,
        };
        const client = own(
          createClient({ server: server.address, ...LOGIN, logger: silentLogger }),
        );
        const name = 'outage-login';
        const app = own(startNode([CLI, '--service-name', name, PROVIDER], { env }));
        const [, port = ''] = await app.line(/listens on port (\d+)/);
        const isListed = (weight: number): Promise<void> =>
          within(10_000, async () => {
            const { instances } = await client.naming.query(name);
            const rows = instances.map((row) => [row.port, row.weight]);
            expect(rows).toEqual([[Number(port), weight]]);
          });
        await isListed(1);
        const caller = own(
          startNode(['--require', PRELOAD, CALLER, `http://${name}/hello`], { env }),
        );
        await caller.line(/^answered: 50$/);

        for (const weight of [2, 3]) {
          await aTokenLives(server);
          // A request of the app of its own, which needs a token that is good.
          await isSaid(['weight', String(weight), '--service', name]);
          await isListed(weight);
        }
        await server.kill();
        await server.start();
        await isListed(3);
        caller.process.stdin?.end();
        const [, failed] = await caller.line(/^calls: \d+, failed: (\d+)$/);
        expect(failed).toBe('0');
      },
      2 * STARTS_MS,
    );
  });
}

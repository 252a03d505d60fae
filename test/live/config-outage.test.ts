/**
 * Configs while a real server of our own is killed with -9 and started again: who listened before hears what is published after, for one
 * key and for a thousand; and with a login, whose tokens end and are forgotten. Three minutes later the full sync would find any change: what
 * is heard here within a minute, the server has told because it was asked to.
 */
import { afterEach, describe, expect, it } from 'vitest';

import { createClient, type ClientOptions, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { anOwnServer, type OwnServer } from '../helpers/own-server.js';

/** Java starts slowly, on a busy machine several times as slowly. */
const STARTS_MS = 300_000;
const SOON = { timeout: 60_000, interval: 50 };
const KEYS = 1000;
const AT_A_TIME = 16;
const TOKEN_SECONDS = 4;
const USER = { username: 'nacos', password: process.env['NACOS_PASSWORD'] ?? 'nacos' };

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
}, STARTS_MS);
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};

function clientOf({ address }: OwnServer, options: ClientOptions = {}): NacosClient {
  return own(
    createClient({ server: address, logger: silentLogger, requestTimeoutMs: 10_000, ...options }),
  );
}

async function publishAll({ config }: NacosClient, ids: readonly string[], content: string) {
  const left = [...ids];
  const work = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      await config.publish(id, undefined, content);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

describe('when a server is killed with -9 and started again', () => {
  it(
    'who listens, to one key or to a thousand, hears what is published after it',
    async () => {
      const server = own(await anOwnServer());
      await server.start();
      const writer = clientOf(server);
      const listener = clientOf(server);
      const ids = Array.from({ length: KEYS }, (_, index) => `kept-${String(index)}.txt`);
      await publishAll(writer, ids, 'before');

      const heard = new Map<string, string | undefined>();
      const subscriptions = ids.map((id) =>
        listener.config.listen(id, undefined, (version, { dataId }) => {
          heard.set(dataId, version?.content);
        }),
      );
      const countOf = (content: string) =>
        [...heard.values()].filter((text) => text === content).length;
      const liveOnes = () => subscriptions.filter(({ state }) => state === 'live').length;
      await expect.poll(() => countOf('before'), SOON).toBe(KEYS);
      await expect.poll(liveOnes, SOON).toBe(KEYS);

      await server.kill();
      await expect.poll(liveOnes, SOON).toBe(0);
      expect(subscriptions.map(({ state }) => state)).toEqual(ids.map(() => 'stale'));
      await server.start();
      // Each is confirmed by the server that was started, with the sum it had.
      await expect.poll(liveOnes, SOON).toBe(KEYS);
      expect(countOf('before')).toBe(KEYS);
      await writer.connect({ apis: ['config'], timeoutMs: 60_000 });
      await publishAll(writer, ids.slice(0, 1), 'one');
      await expect.poll(() => heard.get('kept-0.txt'), SOON).toBe('one');
      await publishAll(writer, ids, 'after');
      await expect.poll(() => countOf('after'), SOON).toBe(KEYS);
    },
    2 * STARTS_MS,
  );
});

/** Resolves when the server refuses a token that it has given now. */
async function aTokenLives({ address }: OwnServer): Promise<void> {
  const response = await fetch(`http://${address}/nacos/v1/auth/login`, {
    method: 'POST',
    body: new URLSearchParams(USER),
  });
  const { accessToken } = Object(await response.json()) as { readonly accessToken?: unknown };
  const query = new URLSearchParams({ dataId: 'x', group: 'x', accessToken: String(accessToken) });
  const url = `http://${address}/nacos/v1/cs/configs?${query.toString()}`;
  expect((await fetch(url)).status).toBe(404);
  await expect
    .poll(async () => (await fetch(url)).status, { timeout: 60_000, interval: 100 })
    .toBe(403);
}

/** r-nacos asks nobody for a login here. */
if (process.env['NACOS_TEST_KIND'] !== 'r-nacos') {
  describe('when Nacos wants a login', () => {
    it(
      'configs are refused without, and outlive with it the tokens and a kill of the server',
      async () => {
        const lives = `-Dnacos.core.auth.plugin.nacos.token.expire.seconds=${String(TOKEN_SECONDS)}`;
        const server = own(await anOwnServer(['--auth', '--java-opts', lives]));
        await server.start();
        const { config } = clientOf(server, USER);
        const nobody = clientOf(server).config;
        const id = 'secured.txt';
        const refused = { code: 'FORBIDDEN' };

        const heard: (string | undefined)[] = [];
        own(config.listen(id, undefined, (version) => void heard.push(version?.content)));
        await config.publish(id, undefined, 'first');
        await expect.poll(() => heard.at(-1), SOON).toBe('first');
        expect((await config.get(id))?.content).toBe('first');
        await expect(nobody.get(id)).rejects.toMatchObject(refused);
        await expect(nobody.publish(id, undefined, 'not mine')).rejects.toMatchObject(refused);
        await expect(nobody.remove(id)).rejects.toMatchObject(refused);
        await expect(nobody.list()).rejects.toMatchObject(refused);
        const deaf = own(
          nobody.listen(id, undefined, () => {
            throw new Error('heard without a login');
          }),
        );
        await expect(deaf.ready()).rejects.toMatchObject(refused);

        await aTokenLives(server);
        await config.publish(id, undefined, 'second');
        await expect.poll(() => heard.at(-1), SOON).toBe('second');
        expect((await config.list()).configs.map(({ dataId }) => dataId)).toContain(id);

        await server.kill();
        await server.start();
        // The server knows no token any more, young or old.
        await config.publish(id, undefined, 'third', { timeoutMs: 60_000 });
        await expect.poll(() => heard.at(-1), SOON).toBe('third');
        expect(heard).toEqual(['first', 'second', 'third']);
        expect(deaf.current).toBeUndefined();
      },
      2 * STARTS_MS,
    );
  });
}

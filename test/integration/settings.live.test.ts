/** Settings on a server: read at the start, followed, refused, and read again after the server was away. */
import * as v from 'valibot';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { createClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { createSettings } from '../../src/settings/settings.js';
import { aConfigWriter, type ConfigWriter } from '../helpers/config-writer.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 15_000, interval: 20 };

let registry: TestRegistry;
let writer: ConfigWriter;
beforeAll(async () => {
  registry = await openRegistry();
  writer = aConfigWriter(registry.address);
});
afterAll(async () => {
  await writer[Symbol.asyncDispose]();
  await registry.close();
});

function aClient() {
  const client = createClient({ server: registry.address, logger: silentLogger });
  onTestFinished(() => client.close());
  return client;
}

it('reads all sources, follows them, and keeps the last good ones', async () => {
  const name = registry.uniqueName('settings');
  await writer.put(`${name}-shared.properties`, 'a=1\nshared=yes\n');
  await writer.put(`${name}.toml`, 'a = 2\n[db]\npool = 5\n', 'orders');
  await writer.put(`${name}.json`, '{"c": "${shared} ${a}"}');
  const settings = await createSettings({
    config: aClient().config,
    shared: [`${name}-shared.properties`],
    imports: [
      `nacos:${name}.toml?group=orders`,
      `nacos:${name}.json`,
      `optional:nacos:${name}-none.yaml`,
    ],
    schema: v.object({ a: v.number(), c: v.string(), db: v.object({ pool: v.number() }) }),
    logger: silentLogger,
  });
  onTestFinished(() => settings.close());
  expect(settings.value).toEqual({ a: 2, c: 'yes 2', db: { pool: 5 } });
  expect(settings.status.sources.map(({ state, from }) => [state, from])).toEqual([
    ['loaded', 'server'],
    ['loaded', 'server'],
    ['loaded', 'server'],
    ['missing', undefined],
  ]);

  const changes: (readonly string[])[] = [];
  settings.onChange(({ keys }) => void changes.push(keys));
  await writer.put(`${name}.toml`, 'a = 3\n[db]\npool = 6\n', 'orders');
  await expect.poll(() => settings.value.db.pool, SOON).toBe(6);
  expect(changes).toEqual([['a', 'c', 'db.pool']]);

  await writer.put(`${name}.toml`, 'a = "wrong"\n[db]\npool = 7\n', 'orders');
  await expect
    .poll(() => settings.status.problem, SOON)
    .toContain(`${name}.toml?group=orders was refused`);
  expect(settings.value.db.pool).toBe(6);

  // What was not there is followed as well.
  await writer.put(`${name}-none.yaml`, 'a: 9\n');
  await expect.poll(() => settings.value.a, SOON).toBe(9);
  await writer.remove(`${name}-none.yaml`);
  await writer.put(`${name}.toml`, 'a = 4\n[db]\npool = 8\n', 'orders');
  await expect.poll(() => settings.value, SOON).toEqual({ a: 4, c: 'yes 4', db: { pool: 8 } });
  await expect.poll(() => settings.status.state, SOON).toBe('ok');
});

it('says which config is missing', async () => {
  const name = registry.uniqueName('settings');
  await expect(
    createSettings({
      config: aClient().config,
      imports: [`nacos:${name}.yaml`],
      logger: silentLogger,
    }),
  ).rejects.toMatchObject({ code: 'SETTINGS_MISSING' });
});

it('says that nobody answers, in the time that was given', async () => {
  const client = createClient({ server: '127.0.0.1:1', logger: silentLogger });
  onTestFinished(() => client.close());
  await expect(
    createSettings({
      config: client.config,
      imports: ['nacos:app.yaml'],
      timeoutMs: 300,
      logger: silentLogger,
    }),
  ).rejects.toMatchObject({ code: 'SETTINGS_UNREACHABLE' });
});

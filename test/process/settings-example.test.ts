/** The example of settings, as it stands: with code, with a bad push, and without code. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { aConfigWriter } from '../helpers/config-writer.js';
import { installedFolder } from '../helpers/explicit-app.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const { scripts } = (
  (await import('../../examples/settings/app/package.json', { with: { type: 'json' } })) as {
    default: { scripts: Readonly<Record<string, string>> };
  }
).default;
const WAIT = { timeout: 20_000, interval: 20 };

let dev: DevServer;
let folder: string;
beforeAll(async () => {
  dev = await startDevServer({ port: 0, logger: silentLogger, configDelayMs: 1 });
  folder = installedFolder({ valibot: 'node_modules/valibot' }, (to) => {
    cpSync(path.join(ROOT, 'examples', 'settings', 'app'), to, { recursive: true });
  });
});
afterAll(async () => {
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script of package.json. */
function run(script: string): Child {
  const [program, ...words] = scripts[script]?.split(' ') ?? [];
  return startNode(program === 'node' ? words : [CLI, ...words], {
    cwd: folder,
    env: { NACOS_SERVER: dev.address, PORT: '0' },
  });
}

it('follows Nacos, keeps the last good settings, and gives an app without code its variables', async () => {
  await using seed = run('seed');
  expect((await seed.exit()).code).toBe(0);
  await using app = run('start');
  const port = Number((await app.line(/^listening on (\d+)$/))[1]);
  const get = async (url: string): Promise<string> =>
    (
      await fetch(`http://127.0.0.1:${String(port)}${url}`, { headers: { connection: 'close' } })
    ).text();
  expect(await get('/')).toBe('prices in USD, 20 a page');
  const printed = app.lines.join('\n');
  expect(printed).toContain('log.level = info (nacos:shared.yaml?group=DEFAULT_GROUP)');
  expect(printed).toContain('db.password = *** (nacos:orders.yaml?group=DEFAULT_GROUP)');
  expect(printed).not.toContain('not-shown');

  await using writer = aConfigWriter(dev.address);
  const content = (size: number): string =>
    `currency: CHF\ngreeting: "\${currency}"\npage:\n  size: ${String(size)}\ndb:\n  password: p\n`;
  await writer.put('orders.yaml', content(50));
  await app.line(/^changed: currency, db\.password, greeting, page\.size$/);
  expect(await get('/')).toBe('CHF, 50 a page');
  await writer.put('orders.yaml', content(1000));
  await vi.waitFor(async () => {
    expect(JSON.parse(await get('/status'))).toMatchObject({
      state: 'degraded',
      problem: expect.stringContaining('page.size') as unknown,
    });
  }, WAIT);
  expect(await get('/')).toBe('CHF, 50 a page');

  await using plain = run('zero-code');
  await plain.line(/^CHF, 1000 a page$/);
});

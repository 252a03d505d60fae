/** The example of gray release, as it stands: tagged calls come to the new release, all others do not. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startNode, type Child } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const SCRIPTS = (
  (await import('../../examples/gray-release/app/package.json', { with: { type: 'json' } })) as {
    default: { scripts: Readonly<Record<string, string>> };
  }
).default.scripts;

let dev: DevServer;
let folder: string;
const children: Child[] = [];
beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
  folder = installedFolder({}, (to) => {
    cpSync(path.join(ROOT, 'examples', 'gray-release', 'app'), to, { recursive: true });
  });
});
afterAll(async () => {
  await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  await dev.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script of package.json, on a free port. */
async function run(script: string): Promise<number> {
  const words = SCRIPTS[script]?.split(' ') ?? [];
  expect(words.slice(0, 2)).toEqual([expect.stringMatching(/^PORT=\d+$/), 'nacos-serving']);
  const child = startNode([CLI, ...words.slice(2)], {
    cwd: folder,
    env: { NACOS_SERVER: dev.address, PORT: '0', NACOS_QUIET_TIME: '0' },
  });
  children.push(child);
  return Number((await child.line(/listening on (\d+)$/))[1]);
}

it('sends tagged calls to the new release, and all others to the old one', async () => {
  const plain = await run('orders');
  const gray = await run('orders:gray');
  const shop = await run('shop');
  await vi.waitFor(() => expect(dev.instances('orders')).toHaveLength(2), { timeout: 20_000 });
  await vi.waitFor(() => expect(dev.instances('shop')).toHaveLength(1), { timeout: 20_000 });
  const ask = async (headers: Record<string, string>): Promise<unknown> =>
    (await fetch(`http://127.0.0.1:${String(shop)}/`, { headers })).json();
  for (let call = 0; call < 4; call += 1) {
    expect(await ask({})).toEqual({ from: plain, tag: null });
    expect(await ask({ 'x-tag': 'gray' })).toEqual({ from: gray, tag: 'gray' });
    expect(await ask({ 'x-tag': 'blue' })).toEqual({ from: plain, tag: 'blue' });
  }
});

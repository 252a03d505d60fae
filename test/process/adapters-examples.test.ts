/** Each example of a framework, as it stands, started against the dev server: it is registered, answers, and leaves by SIGTERM. */
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const WAIT = { timeout: 20_000, interval: 20 };

const CASES: readonly (readonly [name: string, packages: readonly string[]])[] = [
  ['express', ['express']],
  ['koa', ['koa']],
  ['fastify', ['fastify']],
  ['hono', ['hono', '@hono/node-server']],
  ['hapi', ['@hapi/hapi']],
  [
    'nest',
    ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
  ],
  ['plain-http', []],
];

let dev: DevServer;
beforeAll(async () => {
  dev = await startDevServer({ port: 0 });
});
afterAll(() => dev.close());

it.each(CASES)('the example of %s', async (name, packages) => {
  const installed: Record<string, string> = {};
  for (const one of packages) installed[one] = `node_modules/${one}`;
  const folder = installedFolder(installed, (to) => {
    cpSync(path.join(EXAMPLES, name, 'app'), to, { recursive: true });
  });
  try {
    await using app = startNode(['app.js'], {
      cwd: folder,
      // Port 0 and a short quiet time are for the tests alone.
      env: { NACOS_SERVER: dev.address, PORT: '0', NACOS_QUIET_TIME: '0' },
    });
    const port = Number((await app.line(/^listening on (\d+)$/))[1]);
    await vi.waitFor(() => expect(dev.instances('orders')).toMatchObject([{ port }]), WAIT);
    const response = await fetch(`http://127.0.0.1:${String(port)}/hello`, {
      headers: { connection: 'close' },
    });
    expect(await response.json()).toEqual({ from: name === 'plain-http' ? 'node:http' : name });
    app.kill('SIGTERM');
    await app.exit();
    expect(dev.instances('orders')).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

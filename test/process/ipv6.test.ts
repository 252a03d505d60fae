/** A registry, a provider and a caller that have nothing but IPv6 between them. */
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, it } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PRELOAD = path('../../dist/entry/register.cjs');
const ONCE = path('../fixtures/apps/callers/once.mjs');
const APP = `
  const server = require('node:http').createServer((_, response) => response.end(JSON.stringify({ from: 'six' })));
  server.listen(0, '::1', () => console.log('listens on port ' + server.address().port));`;

const open: AsyncDisposable[] = [];
const own = <T extends AsyncDisposable>(thing: T): T => {
  open.push(thing);
  return thing;
};
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing[Symbol.asyncDispose]();
});

describe('with IPv6 only', () => {
  it('a provider is registered by its bare address, and called by name by fetch and http', async () => {
    const registry = own(await startDevServer({ host: '::1' }));
    const address = `[::1]:${String(registry.port)}`;
    const env = { NACOS_SERVER: address, NACOS_SERVICE_NAME: 'six', NACOS_LOG_LEVEL: 'info' };
    const app = own(startNode(['--require', PRELOAD, '-e', APP], { env }));
    const [, port] = await app.line(/listens on port (\d+)/);
    await app.line(/ registered six \[::1\]:\d+ /);
    expect(registry.instances('six')).toMatchObject([{ ip: '::1', port: Number(port) }]);

    const caller = own(
      startNode(['--require', PRELOAD, ONCE, 'http://six/'], { env: { NACOS_SERVER: address } }),
    );
    expect(await caller.exit()).toEqual({ code: 0, signal: null });
    expect(caller.lines).toEqual(['fetch: six', 'http: six', 'done']);
  });
});

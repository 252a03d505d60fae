/** Values are handed on by cluster workers too, whose registration is the primary's business and whose runtime may be loaded by the first call only. */
import { fileURLToPath } from 'node:url';

import { expect, it, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode } from '../helpers/child.js';
import { startEcho } from '../helpers/echo-server.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const PRELOAD = fileURLToPath(new URL('../../dist/entry/register.cjs', import.meta.url));

const APP = `
const cluster = require('node:cluster');
if (cluster.isPrimary) cluster.fork();
else {
  const server = require('node:http').createServer(async (request, response) => {
    response.end(await (await fetch('http://called/')).text());
  });
  server.listen(0, () => console.log('listening on ' + server.address().port));
}
`;

it('a worker hands on the tag of its very first request', async () => {
  await using dev = await startDevServer({ port: 0 });
  await using client = createClient({ server: dev.address, logger: silentLogger });
  await using called = await startEcho();
  await client.naming.register('called', { ip: '127.0.0.1', port: called.port });
  using folder = tempFolder({ 'app.cjs': APP });
  await using app = startNode(['--require', PRELOAD, 'app.cjs'], {
    env: { NACOS_SERVER: dev.address, NACOS_SERVICE_NAME: 'workers', NACOS_PROPAGATE: 'x-tag' },
    cwd: folder.path,
  });
  const [, port] = await app.line(/^listening on (\d+)$/);
  // Whoever calls by name comes after this.
  await vi.waitFor(() => expect(dev.instances('workers')).toHaveLength(1), { timeout: 20_000 });
  const ask = async (tag: string): Promise<void> => {
    const headers = { 'x-tag': tag };
    const response = await fetch(`http://127.0.0.1:${String(port)}/`, { headers });
    expect(await response.text()).toBe('echo');
  };
  await ask('first');
  await ask('second');
  expect(called.headers.map((headers) => headers['x-tag'])).toEqual(['first', 'second']);
});

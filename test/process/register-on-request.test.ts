/** Servers that code registers one after the other, each with its first request to come. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, it, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';

const OURS = pathToFileURL(path.join(import.meta.dirname, '../../dist/index.js')).href;

const APP = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { registerServer, registrations } from ${JSON.stringify(OURS)};
const start = async (name) => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  registerServer(server, { service: { name }, registration: { registerOnRequest: true } });
  const known = () => registrations().some(({ service }) => service.name === name);
  while (!known()) await new Promise((resolve) => setTimeout(resolve, 10));
  await fetch('http://127.0.0.1:' + server.address().port);
};
await start('first');
await start('second');
`;

it('a server that code registers after the first request waits for the next one, and is registered', async () => {
  const dev = await startDevServer({ port: 0 });
  try {
    await using app = startNode(['--input-type=module', '-e', APP], {
      env: { NACOS_SERVER: dev.address },
    });
    await vi.waitFor(
      () => {
        const names = dev.instances({ name: 'second' });
        expect({ count: names.length, said: app.lines }).toEqual({ count: 1, said: [] });
      },
      { timeout: 8000, interval: 20 },
    );
  } finally {
    await dev.close();
  }
});

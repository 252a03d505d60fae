/** Servers that code registers one after the other, each with its first request to come. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { expect, it, vi } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';

const SOON = { timeout: 20_000, interval: 20 };
const OURS = pathToFileURL(path.join(import.meta.dirname, '../../dist/index.js')).href;

/** Does what a line on its standard input says: `start NAME`, `look NAME`, which answers when it knows the registration, and `ask NAME`. */
const APP = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { registerServer, registrations } from ${JSON.stringify(OURS)};
const servers = new Map();
const commands = {
  async start(name) {
    const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.set(name, server);
    registerServer(server, { service: { name }, registration: { registerOnRequest: true } });
  },
  look(name) {
    if (registrations().some(({ service }) => service.name === name)) console.log('knows ' + name);
  },
  ask: (name) => fetch('http://127.0.0.1:' + servers.get(name).address().port),
};
for await (const line of createInterface({ input: process.stdin })) {
  const [command, name] = line.split(' ');
  await commands[command](name);
}
`;

it('a server that code registers after the first request waits for the next one, and is registered', async () => {
  const dev = await startDevServer({ port: 0 });
  try {
    await using app = startNode(['--input-type=module', '-e', APP], {
      env: { NACOS_SERVER: dev.address },
    });
    const tell = (line: string): void => void app.process.stdin?.write(`${line}\n`);
    for (const name of ['first', 'second']) {
      tell(`start ${name}`);
      await vi.waitFor(() => {
        tell(`look ${name}`);
        expect(app.lines).toContain(`knows ${name}`);
      }, SOON);
      expect(dev.instances({ name })).toEqual([]);
      tell(`ask ${name}`);
      await vi.waitFor(() => expect(dev.instances({ name })).toHaveLength(1), SOON);
    }
    // Nothing of ours has been said.
    expect(app.lines.filter((line) => !line.startsWith('knows '))).toEqual([]);
  } finally {
    await dev.close();
  }
});

/** What `nacos-serving doctor` says of logins, of clocks and of address servers. Against our dev server. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { startNode } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const closing: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serving(answer: Parameters<typeof createServer>[1]): Promise<number> {
  const server: Server = createServer(answer);
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port; // it listens on a port
}

async function doctor(words: readonly string[], env: Record<string, string> = {}): Promise<string> {
  using folder = tempFolder({});
  const child = startNode([CLI, 'doctor', ...words], { env, cwd: folder.path });
  closing.push(() => child[Symbol.asyncDispose]());
  let text = '';
  child.process.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await child.exit();
  return text;
}

describe('doctor', () => {
  it('says that Nacos wants a login, that it refuses one, and that it takes one; never the password', async () => {
    const server = await startDevServer({
      port: 0,
      auth: { username: 'ann', password: 'right-word' },
    });
    closing.push(() => server.close());
    const at = ['--nacos-server', server.address];
    expect(await doctor(at)).toMatch(/FAIL login .*\n +-> give NACOS_USERNAME/);
    const wrong = await doctor(at, { NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'wrong-word' });
    expect(wrong).toMatch(/FAIL (login|connection) /);
    expect(wrong).not.toContain('wrong-word');
    const right = await doctor(at, { NACOS_USERNAME: 'ann', NACOS_PASSWORD: 'right-word' });
    expect(right).toContain('ok   login       the credentials are accepted');
    expect(right).not.toContain('right-word');
  });

  it('says that the clock of the server is wrong, and by how much', async () => {
    const port = await serving((_request, response) => {
      response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString());
      response.end('{}');
    });
    const text = await doctor(['--nacos-server', `127.0.0.1:${String(port)}?grpcPort=1`]);
    expect(text).toMatch(/warn clock {7}the server is 3(599|600|601)\.\d s behind\n +-> set both/);
  });

  it('goes through what an address server lists, and says when it lists nothing', async () => {
    const nacos = await startDevServer({ port: 0 });
    closing.push(() => nacos.close());
    const listed = `127.0.0.1:${String(nacos.port)}?grpcPort=${String(nacos.grpcPort)}`;
    const lists = await serving((_request, response) => response.end(`${listed}\n`));
    const well = await doctor(['--endpoint', `127.0.0.1:${String(lists)}`]);
    expect(well).toContain(`ok   endpoint    lists 127.0.0.1:${String(nacos.port)}`);
    expect(well).toContain('ok   connection  registered with Nacos over gRPC');

    const empty = await serving((_request, response) => response.end('<html>'));
    const bad = await doctor(['--endpoint', `127.0.0.1:${String(empty)}`]);
    expect(bad).toMatch(/FAIL endpoint .*\n +-> correct it \(--endpoint\)/);
    expect(bad).not.toContain('connection');
  });
});

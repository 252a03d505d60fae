/** Examples of docs/diagnostics.md and docs/clients, as they stand there, and the one of examples/grpc-client, run against the dev server. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';

import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { installedFolder } from '../helpers/explicit-app.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');

let registry: TestRegistry;
let nacos: NacosClient;
const folders: string[] = [];
beforeEach(async () => {
  registry = await openRegistry();
  nacos = createClient({ server: registry.address, logger: silentLogger });
});
afterEach(async () => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  await nacos.close();
  await registry.close();
});

/** The blocks of a page that are executed here, in order. */
function examplesOf(page: string): readonly string[] {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const blocks = text.matchAll(
    /<!-- executed by test\/process\/docs-clients\.test\.ts -->\n```js\n(.*?)```/gs,
  );
  return [...blocks].map(([, code = '']) => code);
}

/** Runs it as the app of a folder in which the package is installed. */
function run(app: (folder: string) => void, argv: readonly string[] = ['app.mjs']): Child {
  const folder = installedFolder({}, app);
  folders.push(folder);
  return startNode(argv, { cwd: folder, env: { NACOS_SERVER: registry.address } });
}

const asApp = (code: string) => (folder: string) =>
  writeFileSync(path.join(folder, 'app.mjs'), code);

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port; // it listens on a port
}

it('the TCP client of docs/clients/direct.md reaches its service and ends by itself', async () => {
  const echo = createServer((socket) => socket.pipe(socket));
  await nacos.naming.register('echo', { ip: '127.0.0.1', port: await listening(echo) });
  const [code = ''] = examplesOf('docs/clients/direct.md');
  await using child = run(asApp(code));
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual(['hello']);
  echo.close();
});

it('the example of docs/balancing.md has both calls of a user at one instance', async () => {
  const ports: number[] = [];
  const servers = [1, 2, 3].map(() =>
    createHttpServer((request, response) => {
      response.end(`${String(request.socket.localPort)}${request.url ?? ''}`);
    }),
  );
  for (const server of servers) {
    const port = await listening(server);
    ports.push(port);
    await nacos.naming.register('carts', { ip: '127.0.0.1', port });
  }
  const [code = ''] = examplesOf('docs/balancing.md');
  await using child = run(asApp(code), ['--import', 'nacos-serving/register', 'app.mjs']);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  const answers = child.lines.filter((line) => line.endsWith('/of/ann'));
  // In turn, as is the default, the second would have gone elsewhere.
  expect(answers).toEqual([answers[0], answers[0]]);
  expect(ports.map((port) => `${String(port)}/of/ann`)).toContain(answers[0]);
  for (const server of servers) server.close();
});

it('the scrape and the channels of docs/diagnostics.md tell of calls by name', async () => {
  const { createServer: createHttp } = await import('node:http');
  const server = createHttp((_request, response) => response.end('fine'));
  await nacos.naming.register('orders', { ip: '127.0.0.1', port: await listening(server) });
  const [scrape = '', channels = ''] = examplesOf('docs/diagnostics.md');
  const calls = `
    for (let call = 0; call < 3; call += 1) await (await fetch('http://orders/x')).text();
    console.log('called');
  `;
  const preload = ['--require', 'nacos-serving/register', 'app.mjs'];
  await using child = run(asApp(`${scrape}\n${channels}\n${calls}`), preload);
  const [, port = ''] = await child.line(/^metrics on (\d+)$/);
  await child.line(/^called$/);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(metrics).toContain('nacos_picks{service="orders",group="DEFAULT_GROUP"} 3\n');
  expect(metrics).toContain('nacos_answered{service="orders",group="DEFAULT_GROUP"} 3\n');
  expect(metrics).toMatch(/^nacos_resolveMsSum\{.*\} [1-9.]/m);
  const told = child.lines.filter((line) =>
    /^orders at 127\.0\.0\.1:\d+: 200 after \d+ ms$/.test(line),
  );
  expect(told).toHaveLength(3);
  server.close();
});

it('the example of gRPC calls by name through the discovery of the process, and ends by itself', async () => {
  const server = new grpc.Server();
  const plain = {
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: (bytes: Buffer) => bytes.toString(),
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: (bytes: Buffer) => bytes.toString(),
  };
  const hello = {
    path: '/example.Greeter/Hello',
    requestStream: false,
    responseStream: false,
    ...plain,
  };
  server.addService(
    { hello },
    {
      hello: (call: grpc.ServerUnaryCall<string, string>, reply: grpc.sendUnaryData<string>) =>
        reply(null, `hello ${call.request}`),
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  await nacos.naming.register('greeter', { ip: '127.0.0.1', port });
  const example = path.join(ROOT, 'examples', 'grpc-client', 'app');
  await using child = run((folder) => cpSync(example, folder, { recursive: true }), ['app.js']);
  expect(await child.exit()).toEqual({ code: 0, signal: null });
  expect(child.lines).toEqual(
    Array.from({ length: 10 }, (_, at) => `hello call ${String(at + 1)}`),
  );
  server.forceShutdown();
});

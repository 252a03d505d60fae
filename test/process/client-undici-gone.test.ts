/**
 * What a dispatcher with the interceptor of `nacos-serving/undici` does when an instance leaves the list: its idle sockets are closed at once, wherever the
 * interceptor stands among others, and nothing else is.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo, Socket } from 'node:net';
import path from 'node:path';

import { describe, expect, it, vi } from 'vitest';
import type { Agent, Dispatcher, interceptors as theirs } from 'undici';

import { createTestRegistry } from '../../src/testing/index.js';

type Interceptor = Dispatcher.DispatcherComposeInterceptor;
interface Undici {
  readonly Agent: typeof Agent;
  readonly interceptors: typeof theirs;
}

/** Its own build, whose types stand apart. */
interface OpenedModule {
  readonly OpenedClients: new () => {
    add(message: unknown): void;
    of(origins: ReadonlySet<string>): readonly object[];
  };
}

const load = createRequire(import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const VERSIONS = [6, 7, ...(major > 22 || (major === 22 && minor >= 19) ? [8] : [])];
const DIST = path.resolve(import.meta.dirname, '../../dist/adapters/undici.js');

/** Keeps connections for as long as its clients want, and counts those that are open. `/held` is answered when it is told to. */
interface Host extends AsyncDisposable {
  readonly at: string;
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
  readonly connections: () => number;
  readonly held: () => ServerResponse | undefined;
}

async function startHost(address = '127.0.0.1'): Promise<Host> {
  const open = new Set<Socket>();
  let connections = 0;
  let held: ServerResponse | undefined;
  const server: Server = createServer((request, response) => {
    if (request.url === '/held') held = response;
    else response.end(String(request.headers.host));
  });
  // And says so to nobody: undici then goes by its own time, which is set below.
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    at: `${address.includes(':') ? `[${address}]` : address}:${String(port)}`,
    port,
    open,
    connections: () => connections,
    held: () => held,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One socket to each host until they are told to be closed. */
const AGENT = { keepAliveTimeout: 600_000, connections: 1 };

async function get(dispatcher: Dispatcher, origin: string, target = '/'): Promise<string> {
  const { body } = await dispatcher.request({ origin, path: target, method: 'GET' });
  return body.text();
}

describe.each(VERSIONS)('undici %d with the interceptor', (version) => {
  const undici = load(`undici-${String(version)}`) as Undici;
  const { interceptors } = undici;
  const others: readonly (readonly [string, (ours: Interceptor) => readonly Interceptor[]])[] = [
    ['alone', (ours) => [ours]],
    ['first', (ours) => [ours, interceptors.retry()]],
    ['last', (ours) => [interceptors.retry(), ours]],
  ];

  it.each(others)('%s: idle sockets to an instance that left are closed', async (_, among) => {
    const { interceptor } = (await import(DIST)) as typeof import('../../src/adapters/undici.js');
    await using one = await startHost();
    await using two = await startHost();
    await using other = await startHost();
    await using registry = createTestRegistry();
    await registry.setInstances('orders', [one.at, two.at]);
    const discovery = registry.discovery();
    const agent = new undici.Agent(AGENT);
    const dispatcher = agent.compose([...among(interceptor({ discovery }))]);

    for (let calls = 0; calls < 4; calls += 1) {
      expect(await get(dispatcher, 'http://orders')).toBe('orders');
    }
    await get(dispatcher, `http://${other.at}`);
    expect([one, two, other].map(({ open }) => open.size)).toEqual([1, 1, 1]);

    await registry.setInstances('orders', [two.at]);
    await vi.waitFor(() => expect(one.open.size).toBe(0));
    expect(await get(dispatcher, 'http://orders')).toBe('orders');
    await get(dispatcher, `http://${other.at}`);
    expect([one, two, other].map((host) => host.connections())).toEqual([1, 1, 1]);

    // It comes back, and leaves again.
    await registry.setInstances('orders', [one.at]);
    await get(dispatcher, 'http://orders');
    expect([one.open.size, one.connections()]).toEqual([1, 2]);
    await registry.setInstances('orders', [two.at]);
    await vi.waitFor(() => expect(one.open.size).toBe(0));
    await agent.close();
  });

  it('a request under way to an instance that left comes to its end', async () => {
    const { interceptor } = (await import(DIST)) as typeof import('../../src/adapters/undici.js');
    await using one = await startHost();
    await using two = await startHost();
    await using registry = createTestRegistry();
    await registry.setInstances('orders', [one.at]);
    const agent = new undici.Agent(AGENT);
    const dispatcher = agent.compose(interceptor({ discovery: registry.discovery() }));
    const answer = get(dispatcher, 'http://orders', '/held');
    await vi.waitFor(() => expect(one.held()).toBeDefined());
    await registry.setInstances('orders', [two.at]);
    expect(await get(dispatcher, 'http://orders')).toBe('orders');
    one.held()?.end('whole');
    expect(await answer).toBe('whole');
    await agent.close();
  });

  it('an address of IPv6 is told however it is written', async () => {
    const { interceptor } = (await import(DIST)) as typeof import('../../src/adapters/undici.js');
    await using one = await startHost('::1');
    await using two = await startHost();
    await using registry = createTestRegistry();
    await registry.setInstances('orders', [{ ip: '0:0:0:0:0:0:0:1', port: one.port }]);
    const agent = new undici.Agent(AGENT);
    const dispatcher = agent.compose(interceptor({ discovery: registry.discovery() }));
    expect(await get(dispatcher, 'http://orders')).toBe('orders');
    expect(one.open.size).toBe(1);
    await registry.setInstances('orders', [two.at]);
    await vi.waitFor(() => expect(one.open.size).toBe(0));
    await agent.close();
  });
});

describe('what undici has opened', () => {
  const { OpenedClients } = load(
    path.resolve(import.meta.dirname, '../../dist/adapters/undici-opened.cjs'),
  ) as OpenedModule;
  const connected = (client: object): object => ({ socket: { [Symbol('client')]: client } });
  const aClient = (url: string, destroyed = false): object => ({
    [Symbol('url')]: new URL(url),
    destroyed,
  });

  it('is found by origin, once each, as long as it is not destroyed', () => {
    const opened = new OpenedClients();
    const one = aClient('http://10.0.0.1:80');
    opened.add(connected(one));
    opened.add(connected(one));
    for (let number = 0; number < 1000; number += 1) {
      opened.add(connected(aClient('http://10.0.0.1', true)));
    }
    opened.add(connected(aClient('http://10.0.0.2')));
    expect(opened.of(new Set(['http://10.0.0.1']))).toEqual([one]);
    expect(opened.of(new Set(['https://10.0.0.1']))).toEqual([]);
  });

  it.each([undefined, null, {}, { socket: null }, { socket: {} }, connected({})])(
    'is not disturbed by what is no connection: %j',
    (message) => {
      const opened = new OpenedClients();
      opened.add(message);
      expect(opened.of(new Set(['http://10.0.0.1']))).toEqual([]);
    },
  );
});

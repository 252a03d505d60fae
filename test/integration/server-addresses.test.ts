/** The ways to name a server: https and context paths, ports of its own, IPv6, dead ones among others, and an address server. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { INSTANCE, keep, loggedClient, tlsFile, tlsServer } from './tls-fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const USER = { username: 'ann', password: 'wonderland' };
const LOGIN = { auth: USER };

async function plainServer(options: Parameters<typeof startDevServer>[0] = {}): Promise<DevServer> {
  return keep(await startDevServer(options));
}

describe('https in front of a server', () => {
  it('takes login and gRPC by TLS, under the context path behind it', async () => {
    const at = await tlsServer('server', { ...LOGIN, https: true, contextPath: '/registry' });
    const { client } = loggedClient({
      server: `https://${at.address}/registry`,
      tls: { caFile: tlsFile('ca.crt') },
      ...USER,
    });
    await client.naming.register('orders', INSTANCE);
    expect(at.logins).toBe(1);
    expect(at.connections()[0]?.labels['tls.enable']).toBe('true');
  });

  it('sends no password to a server that cannot be trusted', async () => {
    const at = await tlsServer('other-server', { ...LOGIN, https: true });
    const plain = await plainServer();
    const { client } = loggedClient({
      // Its gRPC is that of the other one, which asks for no login: only the login is in question.
      server: `https://${at.address}?grpcPort=${String(plain.grpcPort)}`,
      tls: { enabled: false, caFile: tlsFile('ca.crt') },
      ...USER,
    });
    await expect(client.naming.query('orders')).rejects.toMatchObject({
      code: 'TLS_FAILED',
      message: expect.stringContaining('is its authority in tls.ca_file?'),
    });
    expect(at.logins).toBe(0);
  });

  it('leaves gRPC plain when that is said', async () => {
    const at = await plainServer();
    const { client } = loggedClient({
      server: `https://${at.address}`,
      tls: { enabled: false },
    });
    await client.connect();
    expect(at.connections()[0]?.labels['tls.enable']).toBe('false');
  });
});

describe('a context path', () => {
  it('may be none, or one for all servers', async () => {
    for (const contextPath of ['/', '/a/b']) {
      const at = await plainServer({ ...LOGIN, contextPath });
      const { client } = loggedClient({ server: at.address, contextPath, ...USER });
      await client.naming.register('orders', INSTANCE);
      expect(at.instances('orders')).toHaveLength(1);
    }
  });
});

describe('the gRPC port', () => {
  it('may be given with the server, or by another offset', async () => {
    const at = await plainServer();
    for (const options of [
      { server: `127.0.0.1:1?grpcPort=${String(at.grpcPort)}` },
      { server: [{ host: '127.0.0.1', port: 1, grpcPort: at.grpcPort }] },
      { server: `127.0.0.1:${String(at.grpcPort - 7)}`, grpcPortOffset: 7 },
    ]) {
      await expect(loggedClient(options).client.connect()).resolves.toBeUndefined();
    }
  });

  it('that an offset leads out of range is told at once', () => {
    expect(() => loggedClient({ server: '127.0.0.1:8848', grpcPortOffset: 60_000 })).toThrow(
      /grpc_port_offset 60000 leads from 127\.0\.0\.1:8848 to port 68848/,
    );
  });
});

it('an IPv6 address works as any other, also for the login', async () => {
  const at = await plainServer({ ...LOGIN, host: '::1' });
  expect(at.address).toMatch(/^\[::1\]:\d+$/);
  const { client } = loggedClient({ server: at.address, ...USER });
  await client.naming.register('orders', INSTANCE);
  expect(at.instances('orders')).toHaveLength(1);
});

it('dead servers among several are passed over, for the login as well', async () => {
  const at = await plainServer(LOGIN);
  const server = `127.0.0.1:1,[::1]:1,${at.address},127.0.0.1:2`;
  const { client } = loggedClient({ server, ...USER });
  await client.naming.register('orders', INSTANCE, { timeoutMs: 20_000 });
  expect(at.instances('orders')).toHaveLength(1);
});

describe('an address server', () => {
  const lists: Server[] = [];
  afterEach(() => {
    for (const one of lists.splice(0)) one.close();
  });

  interface AddressList {
    readonly endpoint: string;
    readonly asked: string[];
    body: string;
    status: number;
  }

  async function addressList(body: string): Promise<AddressList> {
    const list = { endpoint: '', asked: [] as string[], body, status: 200 };
    const server = createServer((request, response) => {
      list.asked.push(request.url ?? '');
      response.statusCode = list.status;
      response.end(list.body);
    });
    lists.push(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    list.endpoint = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    return list;
  }

  it('tells where the servers are, and a change moves only who is at one that is gone', async () => {
    const [first, second] = [await plainServer(), await plainServer()];
    const list = await addressList(`${first.address}\n`);
    const { client, log } = loggedClient({
      endpoint: list.endpoint,
      endpointRefreshMs: 1000,
      namespace: 'dev',
    });
    await client.naming.register('orders', INSTANCE);
    expect(list.asked).toEqual(['/nacos/serverlist?namespace=dev']);
    const [connection] = first.connections();

    list.body = `${second.address}\r\n${first.address}`;
    await vi.waitFor(() => expect(log.join('')).toContain('the Nacos servers are now'), WAIT);
    expect(first.connections()[0]?.connectionId).toBe(connection?.connectionId);
    expect(second.connections()).toEqual([]);

    list.body = second.address;
    await vi.waitFor(() => {
      expect(second.instances('orders', { namespace: 'dev' })).toHaveLength(1);
      expect(first.connections()).toEqual([]);
    }, WAIT);
  });

  it('that is sick, or answers nonsense, changes nothing, and is told once', async () => {
    const at = await plainServer();
    const list = await addressList(at.address);
    const { client, log } = loggedClient({ endpoint: list.endpoint, endpointRefreshMs: 1000 });
    await client.connect();
    const [connection] = at.connections();
    for (const [status, body] of [
      [500, at.address],
      [200, ''],
      [200, '<html>login please</html>'],
    ] as const) {
      Object.assign(list, { status, body });
      const before = list.asked.length;
      await vi.waitFor(() => expect(list.asked.length).toBeGreaterThan(before + 1), WAIT);
    }
    expect(at.connections().map(({ connectionId }) => connectionId)).toEqual([
      connection?.connectionId,
    ]);
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(1);
    expect(log.join('')).toContain('the servers listed before stay in use');
  });

  it('that is away at first is asked until it answers', async () => {
    const at = await plainServer();
    const list = await addressList('');
    const { client, log } = loggedClient({ endpoint: `http://${list.endpoint}/my/list?x=1` });
    const connected = client.connect({ timeoutMs: 20_000 });
    await vi.waitFor(() => expect(log.join('')).toContain('cannot reach Nacos at http://'), WAIT);
    list.body = at.address;
    await expect(connected).resolves.toBeUndefined();
    expect(new Set(list.asked)).toEqual(new Set(['/my/list?x=1']));
  });
});

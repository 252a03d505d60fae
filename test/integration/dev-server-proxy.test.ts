import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.js';
import { clientsOf, hasPorts, register, subscribe } from './dev-server-fixture.js';

let server: DevServer;
let proxy: FaultProxy;
const clients = clientsOf(() => server);
const DEADLINE_EXCEEDED = 4;

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 5 });
  proxy = await startFaultProxy({ port: server.grpcPort });
});

afterEach(async () => {
  await clients.closeAll();
  await proxy.close();
  await server.close();
});

describe('a dev server behind the fault proxy', () => {
  it('serves as without it, and sees a connection that is cut', async () => {
    const client = await clients.registered('naming', through());
    await register(client);
    expect(proxy.open).toBe(1);
    proxy.cut();
    await client.streamEnd();
    await vi.waitFor(() => expect(server.instances('orders')).toEqual([]));
    await clients.registered('naming', through());
    expect(proxy.accepted).toBeGreaterThan(1);
  });

  it('sees a connection that is reset; the client gets a reset too', async () => {
    const client = await clients.registered('naming', through());
    await register(client);
    const plain = await tcp(proxy.port);
    const failed = once(plain, 'error');
    proxy.reset();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
    await client.streamEnd();
    await vi.waitFor(() => expect(server.instances('orders')).toEqual([]));
  });

  it('does not notice a black hole, and gets what was held when it is over', async () => {
    const watcher = await clients.registered('naming', through());
    await subscribe(watcher);
    watcher.ack(await watcher.take(hasPorts()));
    proxy.blackhole(true);
    await expect(watcher.unary('HealthCheckRequest', {}, { timeoutMs: 100 })).rejects.toMatchObject(
      { code: DEADLINE_EXCEEDED },
    );
    await register(await clients.registered());
    expect(server.connections()).toHaveLength(2);
    expect(watcher.received).toEqual([]);
    proxy.blackhole(false);
    watcher.ack(await watcher.take(hasPorts(80)));
  });

  it('takes the client out at once when the connection is half-open, of which the client knows nothing', async () => {
    const client = await clients.registered('naming', through());
    await register(client);
    proxy.halfOpen();
    await vi.waitFor(() => expect(server.instances('orders')).toEqual([]));
    expect(client.streamEnded).toBe(false);
    expect(proxy.open).toBe(1);
  });

  it('does not notice that a client closed behind the black hole', async () => {
    const client = await clients.registered('naming', through());
    await register(client);
    proxy.blackhole(true);
    await client.close();
    await vi.waitFor(() => expect(proxy.open).toBe(0));
    expect(server.instances('orders')).toHaveLength(1);
    proxy.blackhole(false);
    await vi.waitFor(() => expect(server.instances('orders')).toEqual([]));
  });
});

describe('the fault proxy', () => {
  it('delays what passes, in order', async () => {
    const client = await clients.registered('naming', through());
    proxy.delay(20);
    for (let port = 1; port <= 5; port += 1) await register(client, port);
    expect(server.instances('orders').map(({ port }) => port)).toEqual([5]);
    proxy.delay(0);
    await register(client, 6);
    expect(server.instances('orders').map(({ port }) => port)).toEqual([6]);
  });

  it('refuses connects, keeps what is open, and comes back on its port', async () => {
    const client = await clients.registered('naming', through());
    const { port } = proxy;
    await proxy.refuse(true);
    await expect(tcp(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
    await proxy.refuse(false);
    expect(proxy.port).toBe(port);
    (await tcp(port)).destroy();
  });

  it('gives the address for a server list, from which clients reach it', () => {
    expect(proxy.nacosAddress).toBe(`127.0.0.1:${String(proxy.port - 1000)}`);
  });
});

function through(): string {
  return `127.0.0.1:${String(proxy.port)}`;
}

function tcp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

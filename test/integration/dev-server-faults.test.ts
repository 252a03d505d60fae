import { get as httpGet } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createFakeClock } from '../helpers/fake-clock.js';
import {
  clientsOf,
  hasPorts,
  portsOf,
  query,
  register,
  setUp,
  subscribe,
} from './dev-server-fixture.js';

let server: DevServer;
const clients = clientsOf(() => server);
/** gRPC status of a call that had no answer in time. */
const DEADLINE_EXCEEDED = 4;

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 5, configDelayMs: 5 });
});

afterEach(async () => {
  await clients.closeAll();
  await server.close();
});

describe('dropConnections', () => {
  it('resets every socket; what they published is gone, and new connections are welcome', async () => {
    const [a, b] = [await clients.registered(), await clients.registered()];
    await register(a);
    server.faults.dropConnections();
    await Promise.all([a.streamEnd(), b.streamEnd()]);
    await vi.waitFor(() => expect(server.connections()).toEqual([]));
    expect(server.instances('orders')).toEqual([]);
    await clients.registered();
  });

  it('ends a TCP connection by a reset, as a killed process does', async () => {
    const socket = await tcp(server.grpcPort);
    const failed = once(socket, 'error');
    server.faults.dropConnections();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });
});

describe('refuse', () => {
  it('lets the system refuse connects on both ports, keeps what is open, and comes back on the same ports', async () => {
    const client = await clients.registered();
    const { port, grpcPort } = server;
    await server.faults.refuse(true);
    for (const closed of [port, grpcPort]) {
      await expect(tcp(closed)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
    await server.faults.refuse(false);
    expect([server.port, server.grpcPort]).toEqual([port, grpcPort]);
    await clients.registered();
  });

  it('may be said twice', async () => {
    await server.faults.refuse(true);
    await server.faults.refuse(true);
    await server.faults.refuse(false);
    await server.faults.refuse(false);
    await clients.registered();
    expect(server.connections()).toHaveLength(1);
  });
});

describe('freeze', () => {
  it('keeps sockets open and answers nothing, then goes on where it stood', async () => {
    const client = await clients.registered();
    server.faults.freeze(true);
    await expect(client.unary('HealthCheckRequest', {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: DEADLINE_EXCEEDED,
    });
    const pending = register(client);
    expect(client.streamEnded).toBe(false);
    server.faults.freeze(false);
    expect((await pending).body).toMatchObject({ resultCode: 200 });
    expect(server.connections()).toHaveLength(1);
  });

  it('accepts new connections and says nothing on them, not even the first frame of HTTP/2', async () => {
    const client = await clients.registered();
    server.faults.freeze(true);
    const socket = await tcp(server.grpcPort);
    let heard = 0;
    socket.on('data', (bytes: Buffer) => (heard += bytes.length));
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await expect(client.unary('HealthCheckRequest', {}, { timeoutMs: 100 })).rejects.toMatchObject({
      code: DEADLINE_EXCEEDED,
    });
    expect(heard).toBe(0);
    const data = once(socket, 'data');
    server.faults.freeze(false);
    await data;
    socket.destroy();
  });

  it('pushes nothing', async () => {
    const [provider, watcher] = [await clients.registered(), await clients.registered()];
    await subscribe(watcher);
    watcher.ack(await watcher.take('NotifySubscriberRequest'));
    await register(provider);
    watcher.ack(await watcher.take(hasPorts(80)));
    server.faults.freeze(true);
    await expect(watcher.unary('HealthCheckRequest', {}, { timeoutMs: 100 })).rejects.toMatchObject(
      { code: DEADLINE_EXCEEDED },
    );
    expect(watcher.received).toEqual([]);
    const change = register(provider, 81);
    server.faults.freeze(false);
    await change;
    watcher.ack(await watcher.take(hasPorts(81)));
  });

  it('holds HTTP back too', async () => {
    server.faults.freeze(true);
    let status: number | undefined;
    const answered = new Promise<void>((resolve, reject) => {
      httpGet(`http://${server.address}/nacos/v1/console/health/liveness`, (response) => {
        status = response.statusCode;
        response.resume().once('end', resolve);
      }).once('error', reject);
    });
    const client = await tcp(server.port);
    client.destroy();
    expect(status).toBeUndefined();
    server.faults.freeze(false);
    await answered;
    expect(status).toBe(200);
  });

  it('lets a client that gave up in the meantime go when it is over', async () => {
    const client = await clients.registered();
    await register(client);
    server.faults.freeze(true);
    await client.close();
    expect(server.instances('orders')).toHaveLength(1);
    server.faults.freeze(false);
    await vi.waitFor(() => expect(server.instances('orders')).toEqual([]));
  });
});

describe('restart', () => {
  it('cuts all, loses what was ephemeral, keeps configs, and listens on the same ports', async () => {
    const config = await clients.registered('config');
    const key = { dataId: 'a', group: 'g', tenant: '' };
    await config.unary('ConfigPublishRequest', { ...key, content: 'x', additionMap: {} });
    const client = await clients.registered();
    await register(client);
    const { address, grpcPort } = server;
    await server.faults.restart();
    await client.streamEnd();
    expect([server.address, server.grpcPort]).toEqual([address, grpcPort]);
    expect(server.connections()).toEqual([]);
    expect(server.instances('orders')).toEqual([]);

    const again = await clients.registered();
    const list = await again.unary('ServiceListRequest', {
      namespace: 'public',
      groupName: 'DEFAULT_GROUP',
      serviceName: '',
      pageNo: 1,
      pageSize: 9,
      selector: '',
    });
    expect(list.body).toMatchObject({ count: 0 });
    await vi.waitFor(async () => {
      const answer = await again.unary('ConfigQueryRequest', key);
      expect(answer.body).toMatchObject({ content: 'x' });
    });
  });

  it('refuses connects for as long as it is down', async () => {
    const clock = createFakeClock();
    await using slow = await startDevServer({ clock });
    const restarted = slow.faults.restart({ downMs: 3000 });
    await clock.advance(2999);
    await expect(tcp(slow.grpcPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await clock.advance(1);
    await restarted;
    (await tcp(slow.grpcPort)).destroy();
  });
});

describe('answers', () => {
  it('delay: answers unary requests late', async () => {
    const clock = createFakeClock();
    await using slow = await startDevServer({ clock });
    const client = await clients.open(`127.0.0.1:${String(slow.grpcPort)}`);
    slow.faults.delay(1000);
    let answered = false;
    const check = client.unary('ServerCheckRequest').then(() => (answered = true));
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(1));
    expect(answered).toBe(false);
    await clock.advance(1000);
    await check;
    slow.faults.delay(0);
    await client.unary('ServerCheckRequest');
  });

  it('fail: lets as many requests of a type fail as told, by default one and typed', async () => {
    const client = await clients.registered();
    server.faults.fail('InstanceRequest', { errorCode: 403, message: 'no right' });
    expect(await register(client)).toMatchObject({
      type: 'InstanceResponse',
      body: { resultCode: 500, errorCode: 403, message: 'no right', success: false },
    });
    expect((await register(client)).body).toMatchObject({ resultCode: 200 });

    const plan = { errorCode: 500, message: 'down', times: Infinity, asErrorResponse: true };
    server.faults.fail('ServiceQueryRequest', plan);
    for (let n = 0; n < 3; n += 1) expect((await query(client)).type).toBe('ErrorResponse');
    server.faults.fail('ServiceQueryRequest', { ...plan, times: 0 });
    expect((await query(client)).type).toBe('QueryServiceResponse');
  });

  it('starting: answers 300 to everything, also to the check, and takes no setup', async () => {
    const client = await clients.registered();
    server.faults.starting(true);
    const fresh = await clients.open();
    for (const answer of [
      await client.unary('HealthCheckRequest'),
      await fresh.unary('ServerCheckRequest'),
    ]) {
      expect(answer).toMatchObject({
        type: 'ErrorResponse',
        body: { resultCode: 500, errorCode: 300, success: false },
      });
    }
    setUp(fresh);
    await fresh.streamEnd();
    expect(server.connections()).toHaveLength(1);
    server.faults.starting(false);
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
  });

  it('unregister: answers 301 on a socket that stays open, until a new setup comes', async () => {
    const client = await clients.registered();
    await register(client);
    const [view] = server.connections();
    server.faults.unregister(view?.connectionId ?? '');
    expect(server.instances('orders')).toEqual([]);
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ errorCode: 301 });
    expect(client.streamEnded).toBe(false);
    setUp(client);
    await client.take('SetupAckRequest');
    expect((await register(client)).body).toMatchObject({ resultCode: 200 });
  });

  it('resetConnections: asks every client to go, with the HTTP port as text, and closes nothing', async () => {
    const [a, b] = [await clients.registered(), await clients.registered('config')];
    server.faults.resetConnections({ ip: '10.0.0.9', port: 8848 });
    for (const client of [a, b]) {
      const push = await client.take('ConnectResetRequest');
      expect(push.body).toMatchObject({ serverIp: '10.0.0.9', serverPort: '8848' });
      client.ack(push);
      expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
    }
    server.faults.resetConnections();
    const plain = await a.take('ConnectResetRequest');
    expect(plain.body).not.toHaveProperty('serverIp');
    expect(plain.body).not.toHaveProperty('serverPort');
  });

  it('clear: ends every fault', async () => {
    server.faults.starting(true);
    server.faults.delay(60_000);
    server.faults.freeze(true);
    server.faults.fail('ServerCheckRequest', { errorCode: 500, message: 'x', times: Infinity });
    await server.faults.refuse(true);
    await server.faults.clear();
    const client = await clients.registered();
    expect(portsOf(await query(client))).toEqual([]);
  });
});

function tcp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
  });
}

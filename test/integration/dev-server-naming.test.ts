import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
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

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 5, configDelayMs: 5 });
});

afterEach(async () => {
  await clients.closeAll();
  await server.close();
});

describe('handshake over gRPC', () => {
  it('trap 21: names the connection by its remote address, the same in the check and in the view', async () => {
    const client = await clients.open();
    const check = await client.unary('ServerCheckRequest');
    expect(check.body['connectionId']).toMatch(/^\d{13}_127\.0\.0\.1_\d+$/);
    setUp(client);
    await client.take('SetupAckRequest');
    expect(server.connections()).toEqual([
      {
        connectionId: check.body['connectionId'],
        module: 'naming',
        clientVersion: 'Nacos-NodeJS-Client:v1.0.0',
        clientIp: '127.0.0.1',
        labels: { source: 'sdk', module: 'naming' },
      },
    ]);
  });

  it('trap 2: knows each TCP connection by itself: a second one is not registered by the first', async () => {
    await clients.registered();
    const other = await clients.open();
    expect((await other.unary('HealthCheckRequest')).body).toMatchObject({ errorCode: 301 });
  });

  it('trap 22: sends no SetupAck for a setup without an ability table', async () => {
    const client = await clients.open();
    client.openStream();
    client.send('ConnectionSetupRequest', { clientVersion: 'old', labels: { module: 'naming' } });
    await vi.waitFor(() => expect(server.connections()).toHaveLength(1));
    await register(client);
    await subscribe(client);
    // What comes first on the stream is the push, so there was nothing before it.
    expect((await client.take(() => true)).type).toBe('NotifySubscriberRequest');
  });

  it('takes messages of up to 10 MiB and refuses larger ones without closing the connection', async () => {
    const client = await clients.registered('config');
    const publish = (size: number) =>
      client.unary('ConfigPublishRequest', {
        dataId: 'big',
        group: 'g',
        tenant: '',
        content: 'x'.repeat(size),
        additionMap: {},
      });
    const max = 10 * 1024 * 1024;
    expect((await publish(max - 1024)).body).toMatchObject({ resultCode: 200 });
    await expect(publish(max)).rejects.toMatchObject({ code: 8 });
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
  });

  it('keeps a connection registered whose stream ended, until its socket closes', async () => {
    const client = await clients.registered();
    await register(client);
    client.endStream();
    await client.streamEnd();
    expect((await client.unary('HealthCheckRequest')).body).toMatchObject({ resultCode: 200 });
    expect(server.instances('orders')).toHaveLength(1);
    await client.close();
    await vi.waitFor(() => expect(server.connections()).toEqual([]));
    expect(server.instances('orders')).toEqual([]);
  });
});

describe('naming over gRPC', () => {
  it('trap 25: registers, pushes to the subscriber, and takes all out when the socket closes', async () => {
    const [provider, watcher] = [await clients.registered(), await clients.registered()];
    expect(portsOf(await subscribe(watcher))).toEqual([]);
    watcher.ack(await watcher.take(hasPorts()));
    expect((await register(provider, 80)).body).toMatchObject({ resultCode: 200 });
    watcher.ack(await watcher.take(hasPorts(80)));
    expect(server.instances('orders')).toEqual([
      {
        ip: '10.0.0.1',
        port: 80,
        weight: 1,
        healthy: true,
        enabled: true,
        ephemeral: true,
        cluster: 'DEFAULT',
        metadata: {},
        instanceId: '10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@orders',
      },
    ]);
    await provider.close();
    watcher.ack(await watcher.take(hasPorts()));
    expect(server.instances('orders')).toEqual([]);
  });

  it('pushes to many subscribers and to those only, each on its own connection', async () => {
    const provider = await clients.registered();
    const watchers = await Promise.all([1, 2, 3, 4].map(() => clients.registered()));
    for (const watcher of watchers) await subscribe(watcher);
    expect(server.subscribers('orders')).toHaveLength(4);
    await register(provider, 80);
    for (const watcher of watchers) watcher.ack(await watcher.take(hasPorts(80)));
    expect(provider.received).toEqual([]);
  });

  it('answers many requests of one connection at the same time', async () => {
    const client = await clients.registered();
    const services = Array.from({ length: 200 }, (_unused, n) => `service-${String(n)}`);
    await Promise.all(services.map((service, n) => register(client, n + 1, service)));
    const answers = await Promise.all(services.map((service) => query(client, service)));
    expect(answers.map(portsOf)).toEqual(services.map((_unused, n) => [n + 1]));
  });
});

describe('config over gRPC', () => {
  it('tells the listener on another connection, which then reads the new content', async () => {
    const [writer, listener] = [
      await clients.registered('config'),
      await clients.registered('config'),
    ];
    const key = { dataId: 'app.yaml', group: 'DEFAULT_GROUP', tenant: '' };
    await listener.unary('ConfigBatchListenRequest', {
      listen: true,
      dataId: '',
      group: '',
      tenant: '',
      configListenContexts: [{ ...key, md5: '' }],
    });
    await writer.unary('ConfigPublishRequest', { ...key, content: 'ü: 1', additionMap: {} });
    listener.ack(await listener.take('ConfigChangeNotifyRequest'));
    const answer = await listener.unary('ConfigQueryRequest', key);
    expect(answer.body).toMatchObject({ resultCode: 200, content: 'ü: 1', contentType: 'text' });
  });
});

import { describe, expect, it } from 'vitest';

import { createClient, type ClientOptions } from '../../../src/client/client.js';
import { silentLogger } from '../../../src/logger.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { aRegistry } from '../../helpers/fake-registry.js';
import { FakeServer } from '../../helpers/fake-transport.js';
import { outcomeOf } from '../../helpers/session-fixture.js';

function aClient(options: Partial<ClientOptions> = {}) {
  const clock = createFakeClock();
  clock.setRandom(() => 0);
  const server = new FakeServer(clock);
  const registry = aRegistry(server, 'replacing');
  const client = createClient(
    { server: '10.0.0.1', logger: silentLogger, ...options },
    { clock, transport: server.transport },
  );
  return { client, clock, server, registry };
}

describe('a client', () => {
  it('connects at first use and not before', async () => {
    const { client, server, clock } = aClient();
    await clock.advance(10_000);
    expect(server.attempts).toEqual([]);
    expect(client.naming.connectionState).toBe('idle');
    await client.naming.register('orders', { ip: '10.1.1.1', port: 80 });
    expect(client.naming.connectionState).toBe('ready');
  });

  it('connects when told to', async () => {
    const { client, server } = aClient();
    await client.connect();
    expect(server.last.endpoint).toMatchObject({ host: '10.0.0.1', port: 8848, grpcPort: 9848 });
    expect(server.last.streamSent[0]?.body).toMatchObject({
      tenant: 'public',
      labels: { module: 'naming', AppName: 'unknown' },
    });
  });

  it('connects the API that it is told to, each over a connection of its own', async () => {
    const { client, server } = aClient();
    const modules = () => server.connections.map(({ streamSent }) => streamSent[0]?.body['labels']);
    await client.connect({ apis: ['config'] });
    expect(modules()).toMatchObject([{ module: 'config' }]);
    await client.connect({ apis: ['naming', 'config'] });
    expect(modules()).toMatchObject([{ module: 'config' }, { module: 'naming' }]);
    await expect(client.connect({ apis: ['nameing' as 'naming'] })).rejects.toThrow(
      'apis "nameing" is not valid: allowed is naming, config',
    );
  });

  it('says so when it cannot connect in time, and goes on trying', async () => {
    const { client, server, clock } = aClient();
    server.reachable = false;
    const connected = outcomeOf(client.connect({ timeoutMs: 1000 }));
    await clock.advance(1000);
    expect(connected.error).toMatchObject({ code: 'NOT_CONNECTED' });
    server.reachable = true;
    await clock.advance(5000);
    expect(client.naming.connectionState).toBe('ready');
  });

  it('tells the namespace and the name of the app', async () => {
    const { client, server } = aClient({ namespace: 'dev-1', appName: 'shop' });
    await client.naming.register('orders', { ip: '10.1.1.1', port: 80 });
    expect(server.last.streamSent[0]?.body).toMatchObject({
      tenant: 'dev-1',
      labels: { AppName: 'shop' },
    });
    expect(server.last.unarySent.at(-1)?.body).toMatchObject({ namespace: 'dev-1' });
  });

  it('takes an empty namespace for the default one', async () => {
    const { client, server } = aClient({ namespace: '' });
    await client.connect();
    expect(server.last.streamSent[0]?.body).toMatchObject({ tenant: 'public' });
  });

  it('uses every server of its list, however it is written', async () => {
    const { client, server, clock } = aClient({
      server: ['a:1111;http://b', { host: 'c', port: 3333 }, '[::1]:4444'],
    });
    server.reachable = false;
    const connected = outcomeOf(client.connect());
    await clock.advance(3000);
    expect(server.attempts.slice(0, 5).map(({ host }) => host)).toEqual([
      'a',
      'b',
      'c',
      '::1',
      'a',
    ]);
    expect(connected.state).toBe('rejected');
  });

  it('closes everything, once and for all', async () => {
    const { client, server, clock, registry } = aClient();
    await client.naming.register('orders', { ip: '10.1.1.1', port: 80 });
    const subscription = client.naming.subscribe('orders');
    await settle();
    await client.close();
    await client.close();
    expect(registry.rows('orders')).toEqual([]);
    expect(subscription.state).toBe('closed');
    expect(client.naming.connectionState).toBe('closed');
    expect(server.open).toEqual([]);
    expect(clock.pending).toBe(0);
    await expect(client.connect()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(client.naming.query('orders')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('is closed at the end of its block', async () => {
    const { client, server } = aClient();
    {
      await using inner = client;
      await inner.connect();
    }
    expect(server.open).toEqual([]);
  });

  it.each<[string, Partial<ClientOptions>]>([
    ['no server', { server: '' }],
    ['an empty list of servers', { server: [] }],
    ['a server that is no address', { server: 'two words' }],
    ['a port that leaves no room for gRPC', { server: 'a:64536' }],
    ['such a port in an object', { server: [{ host: 'a', port: 70_000 }] }],
    ['a server without a host', { server: [{ host: '', port: 8848 }] }],
    ['a namespace with a space', { namespace: 'my space' }],
    ['a namespace that is too long', { namespace: 'n'.repeat(65) }],
    ['no time for requests', { requestTimeoutMs: 0 }],
    ['a time that is no number', { requestTimeoutMs: Number.NaN }],
    ['a heartbeat that is too slow for the servers', { heartbeatIntervalMs: 15_001 }],
    ['a heartbeat that is too quick', { heartbeatIntervalMs: 999 }],
    ['no time for a heartbeat', { heartbeatTimeoutMs: 0 }],
  ])('is not made with %s', (_what, options) => {
    expect(() => aClient(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', name: 'ConfigError' }),
    );
  });
});

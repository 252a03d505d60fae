import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';

const SOON = { timeout: 10_000, interval: 20 };
const at = (port: number) => ({ ip: '10.99.0.5', port });

let server: DevServer;
let client: NacosClient;

beforeEach(async () => {
  server = await startDevServer({ port: 0, pushDelayMs: 10 });
  client = createClient({
    server: server.address,
    logger: silentLogger,
    heartbeatIntervalMs: 1000,
    heartbeatTimeoutMs: 300,
  });
});
afterEach(async () => {
  await client.close();
  await server.close();
});

/** Two services registered and one followed, on the connection that is given back. */
async function aClientAtWork() {
  await client.naming.register('orders', at(1));
  await client.naming.registerBatch('users', [at(1), at(2)]);
  const subscription = client.naming.subscribe('orders');
  await subscription.ready();
  const [connection] = server.connections();
  if (connection === undefined) throw new Error('no connection');
  return { subscription, connectionId: connection.connectionId };
}

function isWhole(): boolean {
  return (
    server.instances('orders').length === 1 &&
    server.instances('users').length === 2 &&
    server.subscribers('orders').length === 1
  );
}

const currentId = () => server.connections().at(-1)?.connectionId;

describe('a client at work', () => {
  it('survives a restart of the server', async () => {
    const { subscription, connectionId } = await aClientAtWork();
    await server.faults.restart({ downMs: 300 });
    await expect.poll(isWhole, SOON).toBe(true);
    expect(currentId()).not.toBe(connectionId);
    await expect.poll(() => subscription.state, SOON).toBe('live');
    expect(subscription.snapshot?.instances).toHaveLength(1);
  });

  it('waits for a server that is still starting', async () => {
    const { connectionId } = await aClientAtWork();
    server.faults.starting(true);
    server.faults.dropConnections();
    await expect.poll(() => client.naming.connectionState, SOON).toBe('backoff');
    server.faults.starting(false);
    await expect.poll(isWhole, SOON).toBe(true);
    expect(currentId()).not.toBe(connectionId);
  });

  it('starts over when the server has forgotten its connection', async () => {
    const { connectionId } = await aClientAtWork();
    server.faults.unregister(connectionId);
    await expect.poll(isWhole, SOON).toBe(true);
    expect(currentId()).not.toBe(connectionId);
  });

  it('finds a server that is frozen, and comes back when it thaws', async () => {
    const { connectionId } = await aClientAtWork();
    server.faults.freeze(true);
    await expect.poll(() => client.naming.connectionState, SOON).not.toBe('ready');
    server.faults.freeze(false);
    await expect.poll(() => client.naming.connectionState, SOON).toBe('ready');
    await expect.poll(isWhole, SOON).toBe(true);
    expect(currentId()).not.toBe(connectionId);
  });

  it('repeats what fails outside of its handler', async () => {
    await aClientAtWork();
    server.faults.fail('ServiceQueryRequest', {
      errorCode: 500,
      message: 'out of order',
      times: 2,
      asErrorResponse: true,
    });
    expect((await client.naming.query('orders')).instances).toHaveLength(1);
  });

  it('tells of a refusal', async () => {
    await aClientAtWork();
    server.faults.fail('InstanceRequest', { errorCode: 403, message: 'no right' });
    await expect(client.naming.register('secret', at(1))).rejects.toMatchObject({
      name: 'AuthError',
      code: 'FORBIDDEN',
    });
    expect(server.instances('secret')).toEqual([]);
  });
});

describe('a server that asks its clients to move', () => {
  it('sees them on a new connection, and each instance at every moment', async () => {
    const { connectionId, subscription } = await aClientAtWork();
    const states: string[] = [];
    const lists: number[] = [];
    client.naming.onConnectionState((state) => states.push(state));
    const watch = client.naming.subscribe('users', ({ instances }) => {
      lists.push(instances.length);
    });
    await watch.ready();
    server.faults.resetConnections();
    await expect.poll(() => server.connections().map((c) => c.connectionId), SOON).toHaveLength(2);
    await expect
      .poll(() => server.connections().map((c) => c.connectionId), SOON)
      .not.toContain(connectionId);
    expect(server.connections()).toHaveLength(1);
    expect(isWhole()).toBe(true);
    expect(states).toEqual([]);
    expect(new Set(lists)).toEqual(new Set([2]));
    expect(subscription.state).toBe('live');
  });

  it.each([
    ['is obeyed if it names a server of the list', '127.0.0.1'],
    ['is left for one of the list if it names another', '10.0.0.99'],
  ])('%s', async (_what, ip) => {
    await using other = await startDevServer({ port: 0 });
    await client.close();
    client = createClient({ server: [server.address, other.address], logger: silentLogger });
    await client.naming.register('orders', at(1));
    const [from, to] = server.connections().length === 1 ? [server, other] : [other, server];
    from.faults.resetConnections({ ip, port: to.port });
    await expect.poll(() => to.instances('orders').length, SOON).toBe(1);
    await expect.poll(() => from.connections().length, SOON).toBe(0);
  });
});

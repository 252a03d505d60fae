import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { A_CALL } from '../helpers/a-call.js';
import { createClient, type NacosClient } from '../../src/client/client.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import {
  createDiscovery,
  type Discovery,
  type DiscoveryOptions,
} from '../../src/discovery/discovery.js';
import { silentLogger } from '../../src/logger.js';

let server: DevServer;
let provider: NacosClient;
let consumer: NacosClient;
let discovery: Discovery;

const logger = silentLogger;

function discover(options: Partial<DiscoveryOptions> = {}): Discovery {
  return createDiscovery({ naming: consumer.naming, logger, ...options });
}

/** Ports that the next calls get. */
function nextPorts(name: string, calls = 8): number[] {
  const ports = Array.from(
    { length: calls },
    () => discovery.calls.pickNow(name, A_CALL)?.port ?? 0,
  );
  return [...new Set(ports)].sort((left, right) => left - right);
}

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 5 });
  provider = createClient({ server: server.address, logger });
  consumer = createClient({ server: server.address, logger });
  discovery = discover();
});

afterEach(async () => {
  await discovery.close();
  await consumer.close();
  await provider.close();
  await server.close();
});

describe('discovery over a server', () => {
  it('calls what is registered, and follows the list as it changes', async () => {
    const { naming } = provider;
    await naming.register('Order-Service', { ip: '10.0.0.1', port: 1 });
    await expect(discovery.calls.resolve('order-service', A_CALL)).resolves.toMatchObject({
      service: 'Order-Service',
      ip: '10.0.0.1',
      port: 1,
    });

    await naming.registerBatch('Order-Service', [
      { ip: '10.0.0.1', port: 1 },
      { ip: '10.0.0.1', port: 2 },
      { ip: '10.0.0.1', port: 3, enabled: false },
      { ip: '10.0.0.1', port: 4, weight: 0 },
    ]);
    await vi.waitFor(() => expect(nextPorts('order-service')).toEqual([1, 2]));

    await naming.registerBatch('Order-Service', [{ ip: '10.0.0.1', port: 2 }]);
    await vi.waitFor(() => expect(nextPorts('order-service')).toEqual([2]));
  });

  it('keeps to the weights', async () => {
    await provider.naming.registerBatch('orders', [
      { ip: '10.0.0.1', port: 1, weight: 0.5 },
      { ip: '10.0.0.1', port: 2, weight: 1.5 },
    ]);
    await discovery.calls.resolve('orders', A_CALL);
    const ports = Array.from(
      { length: 400 },
      () => discovery.calls.pickNow('orders', A_CALL)?.port,
    );
    expect(Math.abs(ports.filter((port) => port === 1).length - 100)).toBeLessThanOrEqual(2);
  });

  it('leaves a name to DNS that nobody registered, without a subscription', async () => {
    await expect(discovery.calls.resolve('redis', A_CALL)).resolves.toBeNull();
    expect(discovery.calls.pickNow('redis', A_CALL)).toBeNull();
    expect(server.subscribers('redis')).toEqual([]);
  });

  it('keeps the last instances when all are gone, unless told not to', async () => {
    await using strict = discover({ emptyProtection: false });
    await provider.naming.register('orders', { ip: '10.0.0.1', port: 1 });
    await discovery.calls.resolve('orders', A_CALL);
    await strict.calls.resolve('orders', A_CALL);

    await provider.naming.deregister('orders', { ip: '10.0.0.1', port: 1 });
    await vi.waitFor(() => expect(strict.calls.pickNow('orders', A_CALL)).toBeUndefined());

    await expect(strict.calls.resolve('orders', A_CALL)).rejects.toMatchObject({
      code: 'NO_INSTANCE',
    });
    expect(discovery.calls.pickNow('orders', A_CALL)).toMatchObject({ port: 1 });
  });

  it('goes on with its lists while the server is down, and follows them again after that', async () => {
    await provider.naming.register('orders', { ip: '10.0.0.1', port: 1 });
    await discovery.calls.resolve('orders', A_CALL);

    await server.faults.refuse(true);
    server.faults.dropConnections();
    await vi.waitFor(() => expect(consumer.naming.connectionState).toBe('backoff'));
    expect(discovery.calls.pickNow('orders', A_CALL)).toMatchObject({ port: 1 });
    // A name never seen does not wait for a server that is away.
    await expect(discovery.calls.resolve('stock', A_CALL)).resolves.toBeNull();

    await server.faults.refuse(false);
    await provider.naming.register('orders', { ip: '10.0.0.1', port: 2 });
    await vi.waitFor(() => expect(nextPorts('orders')).toEqual([1, 2]), { timeout: 15_000 });
  });

  it('leaves all to DNS when there never was a server', async () => {
    await server.close();
    await expect(discovery.calls.resolve('orders', A_CALL)).resolves.toBeNull();
    expect(discovery.calls.pickNow('orders', A_CALL)).toBeNull();
  });

  it('finds a service without the list of services', async () => {
    await provider.naming.register('orders', { ip: '10.0.0.1', port: 1 });
    server.faults.fail('ServiceListRequest', { errorCode: 403, message: 'no', times: Infinity });
    await expect(discovery.calls.resolve('orders', A_CALL)).resolves.toMatchObject({ port: 1 });
    await expect(discovery.calls.resolve('redis', A_CALL)).resolves.toBeNull();
    await vi.waitFor(() => expect(server.subscribers('redis')).toEqual([]));
  });

  it('ends its subscriptions on close', async () => {
    await provider.naming.register('orders', { ip: '10.0.0.1', port: 1 });
    await discovery.calls.resolve('orders', A_CALL);
    expect(server.subscribers('orders')).toHaveLength(1);
    await discovery.close();
    await vi.waitFor(() => expect(server.subscribers('orders')).toEqual([]));
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createLogger, silentLogger } from '../../src/logger.js';
import { openApps, type Apps } from './registration-fixture.js';

const SOON = { timeout: 15_000, interval: 20 };

let server: DevServer;
let client: NacosClient;
let apps: Apps;

beforeEach(async () => {
  server = await startDevServer({ port: 0 });
  client = createClient({ server: server.address, logger: silentLogger });
  apps = openApps();
});
afterEach(async () => {
  await apps.close();
  await client.close();
  await server.close();
});

const weights = async (service: string): Promise<readonly number[]> => {
  const consumer = createClient({ server: server.address, logger: silentLogger });
  try {
    return (await consumer.naming.query(service)).instances.map(({ weight }) => weight);
  } finally {
    await consumer.close();
  }
};

describe('a registration', () => {
  it('comes back after a lost connection as it was changed', async () => {
    const registrar = apps.registrar(client, 'orders');
    registrar.serverUp(await apps.listen());
    await registrar.registered();
    await registrar.change({ weight: 4 });
    await server.faults.restart();
    await expect.poll(() => weights('orders'), SOON).toEqual([4]);
    await registrar.change({ weight: 6 });
    expect(await weights('orders')).toEqual([6]);
  });

  it('that could not be made is said loudly once, and made when Nacos is there', async () => {
    const log: string[] = [];
    const gaveUp: string[] = [];
    await server.faults.refuse(true);
    const registrar = apps.registrar(client, 'orders', {
      logger: createLogger({ level: 'error', write: (line) => log.push(line) }),
      retry: { times: 2, intervalMs: 50 },
      onGiveUp: (reason) => gaveUp.push(reason),
    });
    registrar.serverUp(await apps.listen());
    await expect.poll(() => gaveUp, SOON).toHaveLength(1);
    expect(gaveUp[0]).toMatch(
      /is not registered after 3 attempts in 0\.\d s: Nacos cannot be reached$/,
    );
    await server.faults.refuse(false);
    expect(await registrar.registered()).toMatchObject({ state: 'registered', problem: undefined });
    expect(log).toHaveLength(1);
    expect(gaveUp).toHaveLength(1);
  });

  it('that the server refuses is asked for again after each interval, with its reason', async () => {
    const gaveUp: string[] = [];
    server.faults.fail('InstanceRequest', {
      errorCode: 403,
      message: 'no right to register',
      times: 4,
    });
    const registrar = apps.registrar(client, 'orders', {
      retry: { times: 2, intervalMs: 50 },
      onGiveUp: (reason) => gaveUp.push(reason),
    });
    registrar.serverUp(await apps.listen());
    expect(await registrar.registered()).toMatchObject({ state: 'registered' });
    expect(gaveUp).toHaveLength(1);
    expect(gaveUp[0]).toContain('no right to register');
  });

  it('that the server fails to make goes as fast as the interval, not as the replay', async () => {
    const times = 6;
    server.faults.fail('InstanceRequest', { errorCode: 500, message: 'not now', times });
    const gaveUp: string[] = [];
    const registrar = apps.registrar(client, 'orders', {
      retry: { times: 100, intervalMs: 50 },
      onGiveUp: (reason) => gaveUp.push(reason),
    });
    registrar.serverUp(await apps.listen());
    // Six waits of 3 s would not fit in here.
    expect(await registrar.registered({ timeoutMs: 8000 })).toMatchObject({ state: 'registered' });
    expect(gaveUp).toEqual([]);
  });
});

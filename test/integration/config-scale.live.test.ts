import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 30_000, interval: 50 };
const MIB = 1024 * 1024;

let registry: TestRegistry;
let writer: NacosClient;
let reader: NacosClient;

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

beforeEach(() => {
  const options = { server: registry.address, logger: silentLogger, requestTimeoutMs: 30_000 };
  writer = createClient(options);
  reader = createClient(options);
});
afterEach(() => Promise.all([writer.close(), reader.close()]));

describe('many and big configs on a server', () => {
  it('listens to 5,000 with one client, and hears of each that changes', async () => {
    const prefix = registry.uniqueName('many');
    const told: string[] = [];
    const subscriptions = Array.from({ length: 5000 }, (_, at) =>
      reader.config.listen(`${prefix}-${String(at)}`, undefined, (version, key) => {
        told.push(`${key.dataId} ${version?.content ?? ''}`);
      }),
    );
    await Promise.all(subscriptions.map((subscription) => subscription.ready()));
    const changed = [0, 2499, 4999].map((at) => `${prefix}-${String(at)}`);
    for (const dataId of changed) await writer.config.publish(dataId, undefined, 'x');
    await expect.poll(() => [...told].sort(), SOON).toEqual(changed.map((id) => `${id} x`).sort());
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    await Promise.all(changed.map((dataId) => writer.config.remove(dataId)));
  });

  it('reads a content as big as it was written', async () => {
    const dataId = registry.uniqueName('big');
    // A Nacos with the database that it brings along takes many seconds for more.
    const isNacos = registry.kind === 'nacos-2' || registry.kind === 'nacos-3';
    const content = 'ü'.repeat(((isNacos ? 1 : 9) * MIB) / 2);
    await writer.config.publish(dataId, undefined, content);
    const isThere = async () => (await reader.config.get(dataId))?.content === content;
    await expect.poll(isThere, SOON).toBe(true);
    await writer.config.remove(dataId);
  });
});

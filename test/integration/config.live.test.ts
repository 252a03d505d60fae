import { createHash } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import type { ConfigVersion } from '../../src/config-api.js';
import { silentLogger } from '../../src/logger.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

/** What is confirmed is served a moment later. */
const SOON = { timeout: 15_000, interval: 20 };

let registry: TestRegistry;
let writer: NacosClient;
let reader: NacosClient;

beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

beforeEach(() => {
  writer = createClient({ server: registry.address, logger: silentLogger });
  reader = createClient({ server: registry.address, logger: silentLogger });
});
afterEach(() => Promise.all([writer.close(), reader.close()]));

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const contentOf = async (dataId: string, group?: string) =>
  (await reader.config.get(dataId, group))?.content;

describe('reading and writing on a server', () => {
  it('reads what was published, with its type, sum and time', async () => {
    const dataId = `${registry.uniqueName('app')}.yaml`;
    const content = 'a: 1\nb: "übung 订单 🚀"\n';
    await writer.config.publish(dataId, undefined, content);
    await expect.poll(() => contentOf(dataId), SOON).toBe(content);
    const version = await reader.config.get(dataId);
    expect(version).toMatchObject({
      namespace: 'public',
      group: 'DEFAULT_GROUP',
      dataId,
      content,
      md5: md5(content),
      source: 'server',
      type: 'yaml',
    });
  });

  it('says that there is none, before and after', async () => {
    const dataId = registry.uniqueName('app');
    expect(await reader.config.get(dataId)).toBeUndefined();
    await writer.config.publish(dataId, 'G1', 'x');
    await expect.poll(() => contentOf(dataId, 'G1'), SOON).toBe('x');
    expect(await reader.config.get(dataId)).toBeUndefined();
    await writer.config.remove(dataId, 'G1');
    await expect.poll(() => contentOf(dataId, 'G1'), SOON).toBeUndefined();
    await writer.config.remove(dataId, 'G1');
  });
});

describe('listening on a server', () => {
  it('tells the content of now, each change, and the removal', async () => {
    const dataId = registry.uniqueName('app');
    await writer.config.publish(dataId, undefined, 'one');
    await expect.poll(() => contentOf(dataId), SOON).toBe('one');
    const told: (string | undefined)[] = [];
    const subscription = reader.config.listen(dataId, undefined, (version) => {
      told.push(version?.content);
    });
    expect((await subscription.ready())?.content).toBe('one');
    expect(told).toEqual(['one']);
    await expect.poll(() => subscription.state, SOON).toBe('live');
    await writer.config.publish(dataId, undefined, 'two');
    await expect.poll(() => told, SOON).toEqual(['one', 'two']);
    await writer.config.remove(dataId);
    await expect.poll(() => told, SOON).toEqual(['one', 'two', undefined]);
    await writer.config.publish(dataId, undefined, 'three');
    await expect.poll(() => told, SOON).toEqual(['one', 'two', undefined, 'three']);
    await subscription.close();
    expect(subscription.state).toBe('closed');
  });

  it('hears of a config that comes into being later', async () => {
    const dataId = registry.uniqueName('app');
    const told: (ConfigVersion | undefined)[] = [];
    const subscription = reader.config.listen(dataId, 'G1', (version) => {
      told.push(version);
    });
    expect(await subscription.ready()).toBeUndefined();
    expect(told).toEqual([]);
    await writer.config.publish(dataId, 'G1', 'born');
    await expect.poll(() => told.map((version) => version?.content), SOON).toEqual(['born']);
  });

  it('gives a loop the content of now and then what differs', async () => {
    const dataId = registry.uniqueName('app');
    await using subscription = reader.config.listen(dataId);
    const seen: (string | undefined)[] = [];
    for await (const version of subscription) {
      seen.push(version?.content);
      if (version?.content === 'two') break;
      await writer.config.publish(dataId, undefined, version === undefined ? 'one' : 'two');
    }
    expect(seen).toEqual([undefined, 'one', 'two']);
  });
});

import { createHash } from 'node:crypto';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import type { ConfigVersion, ListConfigsOptions } from '../../src/config-api.js';
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

describe('publishing with conditions', () => {
  it('replaces the content that was expected only', async () => {
    const dataId = registry.uniqueName('app');
    await writer.config.publish(dataId, undefined, 'one');
    const publish = (content: string, casMd5: string) =>
      writer.config.publish(dataId, undefined, content, { casMd5 });
    if (registry.kind === 'r-nacos') {
      await expect(publish('two', md5('one'))).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      expect(await contentOf(dataId)).toBe('one');
      return;
    }
    await publish('two', md5('one'));
    await expect(publish('three', md5('one'))).rejects.toMatchObject({
      code: 'CAS_CONFLICT',
      retryable: false,
    });
    await expect.poll(() => contentOf(dataId), SOON).toBe('two');
    await publish('three', md5('two'));
    await expect.poll(() => contentOf(dataId), SOON).toBe('three');
  });

  it('keeps what is for some clients from all others', async () => {
    const dataId = registry.uniqueName('app');
    await writer.config.publish(dataId, undefined, 'for all');
    await expect.poll(() => contentOf(dataId), SOON).toBe('for all');
    const forTag = { tag: 'blue' };
    const publish = () => writer.config.publish(dataId, undefined, 'for blue', forTag);
    if (registry.kind === 'r-nacos') {
      await expect(publish()).rejects.toMatchObject({ code: 'SERVER_UNSUPPORTED' });
      await expect(
        writer.config.publish(dataId, undefined, 'beta', { betaIps: ['127.0.0.1'] }),
      ).rejects.toMatchObject({ code: 'SERVER_UNSUPPORTED' });
      await expect(reader.config.get(dataId, undefined, forTag)).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      expect(await contentOf(dataId)).toBe('for all');
      return;
    }
    await publish();
    const tagged = async () => (await reader.config.get(dataId, undefined, forTag))?.content;
    await expect.poll(tagged, SOON).toBe('for blue');
    expect(await reader.config.get(dataId, undefined, { tag: 'red' })).toBeUndefined();
    expect(await contentOf(dataId)).toBe('for all');
    await writer.config.remove(dataId, undefined, forTag);
    await expect.poll(tagged, SOON).toBeUndefined();
    await writer.config.remove(dataId, undefined, forTag);
    expect(await contentOf(dataId)).toBe('for all');
  });

  it('shows a beta to the clients it is for, and tells their listeners, until it is removed', async () => {
    if (registry.kind === 'r-nacos') {
      await expect(writer.config.remove('any', undefined, { beta: true })).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      return;
    }
    const dataId = registry.uniqueName('app');
    await writer.config.publish(dataId, undefined, 'for all');
    await expect.poll(() => contentOf(dataId), SOON).toBe('for all');
    const told: (string | undefined)[] = [];
    const subscription = reader.config.listen(dataId, undefined, (version) => {
      told.push(version?.content);
    });
    await subscription.ready();
    await expect.poll(() => subscription.state, SOON).toBe('live');
    // The address of this machine as the server sees it, and one of nobody.
    const elsewhere = { betaIps: ['10.255.255.1'] };
    await writer.config.publish(dataId, undefined, 'for others', elsewhere);
    await writer.config.publish(dataId, undefined, 'for us', { betaIps: ['127.0.0.1'] });
    await expect.poll(() => told, SOON).toEqual(['for all', 'for us']);
    await writer.config.remove(dataId, undefined, { beta: true });
    await expect.poll(() => told, SOON).toEqual(['for all', 'for us', 'for all']);
    await writer.config.remove(dataId, undefined, { beta: true });
  });

  it('takes everything that a console shows', async () => {
    const dataId = registry.uniqueName('app');
    await writer.config.publish(dataId, undefined, '<a/>', {
      type: 'xml',
      appName: 'shop',
      tags: ['one', 'two'],
      description: 'what it is for',
    });
    await expect.poll(async () => (await reader.config.get(dataId))?.type, SOON).toBe('xml');
  });
});

describe('encrypted configs', () => {
  it('are read as they were written, and lie encrypted on the server', async () => {
    const dataId = `cipher-aes-${registry.uniqueName('app')}`;
    if (registry.kind === 'r-nacos') {
      // It throws the key away: the content would be lost.
      await expect(writer.config.publish(dataId, undefined, 'x')).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      return;
    }
    await writer.config.publish(dataId, undefined, 'secret: übung');
    await expect.poll(() => contentOf(dataId), SOON).toBe('secret: übung');
    await using plain = createClient({
      server: registry.address,
      logger: silentLogger,
      ciphers: [
        {
          algorithm: 'aes',
          encrypt: (content) => ({ content, encryptedDataKey: '' }),
          decrypt: ({ content }) => content,
        },
      ],
    });
    const stored = await plain.config.get(dataId);
    expect(stored?.content).toMatch(/^[0-9a-f]{32}$/);
    expect(stored?.md5).toBe(md5(stored?.content ?? ''));
  });
});

describe('what a console shows', () => {
  it('lists what matches, page by page', async () => {
    const prefix = registry.uniqueName('listed');
    const group = registry.uniqueName('G');
    for (const name of ['a.json', 'b.json', 'c.yaml']) {
      await writer.config.publish(`${prefix}-${name}`, group, `{"n":"${name}"}`);
    }
    await writer.config.publish(`other-${prefix}-a.json`, undefined, 'x');
    const ids = async (options: ListConfigsOptions) =>
      (await reader.config.list(options)).configs.map((config) => config.dataId).sort();
    await expect
      .poll(() => ids({ dataId: `${prefix}*` }), SOON)
      .toEqual(['a.json', 'b.json', 'c.yaml'].map((name) => `${prefix}-${name}`));
    expect(await ids({ dataId: '*b.json', group })).toEqual([`${prefix}-b.json`]);
    expect(await ids({ dataId: `*${prefix}-a*` })).toEqual([
      `${prefix}-a.json`,
      `other-${prefix}-a.json`,
    ]);
    expect(await ids({ dataId: `${prefix}-a.json`, group })).toEqual([`${prefix}-a.json`]);
    const first = await reader.config.list({ group, pageSize: 2 });
    const second = await reader.config.list({ group, pageSize: 2, page: 2 });
    expect([first.count, first.configs.length, second.configs.length]).toEqual([3, 2, 1]);
    const [listed] = (await reader.config.list({ dataId: `${prefix}-c.yaml` })).configs;
    expect(listed).toEqual({
      namespace: 'public',
      group,
      dataId: `${prefix}-c.yaml`,
      // r-nacos lists no types.
      type: registry.kind === 'r-nacos' ? 'text' : 'yaml',
      md5: md5('{"n":"c.yaml"}'),
    });
  });

  it('knows what was done to a config, and what it held', async () => {
    const dataId = `${registry.uniqueName('app')}.yaml`;
    if (registry.kind === 'r-nacos') {
      await expect(reader.config.history(dataId)).rejects.toMatchObject({
        code: 'SERVER_UNSUPPORTED',
      });
      return;
    }
    const before = Date.now() - 60_000;
    for (const content of ['a: 1', 'a: 2']) {
      await writer.config.publish(dataId, undefined, content);
      await expect.poll(() => contentOf(dataId), SOON).toBe(content);
    }
    await writer.config.remove(dataId);
    const operations = async () =>
      (await reader.config.history(dataId)).entries.map((entry) => entry.operation);
    await expect.poll(operations, SOON).toEqual(['delete', 'update', 'insert']);
    const { count, entries } = await reader.config.history(dataId);
    expect(count).toBe(3);
    expect(entries[0]).toMatchObject({ namespace: 'public', group: 'DEFAULT_GROUP', dataId });
    expect(entries[0]?.isGray).toBe(false);
    expect(entries[0]?.modifiedMs).toBeGreaterThan(before);
    const held = await Promise.all(entries.map((entry) => reader.config.historyEntry(entry)));
    expect(held.map((version) => version.content)).toEqual(['a: 2', 'a: 1', 'a: 1']);
    expect(held[0]?.md5).toBe(md5('a: 2'));
  });
});

describe('watching a pattern', () => {
  it('tells which configs match, from Nacos 3 on', async () => {
    const prefix = registry.uniqueName('pattern');
    if (registry.kind === 'nacos-2' || registry.kind === 'r-nacos') {
      await using watch = reader.config.watchPattern({ dataId: `${prefix}*` });
      await expect(watch.ready()).rejects.toMatchObject({ code: 'SERVER_UNSUPPORTED' });
      return;
    }
    await writer.config.publish(`${prefix}-a`, 'G1', 'a');
    await expect.poll(() => contentOf(`${prefix}-a`, 'G1'), SOON).toBe('a');
    const told: string[] = [];
    await using watch = reader.config.watchPattern({ dataId: `${prefix}*` }, ({ type, key }) => {
      told.push(`${type} ${key.group}/${key.dataId}`);
    });
    const keys = await watch.ready();
    expect(keys).toEqual([{ namespace: 'public', group: 'G1', dataId: `${prefix}-a` }]);
    await writer.config.publish(`${prefix}-b`, undefined, 'b');
    await expect.poll(() => told, SOON).toContain(`added DEFAULT_GROUP/${prefix}-b`);
    await writer.config.remove(`${prefix}-a`, 'G1');
    await expect.poll(() => told, SOON).toContain(`removed G1/${prefix}-a`);
    expect(watch.keys.map((key) => key.dataId)).toEqual([`${prefix}-b`]);
  });
});

describe('namespaces and clients', () => {
  it('are apart from each other', async () => {
    const dataId = registry.uniqueName('app');
    const namespace = registry.uniqueName('ns');
    await using other = createClient({
      server: registry.address,
      namespace,
      logger: silentLogger,
    });
    const told: (string | undefined)[] = [];
    await using subscription = other.config.listen(dataId, undefined, (version) => {
      told.push(version?.content);
    });
    await subscription.ready();
    await writer.config.publish(dataId, undefined, 'public one');
    await expect.poll(() => contentOf(dataId), SOON).toBe('public one');
    expect(await other.config.get(dataId)).toBeUndefined();
    await other.config.publish(dataId, undefined, 'other one');
    await expect.poll(() => told, SOON).toEqual(['other one']);
    expect(await contentOf(dataId)).toBe('public one');
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

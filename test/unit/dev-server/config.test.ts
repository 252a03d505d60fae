import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import type { JsonObject } from '../../../src/wire/json.js';
import { aServer, type FakeClient, type FakeServer, type Message } from './fixture.js';

const DUMP_DELAY_MS = 100;
const KEY = { dataId: 'app.yaml', group: 'DEFAULT_GROUP', tenant: '' };

describe('publish and query', () => {
  it('serves what was published, with its type, md5 and time', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'a: 1', { additionMap: { type: 'yaml', encryptedDataKey: 'KEY' } });
    const at = server.clock.wallMs();
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toEqual({
      resultCode: 200,
      errorCode: 0,
      success: true,
      content: 'a: 1',
      encryptedDataKey: 'KEY',
      contentType: 'yaml',
      md5: md5('a: 1'),
      lastModified: at,
      beta: false,
    });
  });

  it('confirms a publish before it serves it', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'one');
    expect((await ask(client)).body).toMatchObject({ errorCode: 300 });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toMatchObject({ content: 'one' });
  });

  it('answers 300 in a ConfigQueryResponse for what is not there', async () => {
    const answer = await ask(aServer().client('config'));
    expect(answer).toEqual({
      type: 'ConfigQueryResponse',
      body: {
        resultCode: 500,
        errorCode: 300,
        message: 'config data not exist',
        success: false,
        lastModified: 0,
        beta: false,
      },
    });
  });

  it.each([undefined, 'nonsense', ''])('trap 23: says text for the type %j', async (type) => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'x', { additionMap: { type } });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toMatchObject({ contentType: 'text' });
  });

  it('takes an empty tenant and public for one namespace, and others apart', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'default', { tenant: 'public' });
    await publish(client, 'dev', { tenant: 'dev' });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client, { tenant: '' })).body).toMatchObject({ content: 'default' });
    expect((await ask(client, { tenant: 'public' })).body).toMatchObject({ content: 'default' });
    expect((await ask(client, { tenant: 'dev' })).body).toMatchObject({ content: 'dev' });
    expect((await ask(client, { tenant: 'null' })).body).toMatchObject({ errorCode: 300 });
  });

  it.each([
    [{ content: '' }, 'content is blank'],
    [{ content: ' \n' }, 'content is blank'],
    [{ dataId: '' }, 'invalid dataId'],
    [{ group: ' ' }, 'invalid group'],
  ])('refuses to publish %j', async (wrong, message) => {
    const answer = await publish(aServer().client('config'), 'x', wrong);
    expect(answer.type).toBe('ConfigPublishResponse');
    expect(answer.body).toMatchObject({ resultCode: 500, errorCode: 400 });
    expect(answer.body['message']).toContain(message);
  });

  it.each([
    [{ desc: 'x'.repeat(129) }, 'too long desc, over 128'],
    [{ config_tags: 'a,b,c,d,e,f' }, 'too much config_tags, over 5'],
  ])('refuses additions that are too long: %j', async (additionMap, message) => {
    const answer = await publish(aServer().client('config'), 'x', { additionMap });
    expect(answer.body).toMatchObject({ resultCode: 500, errorCode: 500, message });
  });

  it('shows a beta to the addresses it is for, before a tag, and nobody else', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'for all');
    await publish(client, 'for blue', { additionMap: { tag: 'blue' } });
    await publish(client, 'for others', { additionMap: { betaIps: '10.0.0.77, 10.0.0.78' } });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toMatchObject({ content: 'for all' });
    expect((await ask(client, { tag: 'blue' })).body).toMatchObject({ content: 'for blue' });
    // Of the setup of the connection.
    await publish(client, 'for us', { additionMap: { betaIps: '10.0.0.5' } });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toMatchObject({ content: 'for us' });
    expect((await ask(client, { tag: 'blue' })).body).toMatchObject({ content: 'for us' });
  });

  it('removes gray contents by their names, one that is not there with a failure', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'for all');
    await publish(client, 'for blue', { additionMap: { tag: 'blue' } });
    const remove = (tag: string) => client.call('ConfigRemoveRequest', { ...KEY, tag });
    expect((await remove('blue')).body).toMatchObject({ resultCode: 500, errorCode: 0 });
    expect((await remove('tag_blue')).body).toMatchObject({ resultCode: 200 });
    expect((await remove('beta')).body).toMatchObject({ resultCode: 500, errorCode: 0 });
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client, { tag: 'blue' })).body).toMatchObject({ errorCode: 300 });
    expect((await ask(client)).body).toMatchObject({ content: 'for all' });
  });

  it('answers a query for a tag without content of its own with 300 and the tag', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'x');
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client, { tag: 'gray' })).body).toMatchObject({
      errorCode: 300,
      tag: 'gray',
    });
  });
});

describe('compare and set', () => {
  it('trap 27: inserts whatever casMd5 says when there is no config', async () => {
    const answer = await publish(aServer().client('config'), 'one', { casMd5: 'no such md5' });
    expect(answer.body).toMatchObject({ resultCode: 200 });
  });

  it('writes over the content with that md5 only, judged by what was published, not by what is served', async () => {
    const client = aServer().client('config');
    await publish(client, 'one');
    const missed = await publish(client, 'three', { casMd5: md5('two') });
    expect(missed).toEqual({
      type: 'ConfigPublishResponse',
      body: {
        resultCode: 500,
        errorCode: 500,
        message: 'Cas publish fail, server md5 may have changed.',
        success: false,
      },
    });
    expect((await publish(client, 'two', { casMd5: md5('one') })).body['resultCode']).toBe(200);
  });
});

describe('remove', () => {
  it('trap 27: is a success when there is nothing to remove', async () => {
    const answer = await aServer().client('config').call('ConfigRemoveRequest', KEY);
    expect(answer.type).toBe('ConfigRemoveResponse');
    expect(answer.body).toMatchObject({ resultCode: 200 });
  });

  it('ends the serving of the config', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'x');
    await server.clock.advance(DUMP_DELAY_MS);
    await client.call('ConfigRemoveRequest', KEY);
    await server.clock.advance(DUMP_DELAY_MS);
    expect((await ask(client)).body).toMatchObject({ errorCode: 300 });
  });

  it('fails with resultCode 500 and errorCode 0 for a blank name, as real servers do', async () => {
    const client = aServer().client('config');
    const answer = await client.call('ConfigRemoveRequest', { ...KEY, dataId: '' });
    expect(answer.body).toMatchObject({ resultCode: 500, errorCode: 0, success: false });
  });
});

describe('listen', () => {
  it('reports what differs from the md5 of the client, with the key as it was sent', async () => {
    const server = aServer();
    const client = server.client('config');
    await publish(client, 'x');
    await server.clock.advance(DUMP_DELAY_MS);
    expect(await changed(client, [{ ...KEY, md5: md5('x') }])).toEqual([]);
    expect(await changed(client, [{ ...KEY, md5: '' }])).toEqual([KEY]);
    expect(await changed(client, [{ ...KEY, tenant: 'public', md5: '' }])).toEqual([
      { ...KEY, tenant: 'public' },
    ]);
    const { dataId, group } = KEY;
    expect(await changed(client, [{ dataId, group, md5: '' }])).toEqual([{ dataId, group }]);
  });

  it('trap 15: takes an empty md5 for a config that is not there', async () => {
    const client = aServer().client('config');
    expect(await changed(client, [{ ...KEY, md5: '' }])).toEqual([]);
    expect(await changed(client, [{ ...KEY, md5: md5('') }])).toEqual([KEY]);
  });

  it.each([
    ['', {}],
    ['public', { tenant: 'public' }],
    ['dev', { tenant: 'dev' }],
  ])(
    'tells a listener with the tenant %j of each change, without content',
    async (tenant, said) => {
      const server = aServer();
      const writer = server.client('config');
      const listener = server.client('config');
      await changed(listener, [{ ...KEY, tenant, md5: '' }]);
      await publish(writer, 'x', { tenant });
      expect(listener.pushed).toEqual([]);
      await server.clock.advance(DUMP_DELAY_MS);
      const { dataId, group } = KEY;
      const requestId = expect.any(String) as string;
      expect(listener.ack()).toEqual({
        type: 'ConfigChangeNotifyRequest',
        body: { headers: {}, requestId, module: 'config', dataId, group, ...said },
      });
      await writer.call('ConfigRemoveRequest', { ...KEY, tenant });
      await server.clock.advance(DUMP_DELAY_MS);
      expect(listener.ack().type).toBe('ConfigChangeNotifyRequest');
      expect(writer.pushed).toEqual([]);
    },
  );

  it('tells nothing when the same content is published again, but takes its new type', async () => {
    const server = aServer();
    const [writer, listener] = [server.client('config'), server.client('config')];
    await publish(writer, 'x', { additionMap: { type: 'json' } });
    await server.clock.advance(DUMP_DELAY_MS);
    await changed(listener, [{ ...KEY, md5: md5('x') }]);
    await publish(writer, 'x');
    await server.clock.advance(60_000);
    expect(listener.pushed).toEqual([]);
    expect((await ask(writer)).body).toMatchObject({ contentType: 'text' });
  });

  it('tells once of what was published several times within one dump', async () => {
    const server = aServer();
    const [writer, listener] = [server.client('config'), server.client('config')];
    await changed(listener, [{ ...KEY, md5: '' }]);
    for (const content of ['a', 'b', 'c']) await publish(writer, content);
    await server.clock.advance(DUMP_DELAY_MS);
    listener.ack();
    await server.clock.advance(60_000);
    expect(listener.pushed).toEqual([]);
    expect((await ask(listener)).body).toMatchObject({ content: 'c' });
  });

  it('tells nothing after listen false, and nothing to a listener that is gone', async () => {
    const server = aServer();
    const [writer, a, b] = [
      server.client('config'),
      server.client('config'),
      server.client('config'),
    ];
    for (const listener of [a, b]) await changed(listener, [{ ...KEY, md5: '' }]);
    expect(await changed(a, [{ ...KEY, md5: '' }], false)).toEqual([]);
    b.vanish();
    await publish(writer, 'x');
    await server.clock.advance(60_000);
    expect([...a.pushed, ...b.pushed]).toEqual([]);
    expect(server.clock.pending).toBe(0);
  });

  it('waits 3 s for an ack and tries again after 2 s, then 4 s', async () => {
    const server = aServer();
    const listener = await aListenerTold(server);
    listener.pushed.length = 0;
    for (const waitMs of [3000 + 2000, 3000 + 4000]) {
      await server.clock.advance(waitMs - 1);
      expect(listener.pushed).toEqual([]);
      await server.clock.advance(1);
      expect(listener.pushed.splice(0)).toHaveLength(1);
    }
  });

  it('closes the connection of a listener that did not ack 50 times', async () => {
    const server = aServer();
    const listener = await aListenerTold(server);
    for (let attempt = 1; attempt < 50; attempt += 1) {
      await server.clock.advance(3000 + attempt * 2000);
      expect(listener.dropped).toBe(false);
    }
    expect(listener.pushed).toHaveLength(50);
    await server.clock.advance(3000);
    expect(listener.dropped).toBe(true);
  });

  it('refuses a whole listen request for one bad name, with an empty list in the answer', async () => {
    const client = aServer().client('config');
    const answer = await client.call('ConfigBatchListenRequest', {
      listen: true,
      configListenContexts: [
        { ...KEY, md5: '' },
        { ...KEY, dataId: 'a b', md5: '' },
      ],
    });
    expect(answer.type).toBe('ConfigChangeBatchListenResponse');
    expect(answer.body).toMatchObject({ errorCode: 400, changedConfigs: [] });
  });
});

function publish(client: FakeClient, content: string, more: JsonObject = {}): Promise<Message> {
  return client.call('ConfigPublishRequest', { ...KEY, content, additionMap: {}, ...more });
}

function ask(client: FakeClient, more: JsonObject = {}): Promise<Message> {
  return client.call('ConfigQueryRequest', { ...KEY, ...more });
}

async function changed(
  client: FakeClient,
  configListenContexts: readonly JsonObject[],
  listen = true,
): Promise<unknown> {
  const outer = { dataId: '', group: '', tenant: '' };
  const body = { ...outer, listen, configListenContexts };
  return (await client.call('ConfigBatchListenRequest', body)).body['changedConfigs'];
}

/** A listener with one push that it has not acked. */
async function aListenerTold(server: FakeServer): Promise<FakeClient> {
  const listener = server.client('config');
  await changed(listener, [{ ...KEY, md5: '' }]);
  await publish(server.client('config'), 'x');
  await server.clock.advance(DUMP_DELAY_MS);
  expect(listener.pushed).toHaveLength(1);
  return listener;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

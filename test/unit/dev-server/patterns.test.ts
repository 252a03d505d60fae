import { describe, expect, it } from 'vitest';

import { readObjects, readString } from '../../../src/wire/json.js';
import { aServer, type FakeClient, type FakeServer } from './fixture.js';

const WATCH = 'NamingFuzzyWatchRequest';
const PATTERN = 'public>>DEFAULT_GROUP>>ord*';

const watch = (client: FakeClient, extra = {}) =>
  client.call(WATCH, {
    namespace: 'public',
    groupKeyPattern: PATTERN,
    receivedGroupKeys: [],
    watchType: 'WATCH',
    initializing: true,
    ...extra,
  });

const instance = {
  ip: '10.0.0.1',
  port: 80,
  weight: 1,
  healthy: true,
  enabled: true,
  ephemeral: true,
  clusterName: 'DEFAULT',
  metadata: {},
};

const publish = (client: FakeClient, serviceName: string, type = 'registerInstance') =>
  client.call('InstanceRequest', {
    namespace: 'public',
    groupName: 'DEFAULT_GROUP',
    serviceName,
    type,
    instance,
  });

/** Acks all that was pushed, until nothing more comes; in short. */
async function heard({ clock }: FakeServer, client: FakeClient): Promise<string[]> {
  const all: string[] = [];
  await clock.advance(1000);
  while (client.pushed.length > 0) {
    const { body } = client.ack();
    const keys = readObjects(body, 'contexts').map(
      (context) => `${readString(context, 'changedType')} ${readString(context, 'serviceKey')}`,
    );
    all.push([readString(body, 'syncType'), ...keys].join(' '));
    if (body['serviceKey'] !== undefined) {
      all.push(`${readString(body, 'changedType')} ${readString(body, 'serviceKey')}`);
    }
    await clock.advance(0);
  }
  return all;
}

const ORDERS = 'public@@DEFAULT_GROUP@@orders';

describe('watching a pattern on the dev server', () => {
  it('tells what matches in batches of 10, and the end when all are acknowledged', async () => {
    const server = aServer();
    const [provider, watcher] = [server.client('naming'), server.client('naming')];
    for (let n = 10; n < 22; n += 1) await publish(provider, `order-${String(n)}`);
    await publish(provider, 'users');
    expect((await watch(watcher)).body).toMatchObject({ resultCode: 200 });
    await server.clock.advance(900);
    expect(watcher.pushed).toEqual([]);
    await server.clock.advance(100);
    expect(watcher.pushed.map(({ body }) => readObjects(body, 'contexts').length)).toEqual([10, 2]);
    const told = await heard(server, watcher);
    expect(told.map((text) => text.split(' ')[0])).toEqual([
      'FUZZY_WATCH_INIT_NOTIFY',
      'FUZZY_WATCH_INIT_NOTIFY',
      'FINISH_FUZZY_WATCH_INIT_NOTIFY',
    ]);
  });

  it('tells when the first publisher comes and when the last one leaves', async () => {
    const server = aServer();
    const [one, other, watcher] = [
      server.client('naming'),
      server.client('naming'),
      server.client('naming'),
    ];
    await watch(watcher);
    expect(await heard(server, watcher)).toEqual(['FINISH_FUZZY_WATCH_INIT_NOTIFY']);
    await publish(one, 'orders');
    await publish(other, 'orders');
    await publish(one, 'orders', 'deregisterInstance');
    expect(await heard(server, watcher)).toEqual([
      'FUZZY_WATCH_RESOURCE_CHANGED',
      `ADD_SERVICE ${ORDERS}`,
    ]);
    other.vanish();
    expect(await heard(server, watcher)).toEqual([
      'FUZZY_WATCH_RESOURCE_CHANGED',
      `DELETE_SERVICE ${ORDERS}`,
    ]);
    await watch(watcher, { watchType: 'CANCEL_WATCH', initializing: false });
    await publish(one, 'orders');
    expect(await heard(server, watcher)).toEqual([]);
  });

  it('tells who has something already the difference, and nothing when there is none', async () => {
    const server = aServer();
    const [provider, watcher] = [server.client('naming'), server.client('naming')];
    await publish(provider, 'orders');
    const gone = 'public@@DEFAULT_GROUP@@order-gone';
    await watch(watcher, { initializing: false, receivedGroupKeys: [gone] });
    expect(await heard(server, watcher)).toEqual([
      `FUZZY_WATCH_DIFF_SYNC_NOTIFY ADD_SERVICE ${ORDERS} DELETE_SERVICE ${gone}`,
    ]);
    await watch(watcher, { initializing: false, receivedGroupKeys: [ORDERS] });
    expect(await heard(server, watcher)).toEqual([]);
  });

  it('repeats what is not acknowledged', async () => {
    const server = aServer();
    const [provider, watcher] = [server.client('naming'), server.client('naming')];
    await publish(provider, 'orders');
    await watch(watcher);
    await server.clock.advance(1000);
    expect(watcher.pushed.splice(0)).toHaveLength(1);
    await server.clock.advance(6000);
    expect(await heard(server, watcher)).toEqual([
      `FUZZY_WATCH_INIT_NOTIFY ADD_SERVICE ${ORDERS}`,
      'FINISH_FUZZY_WATCH_INIT_NOTIFY',
    ]);
  });

  it('keeps 20 patterns, and frees those of a client that is gone', async () => {
    const server = aServer();
    const [one, other] = [server.client('naming'), server.client('naming')];
    const nth = (n: number) => ({ groupKeyPattern: `public>>*>>p${String(n)}*` });
    for (let n = 0; n < 20; n += 1) await watch(one, nth(n));
    expect((await watch(other, nth(20))).body).toMatchObject({
      resultCode: 500,
      errorCode: 50_310,
    });
    expect((await watch(other, nth(3))).body).toMatchObject({ resultCode: 200 });
    one.vanish();
    expect((await watch(other, nth(20))).body).toMatchObject({ resultCode: 200 });
  });
});

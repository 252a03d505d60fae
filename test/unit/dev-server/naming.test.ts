import { describe, expect, it } from 'vitest';

import {
  anInstance,
  aServer,
  hostObjects,
  hostsOf,
  query,
  registration,
  subscription,
  target,
  type FakeClient,
  type FakeServer,
} from './fixture.js';

const orders = { namespace: 'public', service: { name: 'orders', group: 'DEFAULT_GROUP' } };
const PUSH_DELAY_MS = 500;

describe('registration', () => {
  it('keeps one record per connection and service: a second single register replaces the first', async () => {
    const server = aServer();
    const client = server.client();
    await client.call('InstanceRequest', registration({ port: 80 }));
    await client.call('InstanceRequest', registration({ port: 81 }));
    expect(published(server)).toEqual(['10.0.0.1:81']);
  });

  it('replaces the whole record by a batch, and a batch by a single instance', async () => {
    const server = aServer();
    const client = server.client();
    await client.call('InstanceRequest', registration({ port: 80 }));
    await batch(client, [81, 82]);
    expect(published(server)).toEqual(['10.0.0.1:81', '10.0.0.1:82']);
    await batch(client, [82]);
    expect(published(server)).toEqual(['10.0.0.1:82']);
    await client.call('InstanceRequest', registration({ port: 90 }));
    expect(published(server)).toEqual(['10.0.0.1:90']);
  });

  it('takes an empty batch: nothing is listed and the service is known', async () => {
    const server = aServer();
    const client = server.client();
    await batch(client, [80]);
    await batch(client, []);
    expect(published(server)).toEqual([]);
    expect(await names(client)).toEqual(['orders']);
  });

  it('drops the record on deregister, whatever address is sent', async () => {
    const server = aServer();
    const client = server.client();
    await batch(client, [80, 81]);
    await client.call('InstanceRequest', registration({ port: 9 }, {}, 'deregisterInstance'));
    expect(published(server)).toEqual([]);
  });

  it('trap 27: deregisters what is not there with success', async () => {
    const { type, body } = await aServer()
      .client()
      .call('InstanceRequest', registration({}, {}, 'deregisterInstance'));
    expect(type).toBe('InstanceResponse');
    expect(body).toMatchObject({ resultCode: 200, type: 'deregisterInstance' });
  });

  it('leaves the record of one connection alone when another deregisters the same address', async () => {
    const server = aServer();
    const [owner, other] = [server.client(), server.client()];
    await owner.call('InstanceRequest', registration());
    await other.call('InstanceRequest', registration({}, {}, 'deregisterInstance'));
    expect(published(server)).toEqual(['10.0.0.1:80']);
  });

  it('lists an address twice when two connections say different things about it, else once', async () => {
    const server = aServer();
    const [a, b] = [server.client(), server.client()];
    await a.call('InstanceRequest', registration());
    await b.call('InstanceRequest', registration());
    expect(published(server)).toHaveLength(1);
    await b.call('InstanceRequest', registration({ metadata: { version: '2' } }));
    expect(published(server)).toHaveLength(2);
  });

  it('takes every instance as ephemeral, fills its id and keeps a given one', async () => {
    const client = aServer().client();
    await client.call('InstanceRequest', registration({ ephemeral: false }));
    const other = target('bills');
    await client.call('InstanceRequest', registration({ instanceId: 'mine' }, other));
    const [plain] = hostObjects(await client.call('ServiceQueryRequest', query()));
    const [named] = hostObjects(await client.call('ServiceQueryRequest', query(other)));
    expect(plain).toMatchObject({
      ephemeral: true,
      instanceId: '10.0.0.1#80#DEFAULT#DEFAULT_GROUP@@orders',
    });
    expect(named).toMatchObject({ instanceId: 'mine' });
  });

  it('answers -401 as an ErrorResponse to a connection of another module, but lets it query', async () => {
    const client = aServer().client('config');
    const requests: [string, object][] = [
      ['InstanceRequest', registration()],
      ['InstanceRequest', registration({}, {}, 'deregisterInstance')],
      ['BatchInstanceRequest', { ...target(), type: 'batchRegisterInstance', instances: [] }],
      ['SubscribeServiceRequest', subscription()],
      ['SubscribeServiceRequest', subscription({ subscribe: false })],
    ];
    for (const [type, request] of requests) {
      const answer = await client.call(type, request);
      expect(answer.type).toBe('ErrorResponse');
      expect(answer.body).toMatchObject({ resultCode: -401, errorCode: -401, success: false });
    }
    expect((await client.call('ServiceQueryRequest', query())).body['resultCode']).toBe(200);
  });

  it.each([
    ['group', { groupName: 'G2' }],
    ['namespace', { namespace: 'dev' }],
    ['namespace that is empty', { namespace: '' }],
  ])('keeps a service of another %s apart', async (_what, other) => {
    const server = aServer();
    const client = server.client();
    await client.call('InstanceRequest', registration({ port: 80 }));
    await client.call('InstanceRequest', registration({ port: 81 }, other));
    expect(hostsOf(await client.call('ServiceQueryRequest', query()))).toEqual(['10.0.0.1:80']);
    expect(hostsOf(await client.call('ServiceQueryRequest', query(other)))).toEqual([
      '10.0.0.1:81',
    ]);
  });

  it.each([
    ['an underscore in its cluster', { clusterName: 'a_b' }],
    [
      'a timeout shorter than its interval',
      {
        metadata: { 'preserved.heart.beat.interval': '9000', 'preserved.heart.beat.timeout': '1' },
      },
    ],
  ])('refuses an instance with %s by an ErrorResponse 400', async (_what, instance) => {
    const server = aServer();
    const answer = await server.client().call('InstanceRequest', registration(instance));
    expect(answer.type).toBe('ErrorResponse');
    expect(answer.body).toMatchObject({ resultCode: 400, errorCode: 400 });
    expect(published(server)).toEqual([]);
  });

  it.each([{ serviceName: '' }, { groupName: '' }])(
    'refuses to publish under %j',
    async (blank) => {
      const answer = await aServer().client().call('InstanceRequest', registration({}, blank));
      expect(answer.type).toBe('ErrorResponse');
      expect(answer.body).toMatchObject({ errorCode: 500 });
      expect(answer.body['message']).toContain('is blank');
    },
  );
});

describe('lists', () => {
  it('shows enabled instances only, unhealthy and weightless ones too', async () => {
    const client = aServer().client();
    await client.call('BatchInstanceRequest', {
      ...target(),
      type: 'batchRegisterInstance',
      instances: [
        anInstance({ port: 1, enabled: false }),
        anInstance({ port: 2, healthy: false }),
        anInstance({ port: 3, weight: 0 }),
      ],
    });
    const all = await client.call('ServiceQueryRequest', query());
    expect(hostsOf(all)).toEqual(['10.0.0.1:2', '10.0.0.1:3']);
    const healthy = await client.call('ServiceQueryRequest', query({ healthyOnly: true }));
    expect(hostsOf(healthy)).toEqual(['10.0.0.1:3']);
  });

  it('filters by the comma list of clusters and echoes it', async () => {
    const client = aServer().client();
    await client.call('BatchInstanceRequest', {
      ...target(),
      type: 'batchRegisterInstance',
      instances: ['A', 'B', 'C'].map((clusterName, port) => anInstance({ port, clusterName })),
    });
    const answer = await client.call('ServiceQueryRequest', query({ cluster: 'A,C' }));
    expect(hostsOf(answer)).toEqual(['10.0.0.1:0', '10.0.0.1:2']);
    expect(answer.body['serviceInfo']).toMatchObject({ clusters: 'A,C' });
  });

  it('answers a query for an unknown service with an empty list, and does not create it', async () => {
    const client = aServer().client();
    expect(hostsOf(await client.call('ServiceQueryRequest', query()))).toEqual([]);
    expect(await names(client)).toEqual([]);
  });

  it('shows a change in queries only when its push goes out, as real servers do', async () => {
    const server = aServer();
    const client = server.client();
    await client.call('InstanceRequest', registration({ port: 80 }));
    expect(hostsOf(await client.call('ServiceQueryRequest', query()))).toEqual(['10.0.0.1:80']);
    await client.call('InstanceRequest', registration({ port: 81 }));
    await server.clock.advance(PUSH_DELAY_MS - 1);
    expect(hostsOf(await client.call('ServiceQueryRequest', query()))).toEqual(['10.0.0.1:80']);
    await server.clock.advance(1);
    expect(hostsOf(await client.call('ServiceQueryRequest', query()))).toEqual(['10.0.0.1:81']);
  });

  it('never lets lastRefTime go back', async () => {
    const server = aServer();
    const client = server.client();
    const at = async (): Promise<number> => {
      const { body } = await client.call('ServiceQueryRequest', query());
      return (body['serviceInfo'] as { lastRefTime: number }).lastRefTime;
    };
    const first = await at();
    await server.clock.advance(10);
    expect(await at()).toBe(first + 10);
  });

  it('lists services of one group in pages, by plain names, with the count of all', async () => {
    const client = aServer().client();
    for (const name of ['c', 'a', 'b']) {
      await client.call('InstanceRequest', registration({}, target(name)));
    }
    await client.call('InstanceRequest', registration({}, target('x', { groupName: 'G2' })));
    const page = async (pageNo: number, pageSize: number) => {
      const { body } = await client.call('ServiceListRequest', { ...target(''), pageNo, pageSize });
      return [body['count'], body['serviceNames']];
    };
    expect(await page(1, 2)).toEqual([3, ['a', 'b']]);
    expect(await page(2, 2)).toEqual([3, ['c']]);
    expect(await page(9, 2)).toEqual([3, []]);
    expect(await page(0, 2)).toEqual([3, ['a', 'b']]);
    expect(await page(1, 0)).toEqual([3, []]);
  });

  it('keeps the name of an empty service for a minute', async () => {
    const server = aServer();
    const client = server.client();
    await client.call('InstanceRequest', registration());
    await client.call('InstanceRequest', registration({}, {}, 'deregisterInstance'));
    await server.clock.advance(59_000);
    expect(await names(client)).toEqual(['orders']);
    await server.clock.advance(1000);
    expect(await names(client)).toEqual([]);
  });
});

describe('subscription and push', () => {
  it('answers with the present list, and pushes it once more to a new subscriber', async () => {
    const server = aServer();
    const [provider, watcher] = [server.client(), server.client()];
    await provider.call('InstanceRequest', registration());
    await server.clock.advance(PUSH_DELAY_MS);
    const answer = await watcher.call('SubscribeServiceRequest', subscription());
    expect(answer.body).toMatchObject({ resultCode: 200, message: 'success' });
    expect(hostsOf(answer)).toEqual(['10.0.0.1:80']);
    await server.clock.advance(PUSH_DELAY_MS);
    expect(hostsOf(watcher.ack())).toEqual(['10.0.0.1:80']);
    await watcher.call('SubscribeServiceRequest', subscription());
    await server.clock.advance(10_000);
    expect(watcher.pushed).toEqual([]);
  });

  it('trap 25: merges changes within 500 ms into one push of the full list, as it is at that moment', async () => {
    const server = aServer();
    const [a, b] = [server.client(), server.client()];
    const watcher = await aWatcher(server);
    await a.call('InstanceRequest', registration({ port: 80 }));
    await server.clock.advance(400);
    await b.call('InstanceRequest', registration({ port: 81 }));
    await a.call('InstanceRequest', registration({ port: 82 }));
    await server.clock.advance(99);
    expect(watcher.pushed).toEqual([]);
    await server.clock.advance(1);
    expect(watcher.pushed.map(hostsOf)).toEqual([['10.0.0.1:82', '10.0.0.1:81']]);
    expect(watcher.ack()).toMatchObject({
      type: 'NotifySubscriberRequest',
      body: { headers: {}, module: 'naming', requestId: expect.any(String) as string },
    });
    await server.clock.advance(10_000);
    expect(watcher.pushed).toEqual([]);
  });

  it('trap 25: drops the instances of a connection at once when its socket closes, and pushes that', async () => {
    const server = aServer();
    const provider = server.client();
    const watcher = await aWatcher(server);
    await batch(provider, [80, 81]);
    await server.clock.advance(PUSH_DELAY_MS);
    watcher.ack();
    provider.vanish();
    expect(published(server)).toEqual([]);
    await server.clock.advance(PUSH_DELAY_MS);
    expect(hostsOf(watcher.ack())).toEqual([]);
  });

  it('trap 25: sends each subscriber the clusters it asked for, and nobody a disabled instance', async () => {
    const server = aServer();
    const provider = server.client();
    const all = await aWatcher(server);
    const some = await aWatcher(server, { clusters: 'B' });
    await provider.call('BatchInstanceRequest', {
      ...target(),
      type: 'batchRegisterInstance',
      instances: [
        anInstance({ port: 1, clusterName: 'A' }),
        anInstance({ port: 2, clusterName: 'B' }),
        anInstance({ port: 3, clusterName: 'B', enabled: false }),
      ],
    });
    await server.clock.advance(PUSH_DELAY_MS);
    expect(hostsOf(all.ack())).toEqual(['10.0.0.1:1', '10.0.0.1:2']);
    const push = some.ack();
    expect(hostsOf(push)).toEqual(['10.0.0.1:2']);
    expect(push.body['serviceInfo']).toMatchObject({ clusters: 'B' });
  });

  it('keeps one subscription per connection and service: the last clusters count', async () => {
    const server = aServer();
    const watcher = await aWatcher(server, { clusters: 'A' });
    await watcher.call('SubscribeServiceRequest', subscription({ clusters: 'B' }));
    await server.client().call('InstanceRequest', registration({ clusterName: 'A' }));
    await server.clock.advance(PUSH_DELAY_MS);
    expect(hostsOf(watcher.ack())).toEqual([]);
  });

  it('pushes nothing more after an unsubscribe, whose answer still has the list', async () => {
    const server = aServer();
    const provider = server.client();
    const watcher = await aWatcher(server);
    const answer = await watcher.call(
      'SubscribeServiceRequest',
      subscription({ subscribe: false }),
    );
    expect(answer.body).toMatchObject({ resultCode: 200, serviceInfo: { hosts: [] } });
    await provider.call('InstanceRequest', registration());
    await server.clock.advance(10_000);
    expect(watcher.pushed).toEqual([]);
  });

  it('pushes to nobody else than the subscribers of that very service', async () => {
    const server = aServer();
    const watcher = await aWatcher(server);
    const provider = server.client();
    for (const other of [{ groupName: 'G2' }, { namespace: 'dev' }, { serviceName: 'bills' }]) {
      await provider.call('InstanceRequest', registration({}, other));
    }
    await server.clock.advance(10_000);
    expect(watcher.pushed).toEqual([]);
  });

  it('repeats a push that is not acked within 5 s, one second later and with a new id, without end', async () => {
    const server = aServer();
    const watcher = await aWatcher(server);
    await server.client().call('InstanceRequest', registration());
    await server.clock.advance(PUSH_DELAY_MS);
    const ids = new Set([watcher.pushed.shift()?.body['requestId']]);
    for (let round = 0; round < 4; round += 1) {
      await server.clock.advance(5999);
      expect(watcher.pushed).toEqual([]);
      await server.clock.advance(1);
      ids.add(watcher.pushed.shift()?.body['requestId']);
    }
    expect(ids.size).toBe(5);
  });

  it('repeats a push one second after a negative ack, sooner when the service changes, until it is acked', async () => {
    const server = aServer();
    const provider = server.client();
    const watcher = await aWatcher(server);
    await provider.call('InstanceRequest', registration({ port: 80 }));
    await server.clock.advance(PUSH_DELAY_MS);
    watcher.ack({ resultCode: 500, errorCode: -500 });
    await server.clock.advance(999);
    expect(watcher.pushed).toEqual([]);
    await server.clock.advance(1);
    expect(hostsOf(watcher.ack({ resultCode: 500, errorCode: -500 }))).toEqual(['10.0.0.1:80']);
    await server.clock.advance(100);
    await provider.call('InstanceRequest', registration({ port: 81 }));
    await server.clock.advance(400);
    expect(hostsOf(watcher.ack())).toEqual(['10.0.0.1:81']);
    await server.clock.advance(60_000);
    expect(watcher.pushed).toEqual([]);
  });

  it('gives up on a subscriber that is gone', async () => {
    const server = aServer();
    const watcher = await aWatcher(server);
    await server.client().call('InstanceRequest', registration());
    await server.clock.advance(PUSH_DELAY_MS);
    watcher.vanish();
    await server.clock.advance(60_000);
    expect(watcher.pushed).toHaveLength(1);
    expect(server.registry.subscriptions.of(orders).size).toBe(0);
    expect(server.clock.pending).toBe(0);
  });
});

/** `ip:port` of everything that is published for `orders` now. */
function published(server: FakeServer): readonly string[] {
  return server.registry.naming.instances(orders).map(({ ip, port }) => `${ip}:${String(port)}`);
}

async function batch(client: FakeClient, ports: readonly number[]): Promise<void> {
  const instances = ports.map((port) => anInstance({ port }));
  const body = { ...target(), type: 'batchRegisterInstance', instances };
  const answer = await client.call('BatchInstanceRequest', body);
  expect(answer.body).toMatchObject({ resultCode: 200, type: 'batchRegisterInstance' });
}

async function names(client: FakeClient): Promise<unknown> {
  const page = { ...target(''), pageNo: 1, pageSize: 100 };
  return (await client.call('ServiceListRequest', page)).body['serviceNames'];
}

/** A subscriber of `orders` which has acked its first push. */
async function aWatcher(server: FakeServer, more = {}): Promise<FakeClient> {
  const watcher = server.client();
  await watcher.call('SubscribeServiceRequest', subscription(more));
  await server.clock.advance(PUSH_DELAY_MS);
  watcher.ack();
  return watcher;
}

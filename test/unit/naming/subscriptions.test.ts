import { describe, expect, it } from 'vitest';

import type { ServiceDiff, ServiceSnapshot } from '../../../src/model.js';
import { hostPort } from '../../../src/model.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { settle } from '../../helpers/fake-clock.js';
import { errorResponse, typedFailure } from '../../helpers/fake-transport.js';
import { aSession, outcomeOf } from '../../helpers/session-fixture.js';

const SUBSCRIBE = 'SubscribeServiceRequest';
const NOTIFY = 'NotifySubscriberRequest';

async function aFollower(hosts: readonly string[] = ['a', 'b']) {
  const fixture = aSession(hosts);
  const registry = aRegistry(fixture.server, 'replacing');
  fixture.session.start();
  await settle();
  return { ...fixture, registry };
}

/** What a listener hears, as text. */
function aListener() {
  const heard: string[] = [];
  const list = (instances: ServiceDiff['added']): string => instances.map(hostPort).join(' ');
  const listener = (snapshot: ServiceSnapshot, diff: ServiceDiff): void => {
    const { added, removed, changed } = diff;
    heard.push(
      `[${list(snapshot.instances)}] +[${list(added)}] -[${list(removed)}] ~[${list(changed)}]`,
    );
  };
  return { heard, listener };
}

const infoOf = (hosts: readonly unknown[], lastRefTime: number) => ({
  requestId: 'p',
  serviceInfo: { name: 'orders', groupName: 'DEFAULT_GROUP', hosts, lastRefTime },
});

describe('a subscription', () => {
  it('gives the list of the answer, and then what differs', async () => {
    const { naming, registry } = await aFollower();
    registry.put('orders', [aHost('10.0.0.2:80'), aHost('10.0.0.1:80')]);
    const { heard, listener } = aListener();
    const subscription = naming.subscribe('orders', listener);
    expect(subscription.state).toBe('subscribing');
    expect(subscription.snapshot).toBeUndefined();
    await settle();
    expect(subscription.state).toBe('live');
    expect(subscription.service).toEqual({ name: 'orders', group: 'DEFAULT_GROUP' });
    registry.put('orders', [aHost('10.0.0.2:80', { weight: 3 }), aHost('10.0.0.3:80')]);
    registry.push('orders');
    expect(heard).toEqual([
      '[10.0.0.1:80 10.0.0.2:80] +[10.0.0.1:80 10.0.0.2:80] -[] ~[]',
      '[10.0.0.2:80 10.0.0.3:80] +[10.0.0.3:80] -[10.0.0.1:80] ~[10.0.0.2:80]',
    ]);
  });

  it('trap 11: asks for all clusters, whatever is wanted of them', async () => {
    const { naming, server } = await aFollower();
    naming.subscribe('orders');
    await settle();
    expect(server.last.unarySent.at(-1)?.body).toEqual({
      namespace: 'public',
      groupName: 'DEFAULT_GROUP',
      serviceName: 'orders',
      subscribe: true,
      clusters: '',
    });
  });

  it('trap 12: makes no event of a list that says the same again, in any order', async () => {
    const { naming, registry } = await aFollower();
    const hosts = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'].map((host) =>
      aHost(host, { metadata: { a: '1', b: '2' } }),
    );
    registry.put('orders', hosts);
    const { heard, listener } = aListener();
    const subscription = naming.subscribe('orders', listener);
    const first = await subscription.ready();
    registry.put('orders', hosts.toReversed());
    registry.push('orders');
    registry.push('orders');
    expect(heard).toHaveLength(1);
    expect(subscription.snapshot).toBe(first);
  });

  it('has an empty first list as an event, so that "nobody is there" is known', async () => {
    const { naming } = await aFollower();
    const { heard, listener } = aListener();
    const snapshot = await naming.subscribe('nobody', listener).ready();
    expect(snapshot.instances).toEqual([]);
    expect(heard).toEqual(['[] +[] -[] ~[]']);
  });

  it('trap 13: drops an older list of the same connection, and takes one of the same age', async () => {
    const { naming, server } = await aFollower();
    const subscription = naming.subscribe('orders');
    await settle();
    server.last.push(NOTIFY, infoOf([aHost('10.0.0.1:80')], 70_000));
    server.last.push(NOTIFY, infoOf([aHost('10.0.0.2:80')], 69_999));
    expect(subscription.snapshot?.instances.map(hostPort)).toEqual(['10.0.0.1:80']);
    server.last.push(NOTIFY, infoOf([aHost('10.0.0.3:80')], 70_000));
    expect(subscription.snapshot?.instances.map(hostPort)).toEqual(['10.0.0.3:80']);
  });

  it('trap 13: forgets the clock of a server with its connection', async () => {
    const { naming, server, clock, registry } = await aFollower();
    const subscription = naming.subscribe('orders');
    await clock.advance(10_000);
    server.last.push(NOTIFY, infoOf([aHost('10.0.0.1:80')], 9_000_000));
    registry.put('orders', [aHost('10.0.0.2:80')]);
    server.last.drop();
    await settle();
    expect(subscription.snapshot?.instances.map(hostPort)).toEqual(['10.0.0.2:80']);
    expect(subscription.snapshot?.serverTimeMs).toBeLessThan(9_000_000);
  });

  it('trap 14: leaves the health as the server says it', async () => {
    const { naming, server } = await aFollower();
    const subscription = naming.subscribe('orders');
    await settle();
    const { requestId, serviceInfo } = infoOf(
      [aHost('10.0.0.1:80', { healthy: true }), aHost('10.0.0.2:80', { healthy: false })],
      70_000,
    );
    server.last.push(NOTIFY, {
      requestId,
      serviceInfo: { ...serviceInfo, reachProtectionThreshold: true },
    });
    expect(subscription.snapshot).toMatchObject({
      protectThresholdReached: true,
      instances: [{ healthy: true }, { healthy: false }],
    });
  });

  it('keeps its list while disconnected, is stale, and comes back by itself', async () => {
    const { naming, server, clock, registry } = await aFollower();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    const { heard, listener } = aListener();
    const subscription = naming.subscribe('orders', listener);
    await clock.advance(10_000);
    server.reachable = false;
    server.last.drop();
    await clock.advance(30_000);
    expect(subscription.state).toBe('stale');
    expect(subscription.snapshot?.instances.map(hostPort)).toEqual(['10.0.0.1:80']);
    expect(await subscription.ready()).toBe(subscription.snapshot);
    registry.put('orders', [aHost('10.0.0.1:80'), aHost('10.0.0.2:80')]);
    server.reachable = true;
    await clock.advance(5000);
    expect(subscription.state).toBe('live');
    expect(heard).toEqual([
      '[10.0.0.1:80] +[10.0.0.1:80] -[] ~[]',
      '[10.0.0.1:80 10.0.0.2:80] +[10.0.0.2:80] -[] ~[]',
    ]);
  });

  it('is made again on the new connection when the server moves us', async () => {
    const { naming, server, clock, registry } = await aFollower();
    const subscription = naming.subscribe('orders');
    await clock.advance(10_000);
    server.last.push('ConnectResetRequest', { requestId: '1' });
    await settle();
    await settle();
    expect(registry.subscribers('orders')).toContain(server.last);
    expect(subscription.state).toBe('live');
    await clock.advance(2000);
    expect(registry.subscribers('orders')).toEqual([server.last]);
  });

  it('takes no list of the old connection over one of the new', async () => {
    const { naming, server, clock, registry } = await aFollower();
    const subscription = naming.subscribe('orders');
    await clock.advance(10_000);
    const [old] = server.connections;
    // The new one hears of the service; the answer of the old one comes in late.
    server.answers.set(SUBSCRIBE, async (request, connection) => {
      const reply = registry.carryOut(request, connection);
      if (connection === old) await new Promise<void>((resolve) => clock.after(500, resolve));
      return reply;
    });
    old?.push('ConnectResetRequest', { requestId: '1' });
    registry.put('late', [aHost('10.0.0.9:80')]);
    const late = naming.subscribe('late');
    registry.put('late', []);
    await clock.advance(3000);
    expect(late.state).toBe('live');
    expect(late.snapshot?.instances).toEqual([]);
    expect(subscription.state).toBe('live');
  });

  it('is repeated every 3 s until it is confirmed, and said once in the log', async () => {
    const { naming, server, clock, registry, log } = await aFollower();
    server.answers.set(SUBSCRIBE, () => typedFailure(503));
    const subscription = naming.subscribe('orders');
    await clock.advance(9100);
    expect(server.last.countOf(SUBSCRIBE)).toBe(4);
    expect(subscription.state).toBe('subscribing');
    expect(log.filter((line) => line.includes(' warn '))).toHaveLength(1);
    server.answers.set(SUBSCRIBE, registry.carryOut);
    await clock.advance(3000);
    expect(subscription.state).toBe('live');
  });

  it('goes on with pushes of unknown or unfollowed services', async () => {
    const { naming, server } = await aFollower();
    const subscription = naming.subscribe('orders');
    await settle();
    server.last.push(NOTIFY, { requestId: '1' });
    server.last.push(NOTIFY, { requestId: '2', serviceInfo: { name: 'other', hosts: [] } });
    expect(subscription.state).toBe('live');
    expect(server.last.streamSent.slice(-2).map((sent) => sent.body['requestId'])).toEqual([
      '1',
      '2',
    ]);
  });

  it('replays at most 64 at a time', async () => {
    const { naming, server, clock, registry } = await aFollower();
    for (let i = 0; i < 300; i += 1) naming.subscribe(`s${String(i)}`);
    await clock.advance(10_000);
    let under = 0;
    let most = 0;
    server.answers.set(SUBSCRIBE, async (request, connection) => {
      under += 1;
      most = Math.max(most, under);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      under -= 1;
      return registry.carryOut(request, connection);
    });
    server.last.drop();
    await clock.advance(500);
    expect(most).toBe(64);
    expect(server.last.countOf(SUBSCRIBE)).toBe(300);
  });
});

describe('listeners of a service', () => {
  it('share one subscription', async () => {
    const { naming, server } = await aFollower();
    for (let i = 0; i < 5; i += 1) naming.subscribe('orders');
    await settle();
    naming.subscribe({ name: 'orders', group: 'DEFAULT_GROUP' });
    await settle();
    expect(server.last.countOf(SUBSCRIBE)).toBe(1);
  });

  it('that come late hear the present list first, and not before subscribe has returned', async () => {
    const { naming, registry } = await aFollower();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    await naming.subscribe('orders').ready();
    const { heard, listener } = aListener();
    naming.subscribe('orders', listener);
    expect(heard).toEqual([]);
    await settle();
    expect(heard).toEqual(['[10.0.0.1:80] +[10.0.0.1:80] -[] ~[]']);
  });

  it('that come and go at once hear nothing', async () => {
    const { naming } = await aFollower();
    await naming.subscribe('orders').ready();
    const { heard, listener } = aListener();
    const subscription = naming.subscribe('orders', listener);
    void subscription.close();
    await settle();
    expect(heard).toEqual([]);
  });

  it('do not disturb each other when one throws or rejects', async () => {
    const { naming, registry, log } = await aFollower();
    const { heard, listener } = aListener();
    naming.subscribe('orders', () => {
      throw new Error('broken listener');
    });
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what users do all the same
    naming.subscribe('orders', () => Promise.reject(new Error('broken promise')));
    naming.subscribe('orders', listener);
    await settle();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    registry.push('orders');
    await settle();
    expect(heard).toHaveLength(2);
    expect(log.filter((line) => line.includes('broken listener'))).toHaveLength(2);
    expect(log.filter((line) => line.includes('broken promise'))).toHaveLength(2);
  });

  it('may be the same function twice: each is called, each closes for itself', async () => {
    const { naming, registry } = await aFollower();
    const { heard, listener } = aListener();
    const one = naming.subscribe('orders', listener);
    const two = naming.subscribe('orders', listener);
    await settle();
    expect(heard).toHaveLength(2);
    await one.close();
    await one.close();
    expect([one.state, two.state]).toEqual(['closed', 'live']);
    registry.put('orders', [aHost('10.0.0.1:80')]);
    registry.push('orders');
    expect(heard).toHaveLength(3);
  });

  it('may close themselves and subscribe anew inside a call', async () => {
    const { naming, registry } = await aFollower();
    const calls: string[] = [];
    const inner = aListener();
    const subscription = naming.subscribe('orders', (snapshot) => {
      calls.push(`outer ${String(snapshot.revision)}`);
      if (calls.length === 2) {
        void subscription.close();
        naming.subscribe('orders', inner.listener);
      }
    });
    await settle();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    registry.push('orders');
    await settle();
    expect(calls).toHaveLength(2);
    expect(inner.heard).toEqual(['[10.0.0.1:80] +[10.0.0.1:80] -[] ~[]']);
    registry.put('orders', []);
    registry.push('orders');
    await settle();
    expect(calls).toHaveLength(2);
    expect(inner.heard.at(-1)).toBe('[] +[] -[10.0.0.1:80] ~[]');
  });
});

describe('waiting for the first list', () => {
  it('says that there is no connection', async () => {
    const { naming, server, clock } = aSession();
    server.reachable = false;
    const ready = outcomeOf(naming.subscribe('orders').ready());
    await clock.advance(3000);
    expect(ready.error).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(clock.holding).toBe(0);
  });

  it('says that the server did not answer in time', async () => {
    const { naming, server, clock } = await aFollower();
    server.answers.set(SUBSCRIBE, () => 'hang');
    const ready = outcomeOf(naming.subscribe('orders').ready({ timeoutMs: 800 }));
    await clock.advance(800);
    expect(ready.error).toMatchObject({ code: 'REQUEST_TIMEOUT' });
  });

  it('says why the server refused, and a later one may succeed', async () => {
    const { naming, server, clock, registry } = await aFollower();
    server.answers.set(SUBSCRIBE, () => typedFailure(403, 'no right'));
    const subscription = naming.subscribe('orders');
    const ready = outcomeOf(subscription.ready());
    await settle();
    expect(ready.error).toMatchObject({ code: 'FORBIDDEN' });
    server.answers.set(SUBSCRIBE, registry.carryOut);
    const again = outcomeOf(subscription.ready());
    await clock.advance(3100);
    expect(again.state).toBe('resolved');
    expect(subscription.state).toBe('live');
  });

  it('gives the last failure as the cause', async () => {
    const { naming, server, clock } = await aFollower();
    server.answers.set(SUBSCRIBE, () => errorResponse(500, 'database away'));
    const ready = outcomeOf(naming.subscribe('orders').ready());
    await clock.advance(3000);
    expect(ready.error).toMatchObject({
      code: 'REQUEST_TIMEOUT',
      cause: expect.objectContaining({ code: 'SERVER_FAILED' }) as unknown,
    });
  });

  it('ends by its signal', async () => {
    const { naming, server, clock } = await aFollower();
    server.answers.set(SUBSCRIBE, () => 'hang');
    const control = new AbortController();
    const ready = outcomeOf(naming.subscribe('orders').ready({ signal: control.signal }));
    const reason = new Error('enough');
    control.abort(reason);
    await settle();
    expect(ready.error).toBe(reason);
    expect(clock.holding).toBe(0);
  });
});

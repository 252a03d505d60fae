import { describe, expect, it } from 'vitest';

import type { ServiceDiff, ServiceSnapshot } from '../../../src/model.js';
import { hostPort } from '../../../src/model.js';
import { settle } from '../../helpers/fake-clock.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { aSession, outcomeOf } from '../../helpers/session-fixture.js';

const SUBSCRIBE = 'SubscribeServiceRequest';

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

describe('the end of a subscription', () => {
  it('is told to the server with the last listener only', async () => {
    const { naming, server, registry } = await aFollower();
    const [one, two] = [naming.subscribe('orders'), naming.subscribe('orders')];
    await settle();
    await one.close();
    expect(server.last.countOf(SUBSCRIBE)).toBe(1);
    expect(registry.subscribers('orders')).toHaveLength(1);
    await two.close();
    expect(server.last.unarySent.at(-1)?.body).toMatchObject({ subscribe: false, clusters: '' });
    expect(registry.subscribers('orders')).toEqual([]);
    await two.close();
    expect(server.last.countOf(SUBSCRIBE)).toBe(2);
  });

  it('is told also when it comes before the first answer', async () => {
    const { naming, server, clock, registry } = await aFollower();
    server.answers.set(SUBSCRIBE, async (request, connection) => {
      await new Promise<void>((resolve) => clock.after(100, resolve));
      return registry.carryOut(request, connection);
    });
    const subscription = naming.subscribe('orders');
    await settle();
    const closed = outcomeOf(subscription.close());
    await clock.advance(500);
    expect(closed.state).toBe('resolved');
    expect(registry.subscribers('orders')).toEqual([]);
  });

  it('is told also when the server never answered the subscription', async () => {
    const { naming, server, clock, registry } = await aFollower();
    server.answers.set(SUBSCRIBE, (request, connection) => {
      registry.carryOut(request, connection);
      return 'hang';
    });
    const subscription = naming.subscribe('orders');
    await clock.advance(3100);
    server.answers.set(SUBSCRIBE, registry.carryOut);
    await Promise.all([subscription.close(), clock.advance(100)]);
    expect(registry.subscribers('orders')).toEqual([]);
  });

  it('does not undo a subscription that follows it at once', async () => {
    const { naming, server, clock, registry } = await aFollower();
    // Each answer takes another time, so that requests which overlap would change places.
    let turn = 0;
    server.answers.set(SUBSCRIBE, async (request, connection) => {
      const waitMs = [10, 300, 20, 200, 30][turn++ % 5] ?? 0;
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      return registry.carryOut(request, connection);
    });
    const first = naming.subscribe('orders');
    await clock.advance(50);
    void first.close();
    await clock.advance(5);
    const { heard, listener } = aListener();
    const second = naming.subscribe('orders', listener);
    await clock.advance(5);
    void second.close();
    const third = naming.subscribe('orders', listener);
    await clock.advance(2000);
    expect(third.state).toBe('live');
    expect(registry.subscribers('orders')).toHaveLength(1);
    registry.put('orders', [aHost('10.0.0.1:80')]);
    registry.push('orders');
    expect(heard.at(-1)).toContain('+[10.0.0.1:80]');
  });

  it('while disconnected needs no request', async () => {
    const { naming, server, clock } = await aFollower();
    const subscription = naming.subscribe('orders');
    await clock.advance(10_000);
    server.reachable = false;
    server.last.drop();
    const closed = outcomeOf(subscription.close());
    await settle();
    expect(closed.state).toBe('resolved');
    server.reachable = true;
    await clock.advance(5000);
    expect(server.last.countOf(SUBSCRIBE)).toBe(0);
  });

  it('is not held up for long by a server that says nothing', async () => {
    const { naming, server, clock, log } = await aFollower();
    const subscription = naming.subscribe('orders');
    await settle();
    server.answers.set(SUBSCRIBE, () => 'hang');
    const closed = outcomeOf(subscription.close());
    await settle();
    expect(clock.holding).toBe(1);
    await clock.advance(3100);
    expect(closed.state).toBe('resolved');
    expect(log.filter((line) => line.includes(' warn '))).toEqual([]);
  });

  it('ends the waits for a first list of this listener only', async () => {
    const { naming, server, clock } = await aFollower();
    server.answers.set(SUBSCRIBE, () => 'hang');
    const [one, two] = [naming.subscribe('orders'), naming.subscribe('orders')];
    const waits = [one, two].map((subscription) => outcomeOf(subscription.ready()));
    await settle();
    void one.close();
    await settle();
    expect(waits.map((wait) => wait.state)).toEqual(['rejected', 'pending']);
    expect(waits[0]?.error).toMatchObject({ code: 'CLOSED' });
    await expect(one.ready()).rejects.toMatchObject({ code: 'CLOSED' });
    await clock.advance(10_000);
  });

  it('and a new one later start with a fresh list and a higher revision', async () => {
    const { naming, registry } = await aFollower();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    const first = naming.subscribe('orders');
    const { revision } = await first.ready();
    await first.close();
    registry.put('orders', [aHost('10.0.0.2:80')]);
    const second = naming.subscribe('orders');
    expect(second.state).toBe('subscribing');
    const snapshot = await second.ready();
    expect(snapshot.instances.map(hostPort)).toEqual(['10.0.0.2:80']);
    expect(snapshot.revision).toBeGreaterThan(revision);
  });

  it('comes with the end of the client: waits reject, nothing is left', async () => {
    const { naming, server, clock, close } = await aFollower();
    server.answers.set(SUBSCRIBE, () => 'hang');
    const subscription = naming.subscribe('orders');
    const ready = outcomeOf(subscription.ready());
    const other = naming.subscribe('other');
    const closed = outcomeOf(other.close());
    await settle();
    await close();
    await settle();
    expect(ready.error).toMatchObject({ code: 'CLOSED' });
    expect(closed.state).toBe('resolved');
    expect(subscription.state).toBe('closed');
    expect(clock.pending).toBe(0);
    const late = naming.subscribe('late');
    expect(late.state).toBe('closed');
    await expect(late.ready()).rejects.toMatchObject({ code: 'CLOSED' });
    await late.close();
    await subscription.close();
  });
});

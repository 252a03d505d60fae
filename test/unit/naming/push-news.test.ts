import { describe, expect, it } from 'vitest';

import { askLiveFacts } from '../../../src/live-facts.js';
import { messagesOf } from '../../helpers/channel-messages.js';
import { settle } from '../../helpers/fake-clock.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { aSession } from '../../helpers/session-fixture.js';

async function aFollower() {
  const fixture = aSession();
  const registry = aRegistry(fixture.server, 'replacing');
  fixture.session.start();
  await settle();
  return { ...fixture, registry };
}

describe('the channel of pushes', () => {
  it('tells of lists that the server sends by itself, not of those that were asked for', async () => {
    const heard = messagesOf('nacos-serving:push');
    const { naming, registry } = await aFollower();
    registry.put('orders', [aHost('10.0.0.1:80')]);
    naming.subscribe('orders');
    await settle();
    expect(heard).toEqual([]);
    registry.put('orders', [aHost('10.0.0.1:80'), aHost('10.0.0.2:80')]);
    registry.push('orders');
    await settle();
    expect(heard).toEqual([
      { namespace: 'public', service: 'orders', group: 'DEFAULT_GROUP', size: 2, tookMs: 0 },
    ]);
  });
});

describe('followed services that are asked what they are', () => {
  const all = () => askLiveFacts().flatMap((fact) => (fact.kind === 'subscription' ? [fact] : []));

  it('answer with the size of their list until nobody follows them', async () => {
    // Those of other tests may still be there.
    const others = all().length;
    const followed = () => all().slice(others);
    const { naming, registry, close } = await aFollower();
    registry.put('orders', [aHost('10.0.0.1:80'), aHost('10.0.0.2:80')]);
    const [one, two] = [naming.subscribe('orders'), naming.subscribe('orders')];
    const users = naming.subscribe({ name: 'users', group: 'SHOP' });
    await settle();
    const orders = { kind: 'subscription', service: 'orders', group: 'DEFAULT_GROUP' };
    expect(followed()).toEqual([
      { ...orders, instances: 2 },
      { kind: 'subscription', service: 'users', group: 'SHOP', instances: 0 },
    ]);
    await Promise.all([one.close(), users.close()]);
    expect(followed()).toEqual([{ ...orders, instances: 2 }]);
    await two.close();
    expect(followed()).toEqual([]);
    naming.subscribe('orders');
    await close();
    expect(followed()).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';

import { hostPort } from '../../../src/model.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { settle } from '../../helpers/fake-clock.js';
import { typedFailure } from '../../helpers/fake-transport.js';
import { aReadySession, aSession, outcomeOf } from '../../helpers/session-fixture.js';

describe('a query', () => {
  it('asks the server and gives a frozen snapshot', async () => {
    const { naming, server } = await aReadySession();
    const registry = aRegistry(server, 'replacing');
    registry.put('orders', [aHost('10.0.0.2:80'), aHost('10.0.0.1:80', { weight: 0.5 })]);
    const snapshot = await naming.query('orders');
    expect(snapshot.instances.map(hostPort)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    expect(snapshot.service).toEqual({ name: 'orders', group: 'DEFAULT_GROUP' });
    expect(Object.isFrozen(snapshot)).toBe(true);
    expect(Object.isFrozen(snapshot.service)).toBe(true);
    expect(server.last.unarySent.at(-1)?.body).toEqual({
      namespace: 'public',
      groupName: 'DEFAULT_GROUP',
      serviceName: 'orders',
      cluster: '',
      healthyOnly: false,
      udpPort: 0,
    });
  });

  it('passes its filter on, and filters by itself what a server sends all the same', async () => {
    const { naming, server } = await aReadySession();
    const registry = aRegistry(server, 'adding');
    registry.put('orders', [
      aHost('10.0.0.1:80', { clusterName: 'east' }),
      aHost('10.0.0.2:80', { clusterName: 'north' }),
    ]);
    const snapshot = await naming.query('orders', {
      clusters: ['east', 'west'],
      healthyOnly: true,
    });
    expect(server.last.unarySent.at(-1)?.body).toMatchObject({
      cluster: 'east,west',
      healthyOnly: true,
    });
    expect(snapshot.instances.map(hostPort)).toEqual(['10.0.0.1:80']);
  });

  it('of a service that is not there is empty, also when the answer has no list', async () => {
    const { naming, server } = await aReadySession();
    server.answers.set('ServiceQueryRequest', () => ({ body: server.success() }));
    expect((await naming.query('nobody')).instances).toEqual([]);
  });

  it('starts the connection by itself', async () => {
    const { naming, server, session } = aSession();
    aRegistry(server, 'replacing');
    const answer = outcomeOf(naming.query('orders'));
    await settle();
    expect(answer.state).toBe('resolved');
    expect(session.state).toBe('ready');
  });

  it('fails as the server says', async () => {
    const { naming, server } = await aReadySession();
    server.answers.set('ServiceQueryRequest', () => typedFailure(403, 'no right'));
    await expect(naming.query('orders')).rejects.toMatchObject({ name: 'AuthError' });
  });
});

describe('the list of services', () => {
  it('gives plain names and the number of all', async () => {
    const { naming, server } = await aReadySession();
    server.answers.set('ServiceListRequest', () => ({
      body: server.success({ count: 12, serviceNames: ['orders', 'DEFAULT_GROUP@@users'] }),
    }));
    const page = await naming.listServices({ page: 3, pageSize: 2 });
    expect(page).toEqual({ count: 12, names: ['orders', 'users'] });
    expect(server.last.unarySent.at(-1)?.body).toEqual({
      namespace: 'public',
      groupName: 'DEFAULT_GROUP',
      serviceName: '',
      pageNo: 3,
      pageSize: 2,
      selector: '',
    });
  });
});

describe('what is wrong by itself', () => {
  it.each([
    ['a service name', (n) => n.register('two words', { ip: '10.0.0.1', port: 80 })],
    ['a group', (n) => n.query({ name: 'orders', group: 'a/b' })],
    ['an address', (n) => n.register('orders', { ip: '', port: 80 })],
    ['a port', (n) => n.deregister('orders', { ip: '10.0.0.1', port: 0 })],
    ['one of a batch', (n) => n.registerBatch('orders', [{ ip: '10.0.0.1', port: -1 }])],
    ['a cluster', (n) => n.query('orders', { clusters: ['a,b'] })],
    ['a page', (n) => n.listServices({ page: 0 })],
    ['a group of a list', (n) => n.listServices({ group: 'a b' })],
  ] satisfies [string, (naming: ReturnType<typeof aSession>['naming']) => Promise<unknown>][])(
    'is refused before anything is sent, or even connected: %s',
    async (_what, call) => {
      const { naming, server } = aSession();
      await expect(call(naming)).rejects.toMatchObject({ name: 'ConfigError', retryable: false });
      await settle();
      expect(server.attempts).toEqual([]);
    },
  );

  it('is refused by subscribe at once', () => {
    const { naming, server } = aSession();
    expect(() => naming.subscribe('two words')).toThrow(
      expect.objectContaining({ code: 'INVALID_INSTANCE' }),
    );
    expect(server.attempts).toEqual([]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Instance } from '../../../src/model.js';
import { createTestRegistry, type TestRegistry } from '../../../src/testing/index.js';

let registry: TestRegistry;
beforeEach(() => {
  registry = createTestRegistry();
});
afterEach(() => registry.close());

const addressesOf = (instances: readonly Instance[] = []) =>
  instances.map(({ ip, port }) => `${ip}:${String(port)}`);

describe('a test registry', () => {
  it('has told every listener when a promise of it resolves', async () => {
    const heard: unknown[] = [];
    const subscription = registry.naming.subscribe('orders', ({ instances }) =>
      heard.push(addressesOf(instances)),
    );
    registry.config.listen('app.yaml', undefined, (version) => void heard.push(version?.content));
    await registry.settle();
    expect(heard).toEqual([[]]);
    await registry.setInstances('orders', ['10.0.0.1:80', '[::1]:81']);
    await registry.setConfig('app.yaml', 'a: 1');
    await registry.setInstances('orders', []);
    await registry.setConfig('app.yaml', undefined);
    expect(heard).toEqual([[], ['10.0.0.1:80', '::1:81'], 'a: 1', [], undefined]);
    expect(subscription.state).toBe('live');
  });

  it('shows what the code under test did', async () => {
    await registry.naming.register('orders', { ip: '10.0.0.1', port: 80, enabled: false });
    await registry.setInstances('orders', [{ ip: '10.0.0.2', port: 80, healthy: false }]);
    expect(registry.instances('orders')).toMatchObject([
      { ip: '10.0.0.1', enabled: false },
      { ip: '10.0.0.2', healthy: false },
    ]);
    await registry.config.publish('app.yaml', 'G', 'a: 1');
    expect(registry.configContent('app.yaml', { group: 'G' })).toBe('a: 1');
    expect(registry.configContent('app.yaml')).toBeUndefined();
  });

  it('loses what its clients registered in an outage, and has it again after it', async () => {
    const other = registry.client();
    await other.naming.register('orders', { ip: '10.0.0.1', port: 80 });
    await registry.setInstances('orders', ['10.0.0.2:80']);
    const subscription = registry.naming.subscribe('orders');
    await subscription.ready();
    await registry.startOutage();
    expect(addressesOf(registry.instances('orders'))).toEqual(['10.0.0.2:80']);
    expect(subscription.state).toBe('stale');
    expect(addressesOf(subscription.snapshot?.instances)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    await registry.setInstances('orders', ['10.0.0.3:80']);
    const wish = registry.naming.register('users', { ip: '10.0.0.9', port: 80 });
    await registry.endOutage();
    await wish;
    expect(subscription.state).toBe('live');
    expect(addressesOf(subscription.snapshot?.instances)).toEqual(['10.0.0.1:80', '10.0.0.3:80']);
    expect(registry.instances('users')).toHaveLength(1);
  });

  it('lets a question time out when time passes, and not before', async () => {
    await registry.startOutage();
    let failure: unknown;
    const asked = registry.naming.query('orders').catch((error: unknown) => {
      failure = error;
    });
    await registry.advance(2999);
    expect(failure).toBeUndefined();
    await registry.advance(1);
    await asked;
    expect(failure).toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('tells of configs by pattern', async () => {
    const heard: string[] = [];
    const watch = registry.config.watchPattern({ dataId: 'app*' }, ({ type, key }) => {
      heard.push(`${type} ${key.dataId}`);
    });
    expect(await watch.ready()).toEqual([]);
    await registry.setConfig('app.yaml', 'a: 1');
    await registry.setConfig('app.yaml', undefined);
    expect(heard).toEqual(['added app.yaml', 'removed app.yaml']);
    await watch.close();
  });

  it('lists configs and their history, as the HTTP API of a server does', async () => {
    await registry.setConfig('app.yaml', 'a: 1');
    await registry.setConfig('app.yaml', 'a: 2');
    const { configs } = await registry.config.list({ dataId: 'app*' });
    expect(configs.map(({ dataId }) => dataId)).toEqual(['app.yaml']);
    expect((await registry.config.history('app.yaml')).entries.length).toBeGreaterThan(0);
  });

  it('has discovery that calls what was set', async () => {
    await registry.setInstances('orders', ['10.0.0.1:80']);
    const discovery = registry.discovery();
    expect(await discovery.resolve('orders')).toMatchObject({ ip: '10.0.0.1', port: 80 });
    await expect(discovery.resolve('users')).rejects.toMatchObject({ code: 'NO_INSTANCE' });
  });

  it('keeps namespaces apart', async () => {
    const dev = registry.client({ namespace: 'dev' });
    await registry.setInstances('orders', ['10.0.0.1:80'], { namespace: 'dev' });
    await registry.setConfig('app.yaml', 'dev', { namespace: 'dev' });
    expect((await registry.naming.query('orders')).instances).toEqual([]);
    expect((await dev.naming.query('orders')).instances).toHaveLength(1);
    expect((await dev.config.get('app.yaml'))?.content).toBe('dev');
    expect(await registry.config.get('app.yaml')).toBeUndefined();
  });

  it('works while the timers of the test are fake, and leaves none', async () => {
    vi.useFakeTimers();
    try {
      await registry.setInstances('orders', ['10.0.0.1:80']);
      const subscription = registry.naming.subscribe('orders');
      expect((await subscription.ready()).instances).toHaveLength(1);
      await registry.setConfig('app.yaml', 'a: 1');
      expect((await registry.config.get('app.yaml'))?.content).toBe('a: 1');
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('opens no socket', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));
    await registry.naming.register('orders', { ip: '10.0.0.1', port: 80 });
    await registry.config.get('app.yaml');
    const after = process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP'));
    expect(after).toEqual(before);
  });

  it('closes what was made of it, once and for all', async () => {
    const client = registry.client();
    await client.connect({ apis: ['naming', 'config'] });
    await registry.close();
    await registry.close();
    expect(client.naming.connectionState).toBe('closed');
    expect(() => registry.client()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
    await expect(registry.setInstances('orders', [])).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it.each(['10.0.0.1', ':80', '10.0.0.1:', '10.0.0.1:99999'])(
    'says what is wrong with the address %j',
    async (address) => {
      await expect(registry.setInstances('orders', [address])).rejects.toMatchObject({
        code: 'INVALID_INSTANCE',
      });
    },
  );

  it('says what is wrong with a time and a namespace', async () => {
    await expect(registry.advance(-1)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(() => createTestRegistry({ namespace: 'my space' })).toThrow(/namespace "my space"/);
  });
});

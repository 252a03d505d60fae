/**
 * What `createClient` promises about its life: clients side by side have nothing to do with each other, and one that is closed
 * leaves nothing behind, whatever it had under way.
 */
import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createClient, type NacosClient } from '../../src/client/client.js';
import { startDevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';
import { systemClock, type Clock, type Timer } from '../../src/util/clock.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 15_000, interval: 50 };
const CYCLES = 50;
const at = (port: number) => ({ ip: '10.99.0.3', port });

let registry: TestRegistry;
beforeAll(async () => {
  registry = await openRegistry();
});
afterAll(() => registry.close());

/** The real clock, and how many of its timers are waiting. */
function aCountingClock() {
  const pending = new Set<Timer>();
  const counted = (start: (done: () => void) => Timer): Timer => {
    const inner = start(() => void pending.delete(timer));
    const timer = {
      cancel: () => {
        pending.delete(timer);
        inner.cancel();
      },
    };
    pending.add(timer);
    return timer;
  };
  const clock: Clock = {
    ...systemClock,
    after: (delayMs, run, options) =>
      counted((done) =>
        systemClock.after(
          delayMs,
          () => {
            done();
            run();
          },
          options,
        ),
      ),
    every: (periodMs, run) => counted(() => systemClock.every(periodMs, run)),
  };
  return { clock, pending };
}

/** What keeps or could keep a process: sockets, timers, listeners. Counted by kind. */
function leftovers(signal: AbortSignal) {
  const handles: unknown = Reflect.apply(
    Reflect.get(process, '_getActiveHandles') as () => unknown,
    process,
    [],
  );
  const listeners = process.eventNames().map((name) => process.listenerCount(name));
  return {
    handles: Array.isArray(handles) ? handles.length : -1,
    resources: process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length,
    listeners: listeners.reduce((sum, count) => sum + count, 0),
    onSignal: getEventListeners(signal, 'abort').length,
  };
}

async function liveOnce(clock: Clock, names: readonly string[], signal: AbortSignal) {
  const [one = '', other = '', config = '', never = ''] = names;
  const client = createClient({ server: registry.address, logger: silentLogger }, { clock });
  const { naming } = client;
  await client.connect({ apis: ['naming', 'config'], signal });
  await naming.register(one, at(1), { signal });
  await naming.registerBatch(other, [at(1), at(2)], { signal });
  const subscription = naming.subscribe(one, () => undefined);
  naming.subscribe(other, () => undefined, { selector: { callable: true } });
  await subscription.ready({ signal, timeoutMs: 10_000 });
  await naming.query(one, { signal });
  naming.watchServices(`${one}*`, () => undefined);
  naming.onConnectionState(() => undefined);
  const listening = client.config.listen(config, undefined, () => undefined);
  await listening.ready({ signal, timeoutMs: 10_000 });
  // Under way while it closes: none of these may stay behind.
  const under = [
    naming.register(never, at(3), { signal }),
    naming.query(never, { signal }),
    client.config.get(never, undefined, { signal }),
    naming.watchServices('never*').ready({ signal }),
  ];
  const settled = Promise.allSettled(under);
  await client.close();
  await settled;
}

describe('a client that was closed', () => {
  it(
    `leaves no socket, no timer and no listener behind, ${String(CYCLES)} times over`,
    { timeout: 90_000 },
    async () => {
      const { clock, pending } = aCountingClock();
      const { signal } = new AbortController();
      const names = ['one', 'other', 'config', 'never'].map((name) => registry.uniqueName(name));
      const before = leftovers(signal);
      for (let cycle = 0; cycle < CYCLES; cycle += 1) await liveOnce(clock, names, signal);
      expect(pending.size).toBe(0);
      await expect.poll(() => leftovers(signal), SOON).toEqual(before);
    },
  );

  it('leaves nothing behind that it could not connect with either', async () => {
    const { clock, pending } = aCountingClock();
    const { signal } = new AbortController();
    const before = leftovers(signal);
    const client = createClient({ server: '127.0.0.1:1', logger: silentLogger }, { clock });
    const wish = client.naming.register('orders', at(1), { signal }).catch(String);
    const followed = client.naming.subscribe('orders').ready({ signal }).catch(String);
    client.config.listen('app.yaml');
    await client.close();
    expect(await wish).toContain('closed');
    expect(await followed).toContain('closed');
    expect(pending.size).toBe(0);
    await expect.poll(() => leftovers(signal), SOON).toEqual(before);
  });
});

describe('clients side by side', () => {
  it('of two namespaces and of two servers do not see each other; closing one leaves the others alone', async () => {
    await using second = await startDevServer();
    const service = registry.uniqueName('orders');
    const dataId = registry.uniqueName('app');
    const clientOf = (server: string, namespace: string): NacosClient =>
      createClient({ server, namespace, logger: silentLogger });
    const clients = [
      clientOf(registry.address, registry.uniqueName('one')),
      clientOf(registry.address, registry.uniqueName('other')),
      clientOf(second.address, 'public'),
    ];
    const ports = async ({ naming }: NacosClient) =>
      (await naming.query(service)).instances.map(({ port }) => port);
    const content = async ({ config }: NacosClient) => (await config.get(dataId))?.content;
    for (const [index, client] of clients.entries()) {
      await client.naming.register(service, at(index + 1));
      await client.config.publish(dataId, undefined, `content ${String(index + 1)}`);
    }
    for (const [index, client] of clients.entries()) {
      await expect.poll(() => ports(client), SOON).toEqual([index + 1]);
      await expect.poll(() => content(client), SOON).toBe(`content ${String(index + 1)}`);
    }
    const [first, ...others] = clients;
    await first?.config.remove(dataId);
    await first?.close();
    for (const [index, client] of others.entries()) {
      expect(client.naming.connectionState).toBe('ready');
      expect(await ports(client)).toEqual([index + 2]);
      expect(await content(client)).toBe(`content ${String(index + 2)}`);
      await client.config.remove(dataId);
      await client.close();
    }
  });
});

/**
 * What every registry has to do for the clients of it: the in-memory one of `nacos-serving/testing`, our dev server, and real servers. One set of tests,
 * so that what a user's unit tests show is what production does. Waits on conditions; in memory they hold at once.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { NacosClient } from '../../src/client/client.js';
import type { InstanceInput, ServiceDiff } from '../../src/model.js';

/** A registry under test. */
export interface ContractWorld {
  /** A client of its own connections, as of another process; the contract closes it. */
  client(): NacosClient;
  uniqueName(prefix: string): string;
  /** Services by pattern: Nacos 3 only. */
  readonly hasPatterns: boolean;
  close(): Promise<void>;
}

const SOON = { timeout: 15_000, interval: 20 };
const at = (port: number): InstanceInput => ({ ip: '10.99.0.4', port });
const portsOf = (instances: readonly { readonly port: number }[] = []) =>
  instances.map(({ port }) => port);

export function describeContract(name: string, open: () => Promise<ContractWorld>): void {
  describe(`the contract of clients, on ${name}`, () => {
    let world: ContractWorld;
    let one: NacosClient;
    let other: NacosClient;

    beforeEach(async () => {
      world = await open();
      [one, other] = [world.client(), world.client()];
    });
    afterEach(async () => {
      await Promise.all([one.close(), other.close()]);
      await world.close();
    });
    const listed = async (service: string) =>
      portsOf((await other.naming.query(service)).instances);

    it('lists what others registered, with all its fields', async () => {
      const service = world.uniqueName('orders');
      await one.naming.register(service, {
        ...at(1),
        weight: 2,
        cluster: 'east',
        metadata: { version: '1' },
      });
      await expect.poll(() => listed(service), SOON).toEqual([1]);
      expect((await other.naming.query(service)).instances).toEqual([
        {
          ip: '10.99.0.4',
          port: 1,
          weight: 2,
          healthy: true,
          enabled: true,
          ephemeral: true,
          cluster: 'east',
          metadata: { version: '1' },
        },
      ]);
    });

    it('tells who follows a service of each difference, once', async () => {
      const service = world.uniqueName('orders');
      const diffs: ServiceDiff[] = [];
      const subscription = other.naming.subscribe(service, (_list, diff) => diffs.push(diff));
      expect((await subscription.ready({ timeoutMs: 10_000 })).instances).toEqual([]);
      await one.naming.registerBatch(service, [at(1), at(2)]);
      await expect.poll(() => portsOf(subscription.snapshot?.instances), SOON).toEqual([1, 2]);
      await one.naming.deregister(service, at(1));
      await expect.poll(() => portsOf(subscription.snapshot?.instances), SOON).toEqual([2]);
      await one.naming.register(service, { ...at(2), weight: 4 });
      await expect.poll(() => subscription.snapshot?.instances[0]?.weight, SOON).toBe(4);
      await one.close();
      await expect.poll(() => portsOf(subscription.snapshot?.instances), SOON).toEqual([]);
      expect(
        diffs.map(({ added, removed, changed }) => [added, removed, changed].map(portsOf)),
      ).toEqual([
        [[], [], []],
        [[1, 2], [], []],
        [[], [1], []],
        [[], [], [2]],
        [[], [2], []],
      ]);
      await subscription.close();
      expect(subscription.state).toBe('closed');
    });

    it('hides a disabled instance, and picks by weight among what may be called', async () => {
      const service = world.uniqueName('orders');
      await one.naming.registerBatch(service, [
        at(1),
        { ...at(2), weight: 0 },
        { ...at(3), enabled: false },
      ]);
      await expect.poll(() => listed(service), SOON).toEqual([1, 2]);
      expect(portsOf(await other.naming.select(service))).toEqual([1]);
      expect((await other.naming.pick(service)).port).toBe(1);
      await expect(other.naming.pick(world.uniqueName('nobody'))).rejects.toMatchObject({
        code: 'NO_INSTANCE',
      });
    });

    it('lists the services of a group, page by page', async () => {
      const group = world.uniqueName('GROUP');
      const names = ['a', 'b', 'c'].map((end) => world.uniqueName(end));
      for (const each of names) await one.naming.register({ name: each, group }, at(1));
      await expect
        .poll(async () => (await other.naming.listServices({ group })).count, SOON)
        .toBe(3);
      const all: string[] = [];
      for await (const each of other.naming.services({ group, pageSize: 2 })) all.push(each.name);
      expect(all.sort()).toEqual(names.sort());
    });

    it('tells of services by pattern, or says that it cannot', async () => {
      const prefix = world.uniqueName('w');
      const heard: string[] = [];
      const watch = other.naming.watchServices(`${prefix}*`, ({ type, service }) =>
        heard.push(`${type} ${service.name.slice(prefix.length)}`),
      );
      if (!world.hasPatterns) {
        await expect(watch.ready()).rejects.toMatchObject({ code: 'SERVER_UNSUPPORTED' });
        return;
      }
      expect(await watch.ready()).toEqual([]);
      await one.naming.register(`${prefix}-a`, at(1));
      await expect.poll(() => heard, SOON).toEqual(['added -a']);
      await one.naming.deregister(`${prefix}-a`, at(1));
      await expect.poll(() => heard, SOON).toEqual(['added -a', 'removed -a']);
      await watch.close();
    });

    it('refuses the same names', async () => {
      await expect(one.naming.register('two words', at(1))).rejects.toMatchObject({
        code: 'INVALID_INSTANCE',
      });
      await expect(one.naming.register('orders', at(0))).rejects.toMatchObject({
        code: 'INVALID_INSTANCE',
      });
    });

    it('keeps configs: what is published is read, and is gone when it is removed', async () => {
      const dataId = world.uniqueName('app.json');
      expect(await other.config.get(dataId)).toBeUndefined();
      await one.config.publish(dataId, undefined, '{"a":1}', { type: 'json' });
      await expect
        .poll(async () => (await other.config.get(dataId))?.content, SOON)
        .toBe('{"a":1}');
      expect(await other.config.get(dataId)).toMatchObject({
        dataId,
        group: 'DEFAULT_GROUP',
        type: 'json',
        source: 'server',
        md5: 'bb6cb5c68df4652941caf652a366f2d8',
      });
      await one.config.remove(dataId);
      await one.config.remove(dataId);
      await expect.poll(() => other.config.get(dataId), SOON).toBeUndefined();
    });

    it('tells who listens to a config of each content, and of its end', async () => {
      const dataId = world.uniqueName('app.txt');
      const heard: (string | undefined)[] = [];
      const listening = other.config.listen(dataId, undefined, (version) => {
        heard.push(version?.content);
      });
      expect(await listening.ready({ timeoutMs: 10_000 })).toBeUndefined();
      for (const content of ['one', 'two']) {
        await one.config.publish(dataId, undefined, content);
        await expect.poll(() => heard.at(-1), SOON).toBe(content);
      }
      await one.config.remove(dataId);
      await expect.poll(() => listening.current, SOON).toBeUndefined();
      await expect.poll(() => heard.slice(-3), SOON).toEqual(['one', 'two', undefined]);
      await listening.close();
    });

    it('is closed for good', async () => {
      await one.naming.register(world.uniqueName('orders'), at(1));
      await one.close();
      await one.close();
      expect(one.naming.connectionState).toBe('closed');
      await expect(one.naming.query('orders')).rejects.toMatchObject({ code: 'CLOSED' });
      await expect(one.config.get('app.json')).rejects.toMatchObject({ code: 'CLOSED' });
    });
  });
}

import { describe, expect, it } from 'vitest';

import type { InstanceSelector } from '../../../src/naming-api.js';
import { pickByWeight, testOf } from '../../../src/naming/selection.js';
import { anInstance } from '../../helpers/fake-naming.js';
import { aHost, aRegistry } from '../../helpers/fake-registry.js';
import { settle } from '../../helpers/fake-clock.js';
import { aReadySession } from '../../helpers/session-fixture.js';

const INSTANCES = [
  anInstance({ port: 1 }),
  anInstance({ port: 2, weight: 0 }),
  anInstance({ port: 3, healthy: false, metadata: { v: '2', zone: 'a' } }),
  anInstance({ port: 4, enabled: false, weight: 3 }),
  anInstance({ port: 5, cluster: 'east', weight: 2, metadata: { v: '2' } }),
];

describe('a selector', () => {
  it.each<[string, InstanceSelector, readonly number[]]>([
    ['nothing', {}, [1, 2, 3, 4, 5]],
    ['callable', { callable: true }, [1, 5]],
    ['not callable', { callable: false }, [2, 3, 4]],
    ['healthy', { healthy: true }, [1, 2, 4, 5]],
    ['disabled', { enabled: false }, [4]],
    ['a weight', { minWeight: 2 }, [4, 5]],
    ['clusters', { clusters: ['east', 'west'] }, [5]],
    ['no clusters in particular', { clusters: [] }, [1, 2, 3, 4, 5]],
    ['a value', { metadata: { v: '2' } }, [3, 5]],
    ['two values', { metadata: { v: '2', zone: 'a' } }, [3]],
    ['a function and a field', { where: ({ port }) => port > 3, healthy: true }, [4, 5]],
    ['a function alone', ({ port }) => port === 2, [2]],
  ])('of %s selects %j', (_what, selector, ports) => {
    expect(INSTANCES.filter(testOf(selector)).map(({ port }) => port)).toEqual(ports);
  });

  it.each<[unknown, RegExp]>([
    ['healthy', /selector "healthy" is not valid/],
    [null, /selector null/],
    [{ healty: true }, /selector field "healty".*callable, healthy/],
    [{ healthy: 'yes' }, /selector healthy "yes".*true or false/],
    [{ minWeight: Number.NaN }, /selector minWeight NaN.*a number/],
    [{ clusters: 'east' }, /selector clusters "east".*list of names/],
    [{ metadata: { v: 2 } }, /selector metadata.*text values/],
    [{ where: true }, /selector where true.*a function/],
  ])('is not %j', (selector, message) => {
    expect(() => testOf(selector as InstanceSelector)).toThrow(message);
  });
});

describe('the choice by weight', () => {
  it('follows the weights, and never takes one without', () => {
    const [one, none, three] = [1, 0, 3].map((weight, port) =>
      anInstance({ port: port + 1, weight }),
    );
    const list = [one, none, three].flatMap((instance) => instance ?? []);
    const ports = [0, 0.24, 0.26, 0.5, 0.999, 1].map((at) => pickByWeight(list, at)?.port);
    expect(ports).toEqual([1, 1, 3, 3, 3, 3]);
    expect(pickByWeight([anInstance({ weight: 0 })], 0.5)).toBeUndefined();
    expect(pickByWeight([anInstance({ weight: 0.2 })], 0.5)?.weight).toBe(0.2);
  });
});

describe('selecting of a service', () => {
  it('asks the server, unless the list is followed already', async () => {
    const { naming, server } = await aReadySession();
    const registry = aRegistry(server, 'replacing');
    registry.put('orders', [aHost('10.0.0.1:80'), aHost('10.0.0.2:80', { healthy: false })]);
    expect(await naming.select('orders')).toMatchObject([{ ip: '10.0.0.1' }]);
    expect(server.last.countOf('ServiceQueryRequest')).toBe(1);
    const subscription = naming.subscribe('orders');
    await settle();
    expect(await naming.select('orders', { healthy: false })).toMatchObject([{ ip: '10.0.0.2' }]);
    expect((await naming.pick('orders')).ip).toBe('10.0.0.1');
    expect(server.last.countOf('ServiceQueryRequest')).toBe(1);
    await subscription.close();
    await naming.select('orders');
    expect(server.last.countOf('ServiceQueryRequest')).toBe(2);
  });

  it('asks when what was followed is stale', async () => {
    const { naming, server, clock } = await aReadySession();
    const registry = aRegistry(server, 'replacing');
    registry.put('orders', [aHost('10.0.0.1:80')]);
    naming.subscribe('orders');
    await settle();
    server.answers.set('SubscribeServiceRequest', () => 'hang');
    server.last.drop();
    await clock.advance(1000);
    await naming.select('orders');
    expect(server.last.countOf('ServiceQueryRequest')).toBe(1);
  });
});

describe('a subscription with a selector', () => {
  async function aSelected(selector: InstanceSelector) {
    const fixture = await aReadySession();
    const registry = aRegistry(fixture.server, 'replacing');
    registry.put('orders', [aHost('10.0.0.1:80'), aHost('10.0.0.2:80', { weight: 0 })]);
    const heard: string[] = [];
    const subscription = fixture.naming.subscribe(
      'orders',
      ({ instances, revision }, { added, removed, changed }) =>
        heard.push(
          `${String(revision)}: ${[instances, added, removed, changed]
            .map((list) => list.map(({ ip }) => ip.at(-1)).join(''))
            .join('|')}`,
        ),
      { selector },
    );
    await settle();
    const push = (...hosts: Parameters<typeof aHost>[]) => {
      registry.put(
        'orders',
        hosts.map((host) => aHost(...host)),
      );
      registry.push('orders');
    };
    return { ...fixture, heard, subscription, push };
  }

  it('hears when its selection differs, and only then', async () => {
    const { heard, push, subscription } = await aSelected({ callable: true });
    push(['10.0.0.1:80'], ['10.0.0.2:80', { weight: 0 }], ['10.0.0.3:80', { enabled: false }]);
    const before = subscription.snapshot;
    push(['10.0.0.1:80'], ['10.0.0.2:80', { healthy: false }]);
    expect(subscription.snapshot).toBe(before);
    push(['10.0.0.1:80', { weight: 2 }], ['10.0.0.2:80']);
    push(['10.0.0.2:80']);
    push();
    expect(heard).toEqual(['1: 1|1||', '2: 12|2||1', '3: 2||1|', '4: ||2|']);
    expect(subscription.snapshot?.instances).toEqual([]);
    expect(subscription.state).toBe('live');
  });

  it('tells it to who waits, and to who asks before the listener was told', async () => {
    const { subscription, naming } = await aSelected(({ port }) => port === 80);
    expect((await subscription.ready()).instances).toHaveLength(2);
    const late: number[] = [];
    const second = naming.subscribe('orders', ({ instances }) => late.push(instances.length), {
      selector: { minWeight: 1 },
    });
    expect(second.snapshot?.instances).toHaveLength(1);
    expect(late).toEqual([]);
    await settle();
    expect(late).toEqual([1]);
    await second.close();
    expect(second.state).toBe('closed');
  });

  it('leaves out what its function throws about, and says so once', async () => {
    const { heard, log } = await aSelected(({ weight }) => {
      if (weight === 0) throw new Error('no weight');
      return true;
    });
    expect(heard).toEqual(['1: 1|1||']);
    expect(log.filter((line) => line.includes('no weight'))).toHaveLength(1);
  });

  it('is refused before anything is sent when the selector is wrong', async () => {
    const { naming, server } = await aReadySession();
    const selector = { healty: true } as InstanceSelector;
    expect(() => naming.subscribe('orders', undefined, { selector })).toThrow(/healty/);
    expect(server.last.sentTypes()).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';

import type { ConfigVersion } from '../../../src/config-api.js';
import { settle } from '../../helpers/fake-clock.js';
import { aConfigClient, LISTEN, listened, md5, QUERY } from '../../helpers/fake-configs.js';
import { typedFailure } from '../../helpers/fake-transport.js';
import { outcomeOf } from '../../helpers/session-fixture.js';

function aListener() {
  const told: (string | undefined)[] = [];
  const listener = (version: ConfigVersion | undefined): void => {
    told.push(version?.content);
  };
  return { told, listener };
}

describe('listening', () => {
  it('trap 15: sends no sum for what it does not have, and then that of the stored bytes, computed at home', async () => {
    const { config, configs, server } = await aConfigClient();
    configs.put('app', 'übung');
    const { told, listener } = aListener();
    const subscription = config.listen('app', undefined, listener);
    config.listen('none');
    await settle();
    expect(listened(server.last)).toEqual([['app ', 'none '], [`app ${md5('übung')}`]]);
    expect(told).toEqual(['übung']);
    expect(subscription.current?.md5).toBe(md5('übung'));
    expect(subscription.state).toBe('live');
    // Nothing goes round in circles.
    expect(server.last.countOf(QUERY)).toBe(1);
  });

  it('asks for the content after a notice, in whatever way it spells the namespace', async () => {
    const { config, configs } = await aConfigClient();
    const { told, listener } = aListener();
    config.listen('app', undefined, listener);
    await settle();
    for (const [content, more] of [
      ['one', {}],
      ['two', { tenant: '' }],
      ['three', { tenant: 'public' }],
    ] as const) {
      configs.put('app', content);
      configs.notify('app', more);
      await settle();
    }
    configs.put('app', 'four');
    configs.notify('app', { tenant: 'other' });
    configs.notify('nobody');
    await settle();
    expect(told).toEqual(['one', 'two', 'three']);
  });

  it('tells many in one request, and thousands in a few', async () => {
    const { config, server } = await aConfigClient();
    const subscriptions = Array.from({ length: 2500 }, (_, at) =>
      config.listen(`app-${String(at)}`),
    );
    await settle();
    expect(listened(server.last).map((part) => part.length)).toEqual([1000, 1000, 500]);
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
    const ended = server.last.unarySent.filter(
      ({ type, body }) => type === LISTEN && body['listen'] === false,
    );
    expect(ended).toHaveLength(3);
  });

  it('makes one listener on the server of many here, and ends it with the last', async () => {
    const { config, configs, server } = await aConfigClient();
    configs.put('app', 'x');
    const one = aListener();
    const other = aListener();
    const first = config.listen('app', undefined, one.listener);
    await settle();
    const second = config.listen('app', undefined, other.listener);
    expect(other.told).toEqual([]);
    await settle();
    expect([one.told, other.told]).toEqual([['x'], ['x']]);
    await first.close();
    expect(first.state).toBe('closed');
    const ends = () => server.last.unarySent.filter(({ body }) => body['listen'] === false).length;
    expect(ends()).toBe(0);
    await second.close();
    await second.close();
    expect(ends()).toBe(1);
  });

  it('trap 16: listens to everything again after a reconnect, with the sums it has', async () => {
    const { config, configs, server, clock } = await aConfigClient();
    configs.put('app', 'one');
    const { told, listener } = aListener();
    const subscription = config.listen('app', undefined, listener);
    config.listen('none');
    await settle();
    server.last.drop();
    expect(subscription.state).toBe('stale');
    configs.put('app', 'two');
    await clock.advance(5000);
    expect(server.connections).toHaveLength(2);
    expect(listened(server.last)[0]).toEqual([`app ${md5('one')}`, 'none ']);
    expect(told).toEqual(['one', 'two']);
    expect(subscription.state).toBe('live');
  });

  it('has the server compare everything every 3 minutes, and so finds what no notice told', async () => {
    const { config, configs, server, clock } = await aConfigClient();
    const { told, listener } = aListener();
    config.listen('app', undefined, listener);
    await settle();
    configs.put('app', 'silent');
    const before = listened(server.last).length;
    await clock.advance(179_000);
    expect(listened(server.last)).toHaveLength(before);
    await clock.advance(2000);
    expect(told).toEqual(['silent']);
  });

  it('does not run in circles when the server never agrees', async () => {
    const { config, server, clock } = await aConfigClient({}, (scripted) => {
      scripted.answers.set(LISTEN, ({ body }) => ({
        body: scripted.success({ changedConfigs: body['configListenContexts'] }),
      }));
      scripted.answers.set(QUERY, () => ({ body: scripted.success({ content: 'x' }) }));
    });
    config.listen('app');
    await clock.advance(60_000);
    expect(server.last.countOf(LISTEN)).toBeLessThan(5);
  });

  it('says why it is refused, and tries again', async () => {
    const { config, configs, server, clock, log } = await aConfigClient();
    configs.put('app', 'x');
    const answer = server.answers.get(LISTEN);
    server.answers.set(LISTEN, () => typedFailure(403, 'no right'));
    const { told, listener } = aListener();
    const subscription = config.listen('app', undefined, listener);
    const refused = outcomeOf(subscription.ready());
    await settle();
    expect(refused).toMatchObject({ state: 'rejected', error: { code: 'FORBIDDEN' } });
    await clock.advance(20_000);
    expect(
      log.filter((line) => line.includes('not up to date') && !line.includes('debug')),
    ).toHaveLength(1);
    if (answer !== undefined) server.answers.set(LISTEN, answer);
    await clock.advance(30_000);
    expect(told).toEqual(['x']);
  });

  it('leaves no timer and no listener behind when the client is closed', async () => {
    const { config, configs, session, clock } = await aConfigClient();
    configs.put('app', 'x');
    const subscription = config.listen('app', undefined, () => {
      throw new Error('no');
    });
    const looped = subscription[Symbol.asyncIterator]();
    await settle();
    await looped.next();
    const last = looped.next();
    await config.close();
    await session.close();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(clock.pending).toBe(0);
    await expect(subscription.ready()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(config.get('app')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a listener', () => {
  it('that fails is told the same again, while the others go on', async () => {
    const { config, configs, clock, log } = await aConfigClient();
    configs.put('app', 'one');
    const { told, listener } = aListener();
    let failures = 0;
    const heard: (string | undefined)[] = [];
    config.listen('app', undefined, async (version) => {
      heard.push(version?.content);
      await Promise.resolve();
      if (failures < 2) {
        failures += 1;
        throw new Error('not now');
      }
    });
    config.listen('app', undefined, listener);
    await settle();
    expect([heard, told]).toEqual([['one'], ['one']]);
    await clock.advance(1000);
    expect(heard).toEqual(['one', 'one']);
    configs.put('app', 'two');
    configs.notify('app');
    await settle();
    expect(told).toEqual(['one', 'two']);
    await clock.advance(10_000);
    expect(heard).toEqual(['one', 'one', 'two']);
    expect(log.filter((line) => line.includes('not now'))).toHaveLength(2);
  });

  it('that is slow is called once at a time, and gets the newest next', async () => {
    const { config, configs } = await aConfigClient();
    const heard: (string | undefined)[] = [];
    const waiting: (() => void)[] = [];
    config.listen('app', undefined, (version) => {
      heard.push(version?.content);
      return new Promise<void>((resolve) => waiting.push(resolve));
    });
    await settle();
    for (const content of ['one', 'two', 'three']) {
      configs.put('app', content);
      configs.notify('app');
      await settle();
    }
    expect(heard).toEqual(['one']);
    waiting.shift()?.();
    await settle();
    expect(heard).toEqual(['one', 'three']);
  });

  it('may listen and close while it is told', async () => {
    const { config, configs } = await aConfigClient();
    configs.put('app', 'x');
    const { told, listener } = aListener();
    const subscription = config.listen('app', undefined, () => {
      void subscription.close();
      config.listen('app', undefined, listener);
    });
    await settle();
    expect(told).toEqual(['x']);
    expect(subscription.state).toBe('closed');
  });
});

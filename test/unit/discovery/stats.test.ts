import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { afterEach, describe, expect, it } from 'vitest';

import { CHANNELS, type ChannelName } from '../../../src/diagnostics.js';
import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { silentLogger } from '../../../src/logger.js';
import type { CallRouter, CallTarget } from '../../../src/process-hub.js';
import { A_CALL } from '../../helpers/a-call.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';

function setup(options: Partial<DiscoveryOptions> = {}) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  naming.setServices('orders', 'users', 'Bills', 'bills');
  naming.setInstances('orders', anInstance({ port: 1 }), anInstance({ port: 2 }));
  naming.setInstances('users', anInstance({ port: 3 }));
  const discovery = createDiscovery({
    naming: naming.api,
    clock,
    logger: silentLogger,
    ...options,
  });
  return { clock, naming, discovery, calls: discovery.calls };
}

async function resolved(calls: CallRouter, name: string): Promise<CallTarget> {
  const target = await calls.resolve(name, A_CALL);
  if (target === null) throw new Error(`${name} is not ours`);
  return target;
}

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** Collects what is published from now on until the end of the test. */
function listen(...names: ChannelName[]): unknown[] {
  const heard: unknown[] = [];
  const hear = (message: unknown): void => void heard.push(message);
  for (const name of names) {
    subscribe(name, hear);
    stops.push(() => unsubscribe(name, hear));
  }
  return heard;
}

describe('counters', () => {
  it('tell of each service what happened to its calls', async () => {
    const { calls, discovery, naming, clock } = setup({ emptyProtectionMs: 1000 });
    const release = naming.holdList();
    const first = resolved(calls, 'orders');
    await clock.advance(25);
    release();
    const dead = await first;
    calls.settle(dead, { outcome: 'unsent', tookMs: 1 });
    const failed = {
      name: 'orders',
      info: A_CALL,
      tried: [dead],
      outcome: 'unsent',
      elapsedMs: 1,
    } as const;
    const next = calls.nextAttempt(failed);
    if (next === undefined) throw new Error('no further attempt');
    calls.settle(next.target, { outcome: 'answered', status: 200, tookMs: 4 });
    const third = calls.pickNow('orders', A_CALL);
    if (third) calls.settle(third, { outcome: 'broken', tookMs: 4 });
    await resolved(calls, 'users');
    naming.push('orders');

    expect(discovery.stats('orders')).toEqual([
      {
        service: 'orders',
        group: 'DEFAULT_GROUP',
        resolves: 1,
        resolveMsSum: 25,
        resolveMsMax: 25,
        picks: 3,
        retries: 1,
        answered: 1,
        unsent: 1,
        broken: 1,
        abandoned: 0,
        failures: 2,
        noInstance: 0,
        ejections: 1,
        emptyProtections: 1,
        listChanges: 2,
        coldStarts: 0,
        localityFallbacks: 0,
      },
    ]);
    expect(discovery.stats().map(({ service, picks }) => [service, picks])).toEqual([
      ['orders', 3],
      ['users', 1],
    ]);
  });

  it('count calls that found no instance', async () => {
    const { calls, discovery, naming } = setup();
    naming.setInstances('users', anInstance({ healthy: false }));
    await expect(calls.resolve('users', A_CALL)).rejects.toThrow('no instance');
    await expect(calls.resolve('users', A_CALL)).rejects.toThrow('no instance');
    expect(discovery.stats('users')).toMatchObject([{ picks: 0, noInstance: 2 }]);
  });

  it('count what code picks', async () => {
    const { discovery } = setup();
    await discovery.resolve('users');
    discovery.pick('users');
    expect(discovery.stats('users')).toMatchObject([{ picks: 2, noInstance: 0 }]);
  });

  it('are kept for no name which is only tried', async () => {
    const { discovery, calls, naming } = setup();
    naming.setServices();
    await calls.resolve('github', A_CALL);
    expect(discovery.stats()).toEqual([]);
  });
});

describe('channels', () => {
  it('tell how names were resolved', async () => {
    const { calls, clock, naming } = setup();
    const heard = listen(CHANNELS.resolve);
    const release = naming.holdList();
    const first = calls.resolve('ORDERS', A_CALL);
    await clock.advance(5);
    release();
    await first;
    await calls.resolve('github', A_CALL);
    await calls.resolve('BILLS', A_CALL).catch(() => undefined);
    calls.pickNow('orders', A_CALL);
    expect(heard).toEqual([
      { name: 'ORDERS', service: 'orders', group: 'DEFAULT_GROUP', tookMs: 5, outcome: 'found' },
      { name: 'github', service: undefined, group: 'DEFAULT_GROUP', tookMs: 0, outcome: 'unknown' },
      {
        name: 'BILLS',
        service: undefined,
        group: 'DEFAULT_GROUP',
        tookMs: 0,
        outcome: 'ambiguous',
      },
    ]);
  });

  it('tell when Nacos was too late', async () => {
    const { calls, clock, naming } = setup({ firstListTimeoutMs: 100 });
    const heard = listen(CHANNELS.resolve);
    naming.holdList();
    const first = calls.resolve('orders', A_CALL);
    await clock.advance(100);
    await first;
    expect(heard).toMatchObject([{ name: 'orders', tookMs: 100, outcome: 'late' }]);
  });

  it('follow one call from its pick over a failure to its end', async () => {
    const { calls } = setup();
    const heard = listen(CHANNELS.pick, CHANNELS.attempt, CHANNELS.ejection, CHANNELS.retry);
    const dead = await resolved(calls, 'orders');
    calls.settle(dead, { outcome: 'unsent', tookMs: 1 });
    const next = calls.nextAttempt({
      name: 'orders',
      info: A_CALL,
      tried: [dead],
      outcome: 'unsent',
      elapsedMs: 1,
    });
    if (next === undefined) throw new Error('no further attempt');
    calls.settle(next.target, { outcome: 'answered', status: 503, tookMs: 4 });

    const about = { service: 'orders', group: 'DEFAULT_GROUP' };
    const [one, other] = [
      { ...about, ip: '10.0.0.1', port: dead.port },
      { ...about, ip: '10.0.0.1', port: next.target.port },
    ];
    expect(heard).toEqual([
      one,
      { ...one, outcome: 'unsent', status: undefined, tookMs: 1 },
      {
        ...about,
        address: `10.0.0.1:${String(dead.port)}`,
        reason: expect.any(String) as string,
        untilMs: expect.any(Number) as number,
      },
      other,
      { ...about, attempt: 2, outcome: 'unsent', delayMs: 0 },
      { ...other, outcome: 'answered', status: 503, tookMs: 4 },
    ]);
  });

  it('tell and count when calls have to leave the own zone', async () => {
    const { calls, discovery, naming } = setup({ zone: 'a' });
    const near = anInstance({ port: 1, metadata: { zone: 'a' } });
    const far = anInstance({ port: 2, metadata: { zone: 'b' } });
    naming.setInstances('orders', near, far);
    const heard = listen(CHANNELS.locality);
    await resolved(calls, 'orders');
    expect(heard).toEqual([]);
    naming.push('orders', { ...near, healthy: false }, far);
    expect(calls.pickNow('orders', A_CALL)).toMatchObject({ port: 2 });
    naming.push('orders', near, far);
    const zone = { service: 'orders', group: 'DEFAULT_GROUP', kind: 'zone', name: 'a' };
    expect(heard).toEqual([
      { ...zone, active: true },
      { ...zone, active: false },
    ]);
    expect(discovery.stats('orders')).toMatchObject([{ localityFallbacks: 1 }]);
  });

  it('tell when an ejected instance is back', async () => {
    const { calls, clock, naming } = setup();
    naming.setInstances('orders', anInstance({ port: 1 }));
    const heard = listen(CHANNELS.ejectionOver);
    const only = await resolved(calls, 'orders');
    calls.settle(only, { outcome: 'unsent', tookMs: 1 });
    const again = await resolved(calls, 'orders');
    await clock.advance(1);
    calls.settle(again, { outcome: 'answered', status: 200, tookMs: 1 });
    expect(heard).toMatchObject([{ service: 'orders', address: '10.0.0.1:1' }]);
  });

  it('tell of lists and of empty protection, on and over', async () => {
    const { calls, clock, naming } = setup({ emptyProtectionMs: 1000 });
    const heard = listen(CHANNELS.list, CHANNELS.emptyProtection);
    await resolved(calls, 'orders');
    naming.push('orders');
    naming.push('orders', anInstance({ port: 1 }));
    naming.push('orders');
    await clock.advance(1000);
    await settle();
    const about = { service: 'orders', group: 'DEFAULT_GROUP' };
    expect(heard).toEqual([
      { ...about, added: 2, removed: 0, changed: 0, size: 2 },
      { ...about, added: 0, removed: 0, changed: 0, size: 0 },
      { ...about, active: true, size: 2 },
      { ...about, added: 1, removed: 0, changed: 0, size: 1 },
      { ...about, active: false, size: 1 },
      { ...about, added: 0, removed: 0, changed: 0, size: 0 },
      { ...about, active: true, size: 1 },
      { ...about, active: false, size: 0 },
    ]);
  });
});

import { describe, expect, it } from 'vitest';

import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { ServiceEntry } from '../../../src/discovery/service-entry.js';
import { Meters } from '../../../src/discovery/service-meter.js';
import { silentLogger } from '../../../src/logger.js';
import { createFakeClock } from '../../helpers/fake-clock.js';
import { anInstance, createFakeNaming } from '../../helpers/fake-naming.js';
import { someSettings } from './selection-fixture.js';

const WINDOW_MS = 60_000;
const old = anInstance({ port: 1 });
const fresh = anInstance({ port: 2 });

/** An entry whose first list has `old`, then gets what the test pushes. */
async function anEntry(warmUpMs = WINDOW_MS) {
  const clock = createFakeClock();
  const naming = createFakeNaming();
  const entry = new ServiceEntry(someSettings({ warmUpMs }), {
    naming: naming.api,
    clock,
    logger: silentLogger,
    namespace: 'public',
    meters: new Meters(),
  });
  entry.start();
  naming.push('orders', old);
  await entry.firstList();
  const shareOf = (port: number, picks = 10_000): number => {
    let count = 0;
    for (let at = 0; at < picks; at += 1) if (entry.peek(undefined)?.port === port) count += 1;
    return count / picks;
  };
  return { clock, naming, entry, shareOf };
}

describe('warm-up', () => {
  it('gives a new instance its share step by step', async () => {
    const { clock, naming, shareOf } = await anEntry();
    naming.push('orders', old, fresh);
    expect(shareOf(2)).toBeCloseTo(0.1 / 1.1, 2);
    await clock.advance(WINDOW_MS * 0.1);
    expect(shareOf(2)).toBeCloseTo(0.1 / 1.1, 2);
    await clock.advance(WINDOW_MS * 0.4);
    expect(shareOf(2)).toBeCloseTo(0.5 / 1.5, 2);
    await clock.advance(WINDOW_MS * 0.5);
    expect(shareOf(2)).toBeCloseTo(0.5, 2);
  });

  it('weighs the share with the weight', async () => {
    const { clock, naming, shareOf } = await anEntry();
    naming.push('orders', old, { ...fresh, weight: 4 });
    await clock.advance(WINDOW_MS / 2);
    expect(shareOf(2)).toBeCloseTo(2 / 3, 2);
  });

  it('takes what is in the first list for warm', async () => {
    const { naming, shareOf } = await anEntry();
    const first = createFakeNaming();
    const clock = createFakeClock();
    const entry = new ServiceEntry(someSettings({ warmUpMs: WINDOW_MS }), {
      naming: first.api,
      clock,
      logger: silentLogger,
      namespace: 'public',
      meters: new Meters(),
    });
    entry.start();
    first.push('orders', old, fresh);
    const ports = Array.from({ length: 10 }, () => entry.peek(undefined)?.port);
    expect(ports.filter((port) => port === 2)).toHaveLength(5);
    expect(clock.pending).toBe(0);
    // And one that comes second is not.
    naming.push('orders', old, fresh);
    expect(shareOf(2)).toBeLessThan(0.2);
  });

  it('goes on over later lists, also when the instance cannot be called for a while', async () => {
    const { clock, naming, shareOf } = await anEntry();
    naming.push('orders', old, fresh);
    await clock.advance(WINDOW_MS * 0.4);
    naming.push('orders', old, { ...fresh, healthy: false });
    await clock.advance(WINDOW_MS * 0.1);
    naming.push('orders', old, { ...fresh, metadata: { a: 'b' } });
    expect(shareOf(2)).toBeCloseTo(0.5 / 1.5, 2);
  });

  it('begins anew for an address that was gone', async () => {
    const { clock, naming, shareOf } = await anEntry();
    naming.push('orders', old, fresh);
    await clock.advance(WINDOW_MS);
    expect(shareOf(2)).toBeCloseTo(0.5, 2);
    naming.push('orders', old);
    naming.push('orders', old, fresh);
    expect(shareOf(2)).toBeCloseTo(0.1 / 1.1, 2);
  });

  it('counts from when the instance may be called, not from when it is listed', async () => {
    const { clock, naming, shareOf } = await anEntry();
    naming.push('orders', old, { ...fresh, enabled: false });
    await clock.advance(WINDOW_MS);
    naming.push('orders', old, fresh);
    expect(shareOf(2)).toBeCloseTo(0.1 / 1.1, 2);
  });

  it('needs no timer when all are warm, and none after close', async () => {
    const { clock, naming, entry } = await anEntry();
    expect(clock.pending).toBe(0);
    naming.push('orders', old, fresh);
    expect([clock.pending, clock.holding]).toEqual([1, 0]);
    await clock.advance(WINDOW_MS);
    expect(clock.pending).toBe(0);
    naming.push('orders', old, fresh, anInstance({ port: 3 }));
    expect(clock.pending).toBe(1);
    await entry.close();
    expect(clock.pending).toBe(0);
  });

  it('is off by default', async () => {
    const clock = createFakeClock();
    const naming = createFakeNaming();
    const options: DiscoveryOptions = {
      naming: naming.api,
      clock,
      logger: silentLogger,
      unusedAfterMs: 0,
    };
    await using discovery = createDiscovery(options);
    naming.setServices('orders');
    naming.setInstances('orders', old);
    await discovery.resolve('orders');
    naming.push('orders', old, fresh);
    const ports = Array.from({ length: 10 }, () => discovery.pick('orders')?.port);
    expect(ports.filter((port) => port === 2)).toHaveLength(5);
    expect(clock.pending).toBe(0);
  });
});

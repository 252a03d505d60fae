import { describe, expect, it } from 'vitest';

import type { InstanceStat } from '../../../src/discovery/balancer.js';
import { Outlier } from '../../../src/discovery/outlier.js';
import { DEFAULT_OUTLIER, type OutlierSettings } from '../../../src/discovery/service-settings.js';
import type { EndedAttempt } from '../../../src/process-hub.js';
import { createFakeClock } from '../../helpers/fake-clock.js';

const UNSENT: EndedAttempt = { outcome: 'unsent', tookMs: 0 };
const BROKEN: EndedAttempt = { outcome: 'broken', tookMs: 0 };
const ABANDONED: EndedAttempt = { outcome: 'abandoned', tookMs: 0 };
const answered = (status = 200, tookMs = 0): EndedAttempt => ({
  outcome: 'answered',
  status,
  tookMs,
});

/** Of as many instances as `size` says: a, b, c and so on. */
function aService(settings: Partial<OutlierSettings> = {}, size = 4) {
  const clock = createFakeClock(0);
  let reads = 0;
  const events: string[] = [];
  const outlier = new Outlier({
    settings: { ...DEFAULT_OUTLIER, ...settings },
    clock: {
      nowMs: () => {
        reads += 1;
        return clock.nowMs();
      },
    },
    meter: {
      ejected: (key, reason, untilMs) =>
        events.push(`${key} out until ${String(untilMs)}: ${reason}`),
      returned: (key, reason) => events.push(`${key} back: ${reason}`),
    },
    size: () => size,
  });
  const stats = new Map<string, InstanceStat>();
  const stat = (key: string): InstanceStat => {
    const one = stats.get(key) ?? { key, active: 0, ewmaMs: 0, ewmaAtMs: 0 };
    stats.set(key, one);
    return one;
  };
  const settle = (key: string, ended: EndedAttempt, times = 1): void => {
    for (let at = 0; at < times; at += 1) outlier.settled(stat(key), ended);
  };
  return {
    clock,
    outlier,
    events,
    settle,
    isOut: (key: string) => outlier.isOut(stat(key)),
    /** The call that goes to it after its time is up. */
    probe: (key: string, ended: EndedAttempt) => {
      expect(outlier.isOut(stat(key))).toBe(false);
      outlier.picked(stat(key));
      settle(key, ended);
    },
    pick: (key: string) => outlier.picked(stat(key)),
    states: () => outlier.state().map(({ key, state }) => `${key} ${state}`),
    resize: (count: number) => (size = count),
    get reads() {
      return reads;
    },
  };
}

describe('an instance whose connection failed', () => {
  it('is avoided for 2 s, and then gets one call which brings it back', async () => {
    const { clock, isOut, pick, probe, events, settle, outlier } = aService();
    settle('a', UNSENT);
    expect(isOut('a')).toBe(true);
    await clock.advance(1999);
    expect(isOut('a')).toBe(true);
    await clock.advance(1);
    probe('a', answered());
    expect(isOut('a')).toBe(false);
    expect(outlier.isActive).toBe(false);
    pick('a');
    expect(events).toEqual(['a out until 2000: no connection', 'a back: it answered']);
  });

  it('is avoided again when that call finds no connection either', async () => {
    const { clock, isOut, probe, settle } = aService();
    settle('a', UNSENT);
    await clock.advance(2000);
    probe('a', UNSENT);
    expect(isOut('a')).toBe(true);
    await clock.advance(2000);
    expect(isOut('a')).toBe(false);
  });

  it('is back as soon as any call that began afterwards was answered, whatever its status', async () => {
    const { clock, isOut, settle } = aService();
    settle('a', UNSENT);
    await clock.advance(10);
    settle('a', answered(503, 5));
    expect(isOut('a')).toBe(false);
  });

  it('is not back because of an answer to a call that began before', async () => {
    const { clock, isOut, settle } = aService();
    settle('a', UNSENT);
    await clock.advance(10);
    settle('a', answered(200, 11));
    expect(isOut('a')).toBe(true);
  });

  it('is ejected when as many in a row failed as are allowed, in flight together or not', () => {
    const { settle, states, events } = aService({ consecutiveFailures: 3 });
    settle('a', UNSENT, 2);
    expect(states()).toEqual(['a avoided']);
    settle('a', UNSENT);
    expect(states()).toEqual(['a ejected']);
    expect(events).toEqual([
      'a out until 2000: no connection',
      'a out until 10000: 3 connections in a row failed',
    ]);
  });

  it('begins to count anew with an answer', async () => {
    const { clock, probe, settle, states } = aService({ consecutiveFailures: 2 });
    settle('a', UNSENT);
    await clock.advance(2000);
    probe('a', answered());
    settle('a', UNSENT);
    expect(states()).toEqual(['a avoided']);
  });

  it('is left alone when ejection is off', () => {
    const { settle, outlier } = aService({ enabled: false });
    settle('a', UNSENT, 10);
    expect(outlier.isActive).toBe(false);
  });
});

describe('an instance whose calls fail', () => {
  it('is ejected when more than the share failed, of at least 20 calls', () => {
    const { settle, states, events } = aService({ errorRate: 0.5 });
    settle('a', BROKEN, 10);
    settle('a', answered(), 9);
    expect(states()).toEqual([]);
    // 10 of 20 is not more than half.
    settle('a', answered());
    expect(states()).toEqual([]);
    settle('a', answered(503));
    expect(states()).toEqual(['a ejected']);
    expect(events).toEqual(['a out until 10000: 11 of 21 calls failed']);
  });

  it.each([502, 503, 504])('counts status %i as failed', (status) => {
    const { settle, states } = aService();
    settle('a', answered(status), 20);
    expect(states()).toEqual(['a ejected']);
  });

  it.each([400, 404, 429, 500, 501])('counts status %i as an answer', (status) => {
    const { settle, outlier } = aService();
    settle('a', answered(status), 100);
    expect(outlier.state()).toEqual([]);
  });

  it('is judged by its last 32 calls', () => {
    const { settle, states } = aService({ errorRate: 0.5 });
    settle('a', BROKEN);
    settle('a', answered(), 20);
    settle('a', BROKEN, 16);
    expect(states()).toEqual([]);
    settle('a', BROKEN);
    expect(states()).toEqual(['a ejected']);
  });

  it('is never ejected for that when the rate is not looked at', () => {
    const { settle, outlier } = aService({ errorRate: 0, slowMs: 1 });
    settle('a', BROKEN, 100);
    settle('a', answered(503), 100);
    settle('a', answered(200, 100), 100);
    expect(outlier.isActive).toBe(false);
  });

  it('is ejected for being slow when that was asked for', () => {
    const slow = answered(200, 501);
    const patient = aService();
    patient.settle('a', slow, 100);
    expect(patient.states()).toEqual([]);
    const hasty = aService({ slowMs: 500 });
    hasty.settle('a', answered(200, 500), 100);
    expect(hasty.states()).toEqual([]);
    hasty.settle('a', slow, 32);
    expect(hasty.states()).toEqual(['a ejected']);
  });

  it('is not judged by calls that the caller gave up', () => {
    const { settle, outlier } = aService();
    settle('a', BROKEN, 19);
    settle('a', ABANDONED, 100);
    expect(outlier.isActive).toBe(false);
  });
});

describe('an ejected instance', () => {
  const out = { consecutiveFailures: 1, ejectionMs: 1000, maxShare: 1 };

  it('is not brought back by an answer to a call that began before', async () => {
    const { clock, isOut, settle } = aService(out);
    settle('a', UNSENT);
    await clock.advance(100);
    settle('a', answered(200, 101));
    expect(isOut('a')).toBe(true);
    settle('a', answered(200, 99));
    expect(isOut('a')).toBe(false);
  });

  it('is not out for longer because of failures of calls that began before', async () => {
    const { clock, outlier, settle } = aService(out);
    settle('a', UNSENT);
    await clock.advance(100);
    settle('a', BROKEN, 50);
    expect(outlier.state()).toMatchObject([{ untilMs: 1000 }]);
  });

  it('gets exactly one call when its time is up', async () => {
    const { clock, isOut, pick, settle, states } = aService(out);
    settle('a', UNSENT);
    await clock.advance(1000);
    expect([isOut('a'), states()]).toEqual([false, ['a ejected']]);
    pick('a');
    expect([isOut('a'), states()]).toEqual([true, ['a probing']]);
    settle('a', answered());
    expect([isOut('a'), states()]).toEqual([false, []]);
  });

  it('gets another one when the caller gave that up, or when it says nothing for 5 s', async () => {
    const { clock, isOut, pick, settle, states } = aService(out);
    settle('a', UNSENT);
    await clock.advance(1000);
    pick('a');
    settle('a', ABANDONED);
    expect(isOut('a')).toBe(false);
    pick('a');
    expect([isOut('a'), states()]).toEqual([true, ['a probing']]);
    await clock.advance(5000);
    expect(isOut('a')).toBe(false);
  });

  it.each([
    ['no connection', UNSENT],
    ['a broken one', BROKEN],
    ['a bad status', answered(503)],
  ])('stays out for longer each time, up to 6 times: %s', async (_, ended) => {
    const { clock, outlier, probe, settle } = aService(out);
    settle('a', UNSENT);
    const times: number[] = [];
    for (let at = 0; at < 8; at += 1) {
      const forMs = (outlier.state()[0]?.untilMs ?? 0) - clock.nowMs();
      times.push(forMs);
      await clock.advance(forMs);
      probe('a', ended);
    }
    expect(times).toEqual([1000, 2000, 3000, 4000, 5000, 6000, 6000, 6000]);
  });

  it('forgets one time out with each such time of health', async () => {
    const { clock, outlier, probe, settle } = aService(out);
    const untilOut = (): number => (outlier.state()[0]?.untilMs ?? 0) - clock.nowMs();
    settle('a', UNSENT);
    for (let at = 0; at < 3; at += 1) {
      await clock.advance(untilOut());
      probe('a', UNSENT);
    }
    expect(untilOut()).toBe(4000);
    await clock.advance(4000);
    probe('a', answered());
    await clock.advance(2000);
    settle('a', UNSENT);
    // 4 times, less 2, and once more.
    expect(untilOut()).toBe(3000);
    await clock.advance(3000);
    probe('a', answered());
    await clock.advance(100_000);
    settle('a', UNSENT);
    expect(untilOut()).toBe(1000);
  });

  it('starts clean when it is back', async () => {
    const { clock, probe, settle, states } = aService({ ejectionMs: 1000 });
    settle('a', BROKEN, 20);
    await clock.advance(1000);
    probe('a', answered());
    settle('a', BROKEN, 19);
    expect(states()).toEqual([]);
  });
});

describe('how many are out', () => {
  const failing = { consecutiveFailures: 1 };
  const ejected = (settings: Partial<OutlierSettings>, size: number): number => {
    const { settle, outlier } = aService({ ...failing, ...settings }, size);
    for (let at = 0; at < size; at += 1) settle(`i${String(at)}`, BROKEN, 20);
    return outlier.state().length;
  };

  it.each([
    [0.5, 4, 2],
    [0.5, 5, 2],
    [0.5, 2, 1],
    [0.5, 1, 0],
    // One of several may always be out.
    [0.1, 3, 1],
    [1, 5, 4],
    [0, 5, 0],
  ])('with a share of %d of %i instances at most %i', (maxShare, size, most) => {
    expect(ejected({ maxShare }, size)).toBe(most);
  });

  it('leaves those above the share avoided while their connections fail', () => {
    const { settle, states } = aService(failing, 2);
    settle('a', UNSENT, 5);
    settle('b', UNSENT, 5);
    expect(states()).toEqual(['a ejected', 'b avoided']);
  });
});

describe('when the list changes', () => {
  const out = { consecutiveFailures: 1, maxShare: 1 };

  it('what is still listed stays out', () => {
    const { isOut, outlier, settle } = aService(out);
    settle('a', UNSENT);
    outlier.listed(new Set(['a', 'z']));
    expect(isOut('a')).toBe(true);
  });

  it('what is gone is forgotten and starts clean when it comes back', () => {
    const { events, outlier, settle } = aService({ maxShare: 1 });
    settle('a', UNSENT);
    settle('a', UNSENT);
    outlier.listed(new Set(['b']));
    expect(outlier.isActive).toBe(false);
    outlier.listed(new Set(['a', 'b']));
    settle('a', UNSENT);
    expect(outlier.state()).toMatchObject([{ key: 'a', state: 'avoided' }]);
    expect(events[1]).toBe('a back: no longer listed');
  });

  it('the calls of one that is gone are forgotten as well', () => {
    const { outlier, settle } = aService();
    settle('a', BROKEN, 19);
    outlier.listed(new Set(['b']));
    settle('a', BROKEN);
    expect(outlier.isActive).toBe(false);
  });
});

describe('what users see', () => {
  it('tells each instance that is out, until when and why', async () => {
    const { clock, outlier, settle, pick } = aService({ ejectionMs: 1000 });
    expect(outlier.state()).toEqual([]);
    settle('a', BROKEN, 20);
    await clock.advance(500);
    settle('b', UNSENT);
    await clock.advance(500);
    pick('a');
    expect(outlier.state()).toEqual([
      { key: 'a', state: 'probing', untilMs: 6000, failures: 20, reason: '20 of 20 calls failed' },
      { key: 'b', state: 'avoided', untilMs: 2500, failures: 1, reason: 'no connection' },
    ]);
  });

  it('resets one, or all', () => {
    const { outlier, settle, states, events } = aService();
    settle('a', UNSENT, 3);
    settle('b', UNSENT);
    settle('c', BROKEN, 19);
    outlier.reset('a');
    expect(states()).toEqual(['b avoided']);
    outlier.reset('nobody');
    outlier.reset();
    expect(states()).toEqual([]);
    settle('c', BROKEN);
    expect(states()).toEqual([]);
    expect(events.slice(-2)).toEqual(['a back: reset', 'b back: reset']);
  });
});

it('reads no clock and keeps nothing while calls are answered', () => {
  const service = aService();
  service.settle('a', BROKEN);
  service.settle('a', answered(), 40);
  const before = service.reads;
  service.settle('a', answered(), 100);
  service.settle('b', ABANDONED, 100);
  expect(service.isOut('a')).toBe(false);
  service.pick('a');
  expect([before, service.reads]).toEqual([0, 0]);
});

import { describe, expect, it } from 'vitest';

import { RetryPolicy } from '../../../src/discovery/retry.js';
import { DEFAULT_RETRY, type RetrySettings } from '../../../src/discovery/service-settings.js';
import type { CallInfo, FailedCall } from '../../../src/process-hub.js';
import { aCall } from '../../helpers/a-call.js';
import { createFakeClock } from '../../helpers/fake-clock.js';

function aPolicy(settings: Partial<RetrySettings> = {}, timeoutMs = 0) {
  const clock = createFakeClock();
  const retry = new RetryPolicy({ settings: { ...DEFAULT_RETRY, ...settings }, timeoutMs, clock });
  return { clock, retry };
}

function aFailure(fields: Partial<FailedCall> = {}): FailedCall {
  return { name: 'orders', info: aCall(), tried: [], outcome: 'broken', elapsedMs: 0, ...fields };
}

/** The call fails in this way as long as it is repeated; the delays before each attempt. */
function delays(retry: RetryPolicy, failed: FailedCall): number[] {
  const all: number[] = [];
  for (;;) {
    const delayMs = retry.delayMs(failed);
    if (delayMs === undefined || !retry.affords(failed, false)) return all;
    all.push(delayMs);
  }
}

/** How many of `asked` attempts the budget pays for. */
function afforded(retry: RetryPolicy, asked: number, fields: Partial<FailedCall> = {}): number {
  let count = 0;
  for (let at = 0; at < asked; at += 1) {
    if (retry.affords(aFailure({ info: aCall(), ...fields }), false)) count += 1;
  }
  return count;
}

function began(retry: RetryPolicy, calls: number): void {
  for (let at = 0; at < calls; at += 1) retry.began();
}

describe('a call of which nothing was sent', () => {
  it.each(['GET', 'POST', 'PATCH'])('goes on at once: %s', (method) => {
    const { retry } = aPolicy({ maxRetries: 0 });
    const info = aCall({ method, isReplayable: false });
    expect(retry.delayMs(aFailure({ outcome: 'unsent', info }))).toBe(0);
  });

  it('costs nothing while there are instances that did not fail, however often', () => {
    const { retry } = aPolicy({ budget: 0 });
    const failed = aFailure({ outcome: 'unsent' });
    expect(Array.from({ length: 100 }, () => retry.affords(failed, true))).not.toContain(false);
  });

  it('costs budget when there are only such that did', () => {
    const { retry } = aPolicy();
    expect(afforded(retry, 100, { outcome: 'unsent' })).toBe(10);
  });

  it('leaves the repeats that it has for what was sent', () => {
    const { retry } = aPolicy({ maxRetries: 1 });
    const info = aCall();
    const unsent = aFailure({ outcome: 'unsent', info });
    expect([retry.affords(unsent, true), retry.affords(unsent, false)]).toEqual([true, true]);
    expect(retry.delayMs(aFailure({ info }))).toBeTypeOf('number');
  });
});

describe('a call of which something may have been sent', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])('is repeated: %s', (method) => {
    const { retry } = aPolicy();
    expect(retry.delayMs(aFailure({ info: aCall({ method }) }))).toBeTypeOf('number');
  });

  it.each(['POST', 'PATCH', 'CONNECT', 'LINK'])('is never repeated: %s', (method) => {
    const { retry } = aPolicy({ statuses: [503] });
    const info = aCall({ method });
    expect(retry.delayMs(aFailure({ info }))).toBeUndefined();
    expect(retry.delayMs(aFailure({ info, outcome: 'answered', status: 503 }))).toBeUndefined();
  });

  it('is not repeated when its body is gone', () => {
    const { retry } = aPolicy();
    const info = aCall({ method: 'PUT', isReplayable: false });
    expect(retry.delayMs(aFailure({ info }))).toBeUndefined();
  });

  it.each([0, 1, 2, 3])('is repeated %i times when that is the bound', (maxRetries) => {
    const { retry } = aPolicy({ maxRetries });
    expect(delays(retry, aFailure())).toHaveLength(maxRetries);
  });

  it('counts for each call by itself', () => {
    const { retry } = aPolicy({ maxRetries: 1 });
    expect(delays(retry, aFailure({ info: aCall() }))).toHaveLength(1);
    expect(delays(retry, aFailure({ info: aCall() }))).toHaveLength(1);
  });
});

describe('a status', () => {
  const answered = (status: number): FailedCall => aFailure({ outcome: 'answered', status });

  it('is the answer unless it was opted in', () => {
    expect(aPolicy().retry.delayMs(answered(503))).toBeUndefined();
    const { retry } = aPolicy({ statuses: [503, 429] });
    expect(retry.delayMs(answered(503))).toBeTypeOf('number');
    expect(retry.delayMs(answered(429))).toBeTypeOf('number');
    expect(retry.delayMs(answered(500))).toBeUndefined();
  });

  it('waits as long as the instance asks, and not less', () => {
    const { retry } = aPolicy({ statuses: [503] });
    expect(retry.delayMs({ ...answered(503), retryAfterMs: 2000 })).toBe(2000);
    expect(retry.delayMs({ ...answered(503), retryAfterMs: 0 })).toBe(5);
  });

  it('is the answer when the instance asks for more time than there is', () => {
    const failed = { ...answered(503), retryAfterMs: 2000 };
    const within = (timeoutMs: number) =>
      aPolicy({ statuses: [503] }, timeoutMs).retry.delayMs({ ...failed, elapsedMs: 1000 });
    expect([within(3001), within(3000)]).toEqual([2000, undefined]);
  });

  it('is the answer when there is no deadline and the instance asks for more than 10 s', () => {
    const { retry } = aPolicy({ statuses: [503] });
    expect(retry.delayMs({ ...answered(503), retryAfterMs: 10_000 })).toBe(10_000);
    expect(retry.delayMs({ ...answered(503), retryAfterMs: 10_001 })).toBeUndefined();
  });
});

describe('the wait before a repeat', () => {
  const bounds = (random: number): number[] => {
    const { clock, retry } = aPolicy({ maxRetries: 9 });
    clock.setRandom(() => random);
    return delays(retry, aFailure());
  };

  it('is drawn below a bound that doubles from 10 ms to 1 s', () => {
    expect(bounds(0.5)).toEqual([5, 10, 20, 40, 80, 160, 320, 500, 500]);
  });

  it('may be nothing', () => {
    expect(bounds(0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the deadline of a call', () => {
  it('ends attempts of every kind', () => {
    const { retry } = aPolicy({ statuses: [503] }, 100);
    const unsent = aFailure({ outcome: 'unsent' });
    expect(retry.delayMs({ ...unsent, elapsedMs: 99 })).toBe(0);
    expect(retry.delayMs({ ...unsent, elapsedMs: 100 })).toBeUndefined();
    // The wait would be 5 ms.
    expect(retry.delayMs(aFailure({ elapsedMs: 94 }))).toBe(5);
    expect(retry.delayMs(aFailure({ elapsedMs: 95 }))).toBeUndefined();
  });

  it('is not there by default', () => {
    expect(aPolicy().retry.delayMs(aFailure({ elapsedMs: 3_600_000 }))).toBeTypeOf('number');
  });
});

describe('the budget of a service', () => {
  it('is a share of its calls and a few more', () => {
    const { retry } = aPolicy({ budget: 0.2 });
    began(retry, 1000);
    expect(afforded(retry, 1000)).toBe(210);
    began(retry, 100);
    expect(afforded(retry, 1000)).toBe(20);
  });

  it('forgets calls and repeats of long ago', async () => {
    const { clock, retry } = aPolicy({ budget: 0.2 });
    began(retry, 1000);
    expect(afforded(retry, 1000)).toBe(210);
    await clock.advance(1_000_000);
    expect(afforded(retry, 1000)).toBe(10);
  });

  it('keeps to the share of steady calls when every one of them fails', async () => {
    const { clock, retry } = aPolicy({ budget: 0.1 });
    let repeats = 0;
    for (let second = 0; second < 100; second += 1) {
      began(retry, 100);
      repeats += afforded(retry, 200);
      await clock.advance(1000);
    }
    // 10,000 calls in 10 windows: a tenth of them, and 10 for each window.
    expect(repeats).toBeLessThanOrEqual(1000 + 11 * 10);
    expect(repeats).toBeGreaterThan(900);
  });

  it('does not count what came an hour ago as of now', async () => {
    const { clock, retry } = aPolicy({ budget: 0.2 });
    began(retry, 3600);
    await clock.advance(3_600_000);
    // One call a second on average: 10 in a window.
    expect(afforded(retry, 1000)).toBe(12);
  });

  it('is nothing when the share is 0', () => {
    const { retry } = aPolicy({ budget: 0 });
    began(retry, 1000);
    const info: CallInfo = aCall();
    expect([
      retry.affords(aFailure({ info }), true),
      retry.affords(aFailure({ outcome: 'unsent' }), false),
    ]).toEqual([false, false]);
  });
});

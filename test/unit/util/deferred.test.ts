import { describe, expect, it } from 'vitest';

import { createDeferred, delay, waitWithin } from '../../../src/util/deferred.js';
import { createFakeClock, settle } from '../../helpers/fake-clock.js';
import { outcomeOf } from '../../helpers/session-fixture.js';

const late = (): Error => new Error('too late');

describe('waitWithin', () => {
  it('gives the value and stops its timer', async () => {
    const clock = createFakeClock();
    const deferred = createDeferred<number>();
    const waits = [1, 2, 3].map(() =>
      outcomeOf(waitWithin(deferred.promise, { clock, timeoutMs: 10, onTimeout: late })),
    );
    deferred.resolve(7);
    await settle();
    expect(waits.map((wait) => wait.value)).toEqual([7, 7, 7]);
    expect(clock.pending).toBe(0);
  });

  it('gives the failure', async () => {
    const clock = createFakeClock();
    const failed = new Error('failed');
    const wait = waitWithin(Promise.reject(failed), { clock, timeoutMs: 10, onTimeout: late });
    await expect(wait).rejects.toBe(failed);
    expect(clock.pending).toBe(0);
  });

  it('works on a promise that has settled long ago, again and again', async () => {
    const clock = createFakeClock();
    const deferred = createDeferred<string>();
    deferred.resolve('there');
    await settle();
    for (let i = 0; i < 3; i += 1) {
      const wait = waitWithin(deferred.promise, { clock, timeoutMs: 10, onTimeout: late });
      expect(await wait).toBe('there');
    }
  });

  it('leaves nothing on a promise that never settles', async () => {
    const clock = createFakeClock();
    const { promise } = createDeferred<number>();
    let reactions = 0;
    const then = promise.then.bind(promise);
    void Object.defineProperty(promise, 'then', {
      value: (...args: Parameters<typeof then>) => {
        reactions += 1;
        return then(...args);
      },
    });
    for (let i = 0; i < 1000; i += 1) {
      const wait = outcomeOf(waitWithin(promise, { clock, timeoutMs: 10, onTimeout: late }));
      await clock.advance(10);
      expect(wait.error).toMatchObject({ message: 'too late' });
    }
    expect(reactions).toBe(1);
  });
});

describe('delay', () => {
  it('ends after its time, by its signal, or by its owner', async () => {
    const clock = createFakeClock();
    const [signal, owner] = [new AbortController(), new AbortController()];
    const wait = () => outcomeOf(delay(clock, 100, { signal: signal.signal, owner: owner.signal }));
    const first = wait();
    await clock.advance(100);
    expect(first.state).toBe('resolved');
    const second = wait();
    signal.abort(new Error('by signal'));
    await settle();
    expect(second.error).toMatchObject({ message: 'by signal' });
    const third = outcomeOf(delay(clock, 100, { owner: owner.signal }));
    owner.abort(new Error('by owner'));
    await settle();
    expect(third.error).toMatchObject({ message: 'by owner' });
    expect(clock.pending).toBe(0);
    expect(wait().state).toBe('pending');
    await settle();
    expect(clock.pending).toBe(0);
  });
});

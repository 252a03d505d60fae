import { describe, expect, it } from 'vitest';

import { onAbort } from '../../../src/util/abort.js';

describe('onAbort', () => {
  it('calls each listener once, also the same function given twice', () => {
    const control = new AbortController();
    let calls = 0;
    const count = (): void => void (calls += 1);
    onAbort(control.signal, count);
    onAbort(control.signal, count);
    control.abort();
    control.abort();
    expect(calls).toBe(2);
  });

  it('does not call one that was taken off, also by another one', () => {
    const control = new AbortController();
    const called: string[] = [];
    const stopFirst = onAbort(control.signal, () => called.push('first'));
    onAbort(control.signal, () => {
      called.push('second');
      stopThird();
    });
    const stopThird = onAbort(control.signal, () => called.push('third'));
    stopFirst();
    control.abort();
    expect(called).toEqual(['second']);
    stopFirst();
  });

  it('never calls for a signal that has aborted, or for none', () => {
    const control = new AbortController();
    control.abort();
    let called = false;
    onAbort(control.signal, () => (called = true))();
    onAbort(undefined, () => (called = true))();
    expect(called).toBe(false);
  });

  it('makes Node print no warning for a hundred waits on one signal', async () => {
    const warnings: string[] = [];
    const hear = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', hear);
    const { signal } = new AbortController();
    const stops = Array.from({ length: 100 }, () => onAbort(signal, () => undefined));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('warning', hear);
    for (const stop of stops) stop();
    expect(warnings).toEqual([]);
  });
});

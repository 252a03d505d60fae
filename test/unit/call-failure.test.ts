import { expect, it } from 'vitest';

import { failedCall } from '../../src/call-failure.js';

const failure = {
  service: 'orders',
  tried: [{ ip: '10.0.0.1', port: 80, error: new Error('no') }],
};
const marked = Object.defineProperty(new Error('last'), Symbol.for('nacos-serving.call'), {
  value: failure,
});

it('reads what a call has tried from the error or from one of its causes', () => {
  expect(failedCall(marked)).toBe(failure);
  expect(failedCall(new TypeError('fetch failed', { cause: marked }))).toBe(failure);
  expect(failedCall(new Error('a', { cause: new Error('b', { cause: marked }) }))).toBe(failure);
});

it('gives nothing for other errors, other values and circles', () => {
  const circle = new Error('round');
  circle.cause = circle;
  for (const other of [circle, new Error('x'), undefined, null, 'text', 7]) {
    expect(failedCall(other)).toBeUndefined();
  }
});

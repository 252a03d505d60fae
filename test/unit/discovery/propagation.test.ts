import { describe, expect, it } from 'vitest';

import { createPropagation } from '../../../src/discovery/propagation.js';
import { ConfigError } from '../../../src/errors.js';
import { runWithRouting } from '../../../src/routing-context.js';
import { A_CALL, aCall } from '../../helpers/a-call.js';

const inRequest = <T>(run: () => T): T =>
  runWithRouting({ 'x-tag': 'gray', lane: '7', secret: 'no' }, run);

describe('what a call hands on', () => {
  it('is what is named and there, as headers and as baggage', () => {
    const headersToAdd = createPropagation(['X-Tag', 'lane', 'absent']);
    expect(inRequest(() => headersToAdd(A_CALL))).toEqual([
      ['x-tag', 'gray'],
      ['lane', '7'],
      ['baggage', 'x-tag=gray,lane=7'],
    ]);
    expect(headersToAdd(A_CALL)).toEqual([]);
  });

  it('leaves what the caller sets itself, and joins its baggage', () => {
    const headersToAdd = createPropagation(['x-tag', 'lane']);
    const call = aCall({ headers: { 'x-tag': 'blue', baggage: 'user=1' } });
    expect(inRequest(() => headersToAdd(call))).toEqual([
      ['lane', '7'],
      ['baggage', 'user=1,x-tag=blue,lane=7'],
    ]);
    const all = aCall({ headers: { 'x-tag': 'a', lane: 'b', baggage: 'lane=c,x-tag=d' } });
    expect(inRequest(() => headersToAdd(all))).toEqual([]);
  });

  it('is nothing when nothing is named', () => {
    expect(inRequest(() => createPropagation()(A_CALL))).toEqual([]);
  });

  it.each(['host', 'content-length', 'a b', ''])('never is %j', (name) => {
    expect(() => createPropagation([name])).toThrow(ConfigError);
  });
});

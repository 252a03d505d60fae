import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { editDistance, nearestName } from '../../../src/options/suggest.js';

describe('the nearest name', () => {
  it.each([
    ['--servce-port', '--service-port'],
    ['--service-prot', '--service-port'],
    ['--servicePort', '--service-port'],
    ['--service_name', '--service-name'],
    ['--SERVICE-NAME', '--service-name'],
  ])('of %s is %s', (written, nearest) => {
    expect(nearestName(written, ['--service-name', '--service-port', '--help'])).toBe(nearest);
  });

  it('is nothing when no name is near', () => {
    expect(nearestName('--inspect', ['--service-name', '--metadata'])).toBeUndefined();
    expect(nearestName('x', [])).toBeUndefined();
  });

  it('takes the first of two that are equally near', () => {
    expect(nearestName('bat', ['cat', 'rat'])).toBe('cat');
  });

  it('compares only the start of a name that is far too long', () => {
    expect(nearestName('a'.repeat(1_000_000), ['server'])).toBeUndefined();
  });
});

describe('the distance of two names', () => {
  it('counts a swap of neighbours once', () => {
    expect(editDistance('prot', 'port')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('is a distance: zero for equals, the same both ways, no longer than the longer name', () => {
    const name = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(name, name, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { subsetOf } from '../../../src/discovery/subset.js';
import { anInstance } from '../../helpers/fake-naming.js';
import { aList, portsExcept, portsOf } from './selection-fixture.js';

const targetsOf = (count: number) =>
  aList(Array.from({ length: count }, (_, at) => anInstance({ port: at + 1 }))).targets;

describe('subsetOf', () => {
  it.each([0, 10, 11])('is the list itself when %d of 10 are wanted', (size) => {
    const targets = targetsOf(10);
    expect(subsetOf(targets, { size, clientId: 7 })).toBe(targets);
  });

  it('is the same for one client whatever the order of the list, and in that order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.shuffledSubarray([...targetsOf(40)], { minLength: 40 }),
        (clientId, shuffled) => {
          const straight = subsetOf(targetsOf(40), { size: 10, clientId });
          const other = subsetOf(shuffled, { size: 10, clientId });
          expect(other.map(({ port }) => port).toSorted()).toEqual(
            straight.map(({ port }) => port).toSorted(),
          );
          expect(straight).toHaveLength(10);
          expect(other.map((target) => shuffled.indexOf(target))).toEqual(
            other.map((target) => shuffled.indexOf(target)).toSorted((a, b) => a - b),
          );
        },
      ),
    );
  });

  it('changes by one place when one instance goes, and by one at most when one comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.integer({ min: 0, max: 99 }),
        (clientId, gone) => {
          const before = subsetOf(targetsOf(100), { size: 20, clientId });
          const rest = targetsOf(100).filter((_, at) => at !== gone);
          const after = new Set(subsetOf(rest, { size: 20, clientId }).map(({ port }) => port));
          const kept = before.filter(({ port }) => after.has(port)).length;
          expect(kept).toBe(before.some(({ port }) => port === gone + 1) ? 19 : 20);
        },
      ),
    );
  });

  it('spreads clients over all instances', () => {
    const targets = targetsOf(200);
    const counts = new Map<number, number>();
    for (let client = 0; client < 2000; client += 1) {
      const clientId = Math.imul(client, 0x9e3779b1) >>> 0;
      for (const { port } of subsetOf(targets, { size: 20, clientId })) {
        counts.set(port, (counts.get(port) ?? 0) + 1);
      }
    }
    // 200 clients each on average, with a standard deviation of 13.4: six of them either way.
    for (const { port } of targets) {
      expect(counts.get(port)).toBeGreaterThan(119);
      expect(counts.get(port)).toBeLessThan(281);
    }
  });
});

describe('a list with a subset', () => {
  it('uses that many, and the rest when those are excluded', () => {
    const instances = Array.from({ length: 50 }, (_, at) => anInstance({ port: at + 1 }));
    const list = aList(instances, { settings: { subsetSize: 5 } });
    const ours = portsOf(list, undefined, 100);
    expect(ours).toHaveLength(5);
    const others = portsExcept(list, ours);
    expect(others.length).toBeGreaterThan(30);
    expect(others.filter((port) => ours.includes(port))).toEqual([]);
  });

  it('takes its part of the near ones', () => {
    const instances = Array.from({ length: 60 }, (_, at) =>
      anInstance({ port: at + 1, metadata: { zone: at < 30 ? 'a' : 'b' } }),
    );
    const list = aList(instances, {
      settings: { subsetSize: 5, locality: { cluster: undefined, zone: 'b' } },
    });
    expect(portsOf(list, undefined, 100).every((port) => port > 30)).toBe(true);
    expect(portsOf(list, undefined, 100)).toHaveLength(5);
  });
});

import { describe, expect, it } from 'vitest';

import { LocalityWatch } from '../../../src/discovery/locality.js';
import { silentLogger } from '../../../src/logger.js';
import { anInstance } from '../../helpers/fake-naming.js';
import { aList, portsExcept, portsOf } from './selection-fixture.js';

const here = anInstance({ port: 1, cluster: 'EAST', metadata: { zone: 'a' } });
const nextDoor = anInstance({ port: 2, cluster: 'EAST', metadata: { zone: 'b' } });
const away = anInstance({ port: 3, cluster: 'WEST', metadata: { zone: 'a' } });
const all = [here, nextDoor, away];
const near = (cluster?: string, zone?: string) => ({ settings: { locality: { cluster, zone } } });

describe('nearness', () => {
  it.each([
    ['no preference', undefined, undefined, [1, 2, 3]],
    ['own cluster', 'EAST', undefined, [1, 2]],
    ['own zone, across clusters', undefined, 'a', [1, 3]],
    ['own zone in the own cluster', 'EAST', 'a', [1]],
    ['own cluster without our zone', 'EAST', 'c', [1, 2]],
    ['a cluster that nobody is in: the zone still counts', 'NORTH', 'b', [2]],
    ['neither there', 'NORTH', 'c', [1, 2, 3]],
    ['the cluster of those who set none', 'DEFAULT', undefined, [1, 2, 3]],
    ['the same in lower case', 'default', undefined, [1, 2, 3]],
    ['an empty cluster', '', undefined, [1, 2, 3]],
  ])('%s', (_case, cluster, zone, ports) => {
    expect(portsOf(aList(all, near(cluster, zone)))).toEqual(ports);
  });

  it('does not prefer those in DEFAULT because it is in DEFAULT itself', () => {
    const list = aList([anInstance({ port: 1 }), away], near('DEFAULT'));
    expect(portsOf(list)).toEqual([1, 3]);
  });

  it('goes to others when no near one can be called', () => {
    const list = aList([{ ...here, healthy: false }, away], near('EAST'));
    expect(portsOf(list)).toEqual([3]);
  });

  it('widens step by step when near ones are excluded', () => {
    const list = aList(all, near('EAST', 'a'));
    expect(portsExcept(list, [])).toEqual([1]);
    expect(portsExcept(list, [1])).toEqual([2]);
    expect(portsExcept(list, [1, 2])).toEqual([3]);
    expect(portsExcept(list, [1, 2, 3])).toEqual([]);
  });

  it('balances by weight among near ones only', () => {
    const heavy = anInstance({ port: 9, cluster: 'WEST', weight: 1000 });
    const list = aList([here, { ...nextDoor, weight: 3 }, heavy], near('EAST'));
    const ports = Array.from({ length: 40 }, () => list.pick(undefined)?.port);
    expect(ports.filter((port) => port === 2)).toHaveLength(30);
    expect(ports.filter((port) => port === 1)).toHaveLength(10);
  });
});

describe('news of nearness', () => {
  function aWatch(cluster?: string, zone?: string) {
    const said: string[] = [];
    const told: string[] = [];
    const watch = new LocalityWatch({
      service: { name: 'orders', group: 'SHOP' },
      settings: { cluster, zone },
      logger: { ...silentLogger, warn: (text) => void said.push(text) },
      meter: {
        localityFallback: ({ active, kind, name }) =>
          void told.push(`${kind} ${name}: ${active ? 'left' : 'back'}`),
      },
    });
    const listed = (...instances: (typeof here)[]) => watch.listed(aList(instances).targets);
    return { said, told, listed };
  }

  it('says and counts once that calls leave, and once that they are back', () => {
    const { said, told, listed } = aWatch('EAST', 'a');
    listed(here, away);
    expect(said).toEqual([]);
    listed(away);
    listed(away, { ...away, port: 4 });
    listed();
    expect(said).toEqual([
      'SHOP@@orders: no instance in cluster EAST can be called; calls go to the others',
    ]);
    expect(told).toEqual(['cluster EAST: left']);
    listed(here);
    expect(said).toEqual([said[0], 'SHOP@@orders: instances in cluster EAST can be called again']);
    listed(nextDoor);
    expect(said[2]).toBe(
      'SHOP@@orders: no instance in zone a can be called; calls go to the others',
    );
    expect(told).toEqual(['cluster EAST: left', 'cluster EAST: back', 'zone a: left']);
  });

  it('tells that the cluster is back when only the zone is missing then', () => {
    const { told, listed } = aWatch('EAST', 'a');
    listed(away);
    listed(nextDoor, away);
    expect(told).toEqual(['cluster EAST: left', 'cluster EAST: back', 'zone a: left']);
    listed(here, nextDoor);
    expect(told.slice(3)).toEqual(['zone a: back']);
  });

  it('says nothing without a preference', () => {
    const { said, told, listed } = aWatch('DEFAULT');
    listed(away);
    listed(here);
    expect([said, told]).toEqual([[], []]);
  });
});

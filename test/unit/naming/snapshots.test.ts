import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hostPort, instanceKey, type Instance } from '../../../src/model.js';
import { applyServiceInfo } from '../../../src/naming/snapshots.js';
import { readServiceInfo, type ServiceInfo } from '../../../src/wire/messages/naming.js';
import { aHost } from '../../helpers/fake-registry.js';

const service = Object.freeze({ name: 'orders', group: 'DEFAULT_GROUP' });

function infoOf(hosts: readonly unknown[], extra: object = {}): ServiceInfo {
  const info = readServiceInfo({
    serviceInfo: { name: 'orders', groupName: 'DEFAULT_GROUP', hosts, lastRefTime: 1, ...extra },
  });
  if (info === undefined) throw new Error('no service info');
  return info;
}

function snapshotOf(hosts: readonly unknown[]) {
  const change = applyServiceInfo(service, undefined, infoOf(hosts));
  if (change === undefined) throw new Error('a first list is a change');
  return change.snapshot;
}

function frozenDeeply(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(frozenDeeply);
}

describe('a snapshot', () => {
  it('is frozen with everything in it, and so is the difference', () => {
    const change = applyServiceInfo(
      service,
      snapshotOf([aHost('10.0.0.1:80'), aHost('10.0.0.2:80')]),
      infoOf([aHost('10.0.0.1:80', { weight: 2, metadata: { a: '1' } }), aHost('10.0.0.3:80')]),
    );
    expect(change?.diff.added).toHaveLength(1);
    expect(frozenDeeply(change?.snapshot)).toBe(true);
    expect(frozenDeeply(change?.diff)).toBe(true);
  });

  it('is sorted by ip, port and cluster', () => {
    const { instances } = snapshotOf([
      aHost('10.0.0.2:80'),
      aHost('10.0.0.1:443'),
      aHost('10.0.0.1:80', { clusterName: 'B' }),
      aHost('10.0.0.1:80', { clusterName: 'A' }),
    ]);
    expect(instances.map((instance) => `${hostPort(instance)} ${instance.cluster}`)).toEqual([
      '10.0.0.1:80 A',
      '10.0.0.1:80 B',
      '10.0.0.1:443 DEFAULT',
      '10.0.0.2:80 DEFAULT',
    ]);
  });

  it('shares the instances that did not change with the one before', () => {
    const before = snapshotOf([aHost('10.0.0.1:80'), aHost('10.0.0.2:80')]);
    const change = applyServiceInfo(
      service,
      before,
      infoOf([aHost('10.0.0.1:80'), aHost('10.0.0.2:80', { healthy: false })]),
    );
    expect(change?.snapshot.instances[0]).toBe(before.instances[0]);
    expect(change?.snapshot.instances[1]).not.toBe(before.instances[1]);
    expect(change?.diff.changed).toEqual([change?.snapshot.instances[1]]);
  });

  it('counts its revisions up', () => {
    const first = snapshotOf([]);
    expect(first.revision).toBe(1);
    const second = applyServiceInfo(service, first, infoOf([aHost('10.0.0.1:80')]))?.snapshot;
    expect(second?.revision).toBe(2);
    expect(applyServiceInfo(service, undefined, infoOf([]), 41)?.snapshot.revision).toBe(42);
  });

  it('has an IPv6 without the brackets in which Java applications register it', () => {
    const { instances } = snapshotOf([{ ...aHost('10.0.0.1:80'), ip: '[2001:db8::1]' }]);
    expect(instances.map(({ ip }) => ip)).toEqual(['2001:db8::1']);
    expect(instances.map(hostPort)).toEqual(['[2001:db8::1]:80']);
    expect(frozenDeeply(instances)).toBe(true);
  });

  it('has an instance once that the server lists twice', () => {
    const { instances } = snapshotOf([
      aHost('10.0.0.1:80', { metadata: { from: 'new' } }),
      aHost('10.0.0.1:80'),
    ]);
    expect(instances).toMatchObject([{ metadata: { from: 'new' } }]);
  });

  it.each([
    ['weight', { weight: 0.5 }],
    ['health', { healthy: false }],
    ['being enabled', { enabled: false }],
    ['being ephemeral', { ephemeral: false }],
    ['metadata, a new key', { metadata: { b: '1' } }],
    ['metadata, a new value', { metadata: { a: '2' } }],
    ['metadata, another key', { metadata: { toString: '1' } }],
  ])('differs by %s', (_what, extra) => {
    const before = snapshotOf([aHost('10.0.0.1:80', { metadata: { a: '1' } })]);
    const now = infoOf([aHost('10.0.0.1:80', { metadata: { a: '1' }, ...extra })]);
    expect(applyServiceInfo(service, before, now)?.diff.changed).toHaveLength(1);
  });

  it('differs when the protect threshold is reached', () => {
    const before = snapshotOf([aHost('10.0.0.1:80')]);
    const now = infoOf([aHost('10.0.0.1:80')], { reachProtectionThreshold: true });
    const change = applyServiceInfo(service, before, now);
    expect(change?.snapshot.protectThresholdReached).toBe(true);
    expect(change?.diff).toEqual({ added: [], removed: [], changed: [] });
  });

  it('and its difference lead from any list to any other', () => {
    const host = fc.record({
      port: fc.integer({ min: 1, max: 6 }),
      weight: fc.integer({ min: 0, max: 2 }),
      clusterName: fc.constantFrom('DEFAULT', 'east'),
    });
    const hosts = fc
      .uniqueArray(host, {
        maxLength: 8,
        selector: ({ port, clusterName }) => `${String(port)} ${clusterName}`,
      })
      .map((list) => list.map((extra) => aHost('10.0.0.1:1', extra)));
    const keyed = (list: readonly Instance[]) => new Map(list.map((i) => [instanceKey(i), i]));
    fc.assert(
      fc.property(hosts, hosts, (from, to) => {
        const before = snapshotOf(from);
        const change = applyServiceInfo(service, before, infoOf(to));
        const after = change?.snapshot ?? before;
        const replayed = keyed(before.instances);
        for (const gone of change?.diff.removed ?? []) replayed.delete(instanceKey(gone));
        for (const now of [...(change?.diff.added ?? []), ...(change?.diff.changed ?? [])]) {
          replayed.set(instanceKey(now), now);
        }
        expect(replayed).toEqual(keyed(after.instances));
        expect(keyed(after.instances)).toEqual(keyed(snapshotOf(to).instances));
        expect(applyServiceInfo(service, after, infoOf(to.toReversed()))).toBeUndefined();
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../../../src/errors.js';
import type { Instance } from '../../../../src/model.js';
import { decodeJson, encodeJson, type JsonObject } from '../../../../src/wire/json.js';
import {
  batchBody,
  instanceBody,
  instanceToJson,
  readInstance,
  readServiceInfo,
  readServiceList,
  serviceListBody,
  serviceQueryBody,
  splitGroupedName,
  subscribeBody,
} from '../../../../src/wire/messages/naming.js';
import { holdsNull } from '../no-null.js';

const anyInstance: fc.Arbitrary<Instance> = fc.record({
  ip: fc.string({ minLength: 1 }),
  port: fc.nat(65_535),
  weight: fc.double({ noNaN: true, noDefaultInfinity: true }),
  healthy: fc.boolean(),
  enabled: fc.boolean(),
  ephemeral: fc.boolean(),
  cluster: fc.string({ minLength: 1 }),
  metadata: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    fc.string(),
  ),
});
const anyTarget = fc.record({
  namespace: fc.string(),
  service: fc.record({ group: fc.string(), name: fc.string() }),
});

function overTheWire(body: JsonObject): JsonObject {
  return decodeJson(encodeJson(body), 'T');
}

describe('naming messages', () => {
  it('an instance comes back as it was sent', () => {
    fc.assert(
      fc.property(anyInstance, (instance) => {
        const weight = instance.weight === 0 ? 0 : instance.weight; // JSON has no -0.
        expect(readInstance(overTheWire(instanceToJson(instance)))).toEqual({
          ...instance,
          weight,
        });
      }),
    );
  });

  it('trap 19: no body that a client sends holds null, and r-nacos finds all it insists on', () => {
    fc.assert(
      fc.property(
        anyTarget,
        fc.array(anyInstance, { minLength: 1, maxLength: 3 }),
        (target, all) => {
          const [first] = all;
          if (first === undefined) throw new TypeError('no instance');
          const bodies = [
            instanceBody(target, 'registerInstance', first),
            instanceBody(target, 'deregisterInstance', first),
            batchBody(target, all),
            subscribeBody(target, true),
            serviceQueryBody(target),
            serviceListBody({ namespace: 'public', group: 'G', page: 1, pageSize: 10 }),
          ];
          for (const body of bodies) {
            const read = overTheWire(body);
            expect(holdsNull(read)).toBe(false);
            for (const key of ['namespace', 'groupName', 'serviceName']) {
              expect(read[key]).toBeTypeOf('string');
            }
          }
          const sent = overTheWire(instanceToJson(first));
          expect(sent['port']).toBeTypeOf('number');
          expect(sent['weight']).toBeTypeOf('number');
          for (const key of ['healthy', 'enabled', 'ephemeral']) {
            expect(sent[key]).toBeTypeOf('boolean');
          }
          expect(overTheWire(subscribeBody(target, false))['subscribe']).toBe(false);
        },
      ),
    );
  });

  it.each([
    ['weight', Number.NaN],
    ['weight', Number.POSITIVE_INFINITY],
    ['port', Number.NaN],
  ])('trap 19: refuses the %s %d, which JSON would turn into null', (field, value) => {
    const instance = readInstance({ ip: '10.0.0.1', port: 80 });
    expect(() => instanceToJson({ ...instance, [field]: value })).toThrow(ConfigError);
  });

  it('an instance that says little has the defaults of Nacos', () => {
    expect(readInstance({ ip: '10.0.0.1', port: 80, clusterName: null, metadata: null })).toEqual({
      ip: '10.0.0.1',
      port: 80,
      weight: 1,
      healthy: true,
      enabled: true,
      ephemeral: true,
      cluster: 'DEFAULT',
      metadata: {},
    });
  });

  it('keeps zero, false and fractions of what the server says', () => {
    const said = { weight: 0, healthy: false, enabled: false, ephemeral: false };
    expect(readInstance({ ip: 'a', port: 0, ...said })).toMatchObject({ port: 0, ...said });
    expect(readInstance({ ip: 'a', port: 1, weight: 0.25 }).weight).toBe(0.25);
  });

  it('a list without serviceInfo is none, one without hosts is empty', () => {
    expect(readServiceInfo({})).toBeUndefined();
    expect(readServiceInfo({ serviceInfo: null })).toBeUndefined();
    expect(readServiceInfo({ serviceInfo: { name: 'a' } })).toEqual({
      service: { group: 'DEFAULT_GROUP', name: 'a' },
      clusters: '',
      hosts: [],
      lastRefTime: 0,
      reachProtectionThreshold: false,
    });
  });

  it.each([
    ['orders', 'G', { group: 'G', name: 'orders' }],
    ['G@@orders', '', { group: 'G', name: 'orders' }],
    ['G@@orders', 'G', { group: 'G', name: 'orders' }],
    ['orders', '', { group: 'DEFAULT_GROUP', name: 'orders' }],
    ['@@orders', '', { group: 'DEFAULT_GROUP', name: 'orders' }],
  ])('reads the name %j with the group %j', (name, group, expected) => {
    expect(splitGroupedName(name, group)).toEqual(expected);
  });

  it('reads a page of service names', () => {
    expect(readServiceList({ count: 3, serviceNames: ['a', 'b'] })).toEqual({
      count: 3,
      names: ['a', 'b'],
    });
    expect(readServiceList({ count: null, serviceNames: null })).toEqual({ count: 0, names: [] });
  });
});

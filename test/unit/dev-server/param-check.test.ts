import { describe, expect, it } from 'vitest';

import {
  checkConfig,
  checkInstances,
  checkNaming,
  instanceFault,
} from '../../../src/dev-server/param-check.js';
import type { Instance } from '../../../src/model.js';

const GOOD_NAMES = { namespace: 'public', serviceName: 'orders', groupName: 'DEFAULT_GROUP' };
const ILLEGAL = 'illegal characters should not appear in the param.';

describe('names', () => {
  it.each([
    GOOD_NAMES,
    { ...GOOD_NAMES, serviceName: 'com.acme/orders:v1@x', namespace: 'a_b-C1' },
    { ...GOOD_NAMES, groupName: 'a-b_c:d.e', clusters: 'A,b-c,d_e' },
    { namespace: '', serviceName: '', groupName: '', clusters: '' },
    { ...GOOD_NAMES, serviceName: 'x'.repeat(512), groupName: 'x'.repeat(128) },
  ])('passes %j', (names) => {
    expect(checkNaming(names)).toBeUndefined();
  });

  it.each([
    [{ serviceName: '@orders' }, `Param 'serviceName' is illegal, ${ILLEGAL}`],
    [{ serviceName: 'a@@b' }, `Param 'serviceName' is illegal, ${ILLEGAL}`],
    [{ serviceName: 'a b' }, `Param 'serviceName' is illegal, ${ILLEGAL}`],
    [{ serviceName: '订单' }, `Param 'serviceName' is illegal, ${ILLEGAL}`],
    [
      { serviceName: 'x'.repeat(513) },
      "Param 'serviceName' is illegal, the param length should not exceed 512.",
    ],
    [{ groupName: 'a/b' }, `Param 'group' is illegal, ${ILLEGAL}`],
    [
      { groupName: 'x'.repeat(129) },
      "Param 'group' is illegal, the param length should not exceed 128.",
    ],
    [{ namespace: 'a.b' }, `Param 'namespaceId/tenant' is illegal, ${ILLEGAL}`],
    [
      { namespace: 'x'.repeat(65) },
      "Param 'namespaceId/tenant' is illegal, the param length should not exceed 64.",
    ],
    [{ clusters: 'A,b c' }, `Param 'cluster' is illegal, ${ILLEGAL}`],
  ])('refuses %j', (wrong, message) => {
    expect(checkNaming({ ...GOOD_NAMES, ...wrong })).toBe(message);
  });
});

describe('instances', () => {
  it.each([
    {},
    { port: 0 },
    { port: 65_535 },
    { ip: 'fe80::1' },
    { ip: '' },
    { weight: -1 },
    { metadata: { key: 'x'.repeat(1021) } },
  ])('passes %j', (part) => {
    expect(checkInstances([instance(part)])).toBeUndefined();
  });

  it.each([
    [{ port: -1 }, "Param 'port' is illegal, the value should be between 0 and 65535."],
    [{ port: 65_536 }, "Param 'port' is illegal, the value should be between 0 and 65535."],
    [{ ip: '1 2' }, `Param 'ip' is illegal, ${ILLEGAL}`],
    [{ ip: 'x'.repeat(129) }, "Param 'ip' is illegal, the param length should not exceed 128."],
    [{ cluster: 'a b' }, `Param 'cluster' is illegal, ${ILLEGAL}`],
    [
      { metadata: { key: 'x'.repeat(1022) } },
      "Param 'Metadata' is illegal, the param length should not exceed 1024.",
    ],
  ])('refuses %j, also as the last of a batch', (part, message) => {
    expect(checkInstances([instance({}), instance(part)])).toBe(message);
  });

  it('refuses what only the handler sees: an underscore in the cluster, timeouts below the interval', () => {
    expect(instanceFault(instance({ cluster: 'a_b' }))).toContain('current: a_b');
    const metadata = { 'preserved.heart.beat.interval': '16000' };
    expect(instanceFault(instance({ metadata }))).toContain('heart beat interval');
    const longer = { ...metadata, 'preserved.heart.beat.timeout': '16000' };
    expect(instanceFault(instance({ metadata: longer }))).toBeUndefined();
  });
});

describe('configs', () => {
  it('refuses a data id with a slash, and one of more than 256 characters', () => {
    const good = { tenant: '', group: 'g', dataId: 'a-b_c:d.e' };
    expect(checkConfig(good)).toBeUndefined();
    expect(checkConfig({ ...good, dataId: 'a/b' })).toBe(`Param 'dataId' is illegal, ${ILLEGAL}`);
    expect(checkConfig({ ...good, dataId: 'x'.repeat(257) })).toContain('256');
    expect(checkConfig({ ...good, tenant: 'a b' })).toContain('namespaceId/tenant');
  });
});

function instance(part: Partial<Instance>): Instance {
  return {
    ip: '10.0.0.1',
    port: 80,
    weight: 1,
    healthy: true,
    enabled: true,
    ephemeral: true,
    cluster: 'DEFAULT',
    metadata: {},
    ...part,
  };
}

import { describe, expect, it } from 'vitest';

import { createLeastActive } from '../../../src/discovery/balancers/least-active.js';
import { createDiscovery, type DiscoveryOptions } from '../../../src/discovery/discovery.js';
import { MakeSettings, type MakeSettingsOptions } from '../../../src/discovery/make-settings.js';
import { silentLogger } from '../../../src/logger.js';
import { createFakeNaming } from '../../helpers/fake-naming.js';

const settings = (options: MakeSettingsOptions) => new MakeSettings(options, silentLogger);

describe('settings of a service', () => {
  it('are the defaults when nothing is given', () => {
    expect(settings({}).of('orders')).toMatchObject({
      service: { name: 'orders', group: 'DEFAULT_GROUP' },
      clusters: [],
      routes: [],
      locality: { cluster: undefined, zone: undefined },
      warmUpMs: 0,
      subsetSize: 0,
      retry: { maxRetries: 2, statuses: [], budget: 0.2 },
      outlier: { enabled: true, consecutiveFailures: 3, maxShare: 0.5 },
      timeoutMs: 0,
      emptyProtectionMs: 300_000,
      instances: undefined,
    });
  });

  it('are its own, else those of all, key by key', () => {
    const made = settings({
      group: 'shop',
      cluster: 'east',
      timeoutMs: 100,
      retry: { maxRetries: 1, budget: 0.5 },
      outlier: { enabled: false },
      services: {
        orders: {
          group: 'other',
          clusters: ['west'],
          balancer: 'least-active',
          retry: { budget: 0.1, statuses: undefined },
          emptyProtection: false,
          timeoutMs: undefined,
        },
      },
    }).of('orders');
    expect(made).toMatchObject({
      service: { name: 'orders', group: 'other' },
      clusters: ['west'],
      createBalancer: createLeastActive,
      locality: { cluster: 'east' },
      timeoutMs: 100,
      retry: { maxRetries: 1, budget: 0.1, statuses: [] },
      outlier: { enabled: false, consecutiveFailures: 3 },
      emptyProtectionMs: 0,
    });
  });

  it('are made once, frozen, and prefer no cluster when told so', () => {
    const make = settings({ cluster: 'east', services: { far: { sameClusterFirst: false } } });
    expect(make.of('orders')).toBe(make.of('orders'));
    expect(Object.isFrozen(make.of('orders'))).toBe(true);
    expect(make.of('orders').locality.cluster).toBe('east');
    expect(make.of('far').locality.cluster).toBeUndefined();
  });

  it('have the instances that are given instead of those of the registry', () => {
    const make = settings({
      services: {
        orders: { instances: ['10.0.0.5:80', { ip: '::1', port: 81, weight: 2 }] },
        local: { address: 'localhost:3000', instances: ['10.0.0.5:80'] },
      },
    });
    expect(make.of('orders').instances).toMatchObject([
      { ip: '10.0.0.5', port: 80, weight: 1 },
      { ip: '::1', port: 81, weight: 2 },
    ]);
    expect(make.of('local').instances).toMatchObject([{ ip: 'localhost', port: 3000 }]);
  });
});

describe('a wrong option of discovery', () => {
  it.each([
    [{ balncer: 'p2c' }, 'unknown option balncer (code): did you mean balancer?'],
    [{ instances: [] }, /^unknown option instances \(code\)/],
    [{ balancer: 'p3c' }, /^balancer = "p3c" \(code\): must be one of weighted-round-robin, /],
    [{ hashKey: 'body' }, /^hashKey = "body" \(code\): must be header:NAME, /],
    [{ warmUpMs: -1 }, /^warmUpMs = -1 \(code\): must be a number from 0 /],
    [{ retry: { retries: 1 } }, /^unknown option retries \(code, retry\.retries\)/],
    [{ retry: { statuses: [99] } }, /^retry\.statuses = \[99\] \(code\): must be a list, each /],
    [{ outlier: 3 }, /^outlier = 3 \(code\): must be an object/],
    [{ routes: [{ from: 'x' }] }, /^routes = .* \(code\): must be a list, each of it a rule like/],
    [
      { services: { orders: { balancer: 1 } } },
      /^services\.orders\.balancer = 1 \(code\): must be/,
    ],
    [{ services: { orders: { adress: 'x' } } }, /did you mean address\?$/],
    [
      { services: { orders: { address: 'localhost' } } },
      /must be an address like 10\.0\.0\.5:8080/,
    ],
    [{ services: { orders: { instances: [{ ip: 'a', port: 0 }] } } }, /a whole number from 1 to/],
    [{ services: { orders: { group: 'a b' } } }, /^services\.orders\.group = "a b" \(code\)/],
    [{ services: 'orders' }, /^services = "orders" \(code\): must be/],
    [{ services: [1] }, /^services = \[1\] \(code\): must be/],
  ])('%j names key, value and what is allowed', (given, message) => {
    const naming = createFakeNaming().api;
    const options = { naming, logger: silentLogger, ...(given as Partial<DiscoveryOptions>) };
    expect(() => createDiscovery(options)).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        message: typeof message === 'string' ? message : expect.stringMatching(message),
      }),
    );
  });
});

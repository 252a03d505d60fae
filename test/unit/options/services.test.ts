/** `discovery.services` in each of its forms, and what is said of mistakes in it. */
import { describe, expect, it } from 'vitest';

import { BALANCER_NAMES } from '../../../src/discovery/balancers/by-name.js';
import { ALL_ROWS } from '../../../src/options/schema.js';
import { failure, load } from './loading.js';

const servicesOf = (layers: Parameters<typeof load>[0]) => load(layers).options.discovery.services;

describe('discovery.services', () => {
  it('is empty when it is not given', () => {
    expect(servicesOf({})).toEqual({});
  });

  it('takes names and patterns with commas in a variable and a flag', () => {
    const wanted = { 'demo.api': {}, '*.internal': {} };
    expect(servicesOf({ env: { NACOS_DISCOVERY_SERVICES: 'demo.api, *.internal' } })).toEqual(
      wanted,
    );
    expect(servicesOf({ cli: { 'discovery.services': 'demo.api,*.internal' } })).toEqual(wanted);
  });

  it('takes JSON in a variable', () => {
    const NACOS_DISCOVERY_SERVICES = '{"orders": {"call_timeout": 1.5, "retries": "0"}}';
    expect(servicesOf({ env: { NACOS_DISCOVERY_SERVICES } })).toEqual({
      orders: { callTimeoutMs: 1500, retries: 0 },
    });
  });

  it('takes a map in a file, in both spellings, with seconds', () => {
    const file = `
discovery:
  services:
    demo.api:
    orders:
      group: SHOP
      clusters: [HZ, SH]
      balancer: least-active
      warm_up: 30
      sameClusterFirst: no
      retry_statuses: [503]
      routes:
        - from: { header: X-Version }
          to: { version: "*" }
          otherwise: none
    local:
      address: localhost:3000
    fixed:
      instances:
        - 10.0.0.5:8080
        - { ip: 10.0.0.6, port: 8080, weight: 0.5, metadata: { version: "2" } }
`;
    expect(servicesOf({ files: { 'nacos.yaml': file } })).toEqual({
      'demo.api': {},
      orders: {
        group: 'SHOP',
        clusters: ['HZ', 'SH'],
        balancer: 'least-active',
        warmUpMs: 30_000,
        sameClusterFirst: false,
        retryStatuses: ['503'],
        routes: [{ from: [{ header: 'x-version' }], to: { version: '*' }, otherwise: 'none' }],
      },
      local: { address: 'localhost:3000' },
      fixed: {
        instances: [
          '10.0.0.5:8080',
          expect.objectContaining({ ip: '10.0.0.6', weight: 0.5, metadata: { version: '2' } }),
        ],
      },
    });
  });

  it('takes milliseconds in code', () => {
    const code = { discovery: { services: { orders: { callTimeoutMs: 1500 } } } };
    expect(servicesOf({ code })).toEqual({ orders: { callTimeoutMs: 1500 } });
  });

  it.each([
    [
      'discovery.services.orders.balancer = "fastest" (nacos.yaml:1:24): must be one of weighted-round-robin, weighted-random, least-active, p2c, consistent-hash',
      '{ orders: { balancer: fastest } }',
    ],
    [
      'unknown key discovery.services.orders.balancr (nacos.yaml:1:24): did you mean discovery.services.orders.balancer?',
      '{ orders: { balancr: p2c } }',
    ],
    [
      'discovery.services.orders.retries = "-1" (nacos.yaml:1:24): must be a whole number from 0 to 100',
      '{ orders: { retries: -1 } }',
    ],
    [
      'discovery.services.orders.retry_statuses = ["x"] (nacos.yaml:1:24): must be statuses from 100 to 599',
      '{ orders: { retry_statuses: [x] } }',
    ],
    ['discovery.services.orders = "p2c" (nacos.yaml:1:24): must be a map with', '{ orders: p2c }'],
    ['discovery.services.orders.address = "localhost"', '{ orders: { address: localhost } }'],
    ['discovery.services.orders.instances = ["10.0.0.1"]', '{ orders: { instances: [10.0.0.1] } }'],
    ['discovery.services.orders.group = "a b"', '{ orders: { group: a b } }'],
    ['discovery.services.orders.routes = [{', '{ orders: { routes: [{ to: { a: b } }] } }'],
  ])('says %s', (message, written) => {
    const file = `discovery: { services: ${written} }`;
    expect(failure({ files: { 'nacos.yaml': file } }).message).toContain(message);
  });

  it('says what is wrong with JSON in a variable', () => {
    const env = { NACOS_DISCOVERY_SERVICES: '{"orders": ' };
    expect(failure({ env }).message).toContain(
      'discovery.services = "{\\"orders\\": " (env NACOS_DISCOVERY_SERVICES): must be names and patterns',
    );
  });
});

it('discovery.balancer has the names that discovery knows', () => {
  const row = ALL_ROWS.find(({ path }) => path === 'discovery.balancer');
  expect(row?.choices).toEqual(BALANCER_NAMES);
});

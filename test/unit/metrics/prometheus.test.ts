import { channel } from 'node:diagnostics_channel';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { ChannelMessages, ChannelName } from '../../../src/diagnostics.js';
import { answerLiveFacts, type LiveFact } from '../../../src/live-facts.js';
import { BUCKETS_S, METRICS } from '../../../src/metrics/catalog.js';
import { PrometheusMetrics, prometheusName } from '../../../src/metrics/prometheus.js';
import { parsePrometheus } from '../../helpers/prometheus-text.js';

const ORDERS = { service: 'orders', group: 'DEFAULT_GROUP' };
const AT = { ...ORDERS, ip: '10.0.0.1', port: 80 };
const CONNECTION = { module: 'naming', namespace: 'public', host: 'n1', port: 8848 } as const;

function publish<Name extends ChannelName>(name: Name, message: ChannelMessages[Name]): void {
  channel(name).publish(message);
}

function live(...facts: readonly LiveFact[]): void {
  onTestFinished(answerLiveFacts((tell) => facts.forEach(tell)));
}

function begun(): PrometheusMetrics {
  const metrics = new PrometheusMetrics();
  metrics.start();
  onTestFinished(() => metrics.close());
  return metrics;
}

/** `name{label="value"}` -> value, of everything but the buckets. */
function valuesOf(metrics: PrometheusMetrics): Readonly<Record<string, number>> {
  const samples = [...parsePrometheus(metrics.text()).values()].flatMap((family) => family.samples);
  return Object.fromEntries(
    samples
      .filter(({ labels }) => labels['le'] === undefined)
      .map(({ name, labels, value }) => [
        [name, ...Object.entries(labels).map((pair) => pair.join('='))].join(' '),
        value,
      ]),
  );
}

/** One message on each channel that counts. */
function everything(): void {
  publish('nacos-serving:request', {
    ...CONNECTION,
    type: 'InstanceRequest',
    tookMs: 20,
    outcome: 'answered',
    code: undefined,
  });
  publish('nacos-serving:request', {
    ...CONNECTION,
    type: 'InstanceRequest',
    tookMs: 3000,
    outcome: 'failed',
    code: 'REQUEST_TIMEOUT',
  });
  publish('nacos-serving:request', {
    ...CONNECTION,
    type: 'ConfigQueryRequest',
    tookMs: 1,
    outcome: 'abandoned',
    code: undefined,
  });
  const about = { ...CONNECTION, epoch: 1 };
  publish('nacos-serving:connection', { ...about, state: 'connecting', reason: undefined });
  publish('nacos-serving:connection', { ...about, state: 'backoff', reason: 'refused' });
  publish('nacos-serving:connection', { ...about, state: 'ready', reason: undefined });
  publish('nacos-serving:connection', { ...about, state: 'connecting', reason: 'reset' });
  publish('nacos-serving:connection', { ...about, state: 'closed', reason: 'closed' });
  publish('nacos-serving:push', { ...ORDERS, namespace: 'public', size: 3, tookMs: 2 });
  const resolved = { name: 'OrDeRs', ...ORDERS, tookMs: 40 };
  publish('nacos-serving:resolve', { ...resolved, outcome: 'found' });
  publish('nacos-serving:resolve', { ...resolved, service: undefined, outcome: 'unknown' });
  publish('nacos-serving:pick', AT);
  publish('nacos-serving:attempt', { ...AT, outcome: 'unsent', status: undefined, tookMs: 1 });
  publish('nacos-serving:retry', { ...ORDERS, attempt: 2, outcome: 'unsent', delayMs: 0 });
  publish('nacos-serving:pick', { ...AT, port: 81 });
  publish('nacos-serving:attempt', { ...AT, outcome: 'answered', status: 200, tookMs: 100 });
  publish('nacos-serving:no-instance', ORDERS);
  const address = '10.0.0.1:80';
  publish('nacos-serving:ejection', { ...ORDERS, address, reason: 'x', untilMs: 1 });
  publish('nacos-serving:empty-protection', { ...ORDERS, active: true, size: 2 });
  publish('nacos-serving:empty-protection', { ...ORDERS, active: false, size: 2 });
  publish('nacos-serving:cold-start', { ...ORDERS, size: 2, ageMs: 1 });
  const zone = { ...ORDERS, kind: 'zone', name: 'a' } as const;
  publish('nacos-serving:locality', { ...zone, active: true });
  publish('nacos-serving:locality', { ...zone, active: false });
  const config = { namespace: 'public', group: 'G', dataId: 'a.yaml', md5: 'm' };
  publish('nacos-serving:config', { ...config, source: 'server', listeners: 2 });
  publish('nacos-serving:config-failure', { ...config, failures: 1 });
}

function everyKind(): void {
  live(
    { kind: 'connection', module: 'naming', state: 'ready' },
    { kind: 'connection', module: 'naming', state: 'backoff' },
    { kind: 'registration', ...ORDERS, state: 'registered' },
    { kind: 'registration', ...ORDERS, state: 'registered' },
    { kind: 'subscription', service: 'users', group: 'SHOP', instances: 4 },
    { kind: 'config-listeners', count: 3 },
    { kind: 'config-listeners', count: 2 },
  );
}

describe('the text for Prometheus', () => {
  it('counts what happened since it began, and shows what there is now', () => {
    const metrics = begun();
    everything();
    everyKind();
    const service = 'nacos_service=orders nacos_group=DEFAULT_GROUP';
    const request = 'nacos_serving_request_duration_seconds';
    const attempt = 'nacos_serving_attempt_duration_seconds';
    expect(valuesOf(metrics)).toEqual({
      [`${request}_sum rpc_method=InstanceRequest`]: 0.02,
      [`${request}_count rpc_method=InstanceRequest`]: 1,
      [`${request}_sum rpc_method=InstanceRequest error_type=REQUEST_TIMEOUT`]: 3,
      [`${request}_count rpc_method=InstanceRequest error_type=REQUEST_TIMEOUT`]: 1,
      [`${request}_sum rpc_method=ConfigQueryRequest error_type=abandoned`]: 0.001,
      [`${request}_count rpc_method=ConfigQueryRequest error_type=abandoned`]: 1,
      'nacos_serving_connection_opened_total nacos_module=naming': 1,
      'nacos_serving_connection_lost_total nacos_module=naming': 1,
      'nacos_serving_connection_failures_total nacos_module=naming': 1,
      'nacos_serving_connections nacos_module=naming nacos_connection_state=connecting': 0,
      'nacos_serving_connections nacos_module=naming nacos_connection_state=ready': 1,
      'nacos_serving_connections nacos_module=naming nacos_connection_state=backoff': 1,
      [`nacos_serving_registrations ${service} nacos_registration_state=waiting`]: 0,
      [`nacos_serving_registrations ${service} nacos_registration_state=registering`]: 0,
      [`nacos_serving_registrations ${service} nacos_registration_state=registered`]: 2,
      [`nacos_serving_registrations ${service} nacos_registration_state=draining`]: 0,
      nacos_serving_subscriptions: 1,
      'nacos_serving_instances nacos_service=users nacos_group=SHOP': 4,
      nacos_serving_push_duration_seconds_sum: 0.002,
      nacos_serving_push_duration_seconds_count: 1,
      'nacos_serving_resolve_duration_seconds_sum nacos_resolve_outcome=found': 0.04,
      'nacos_serving_resolve_duration_seconds_count nacos_resolve_outcome=found': 1,
      'nacos_serving_resolve_duration_seconds_sum nacos_resolve_outcome=unknown': 0.04,
      'nacos_serving_resolve_duration_seconds_count nacos_resolve_outcome=unknown': 1,
      [`nacos_serving_picks_total ${service}`]: 2,
      [`${attempt}_sum ${service} nacos_attempt_outcome=unsent`]: 0.001,
      [`${attempt}_count ${service} nacos_attempt_outcome=unsent`]: 1,
      [`${attempt}_sum ${service} nacos_attempt_outcome=answered`]: 0.1,
      [`${attempt}_count ${service} nacos_attempt_outcome=answered`]: 1,
      [`nacos_serving_retries_total ${service}`]: 1,
      [`nacos_serving_no_instance_total ${service}`]: 1,
      [`nacos_serving_ejections_total ${service}`]: 1,
      [`nacos_serving_empty_protections_total ${service}`]: 1,
      [`nacos_serving_cold_starts_total ${service}`]: 1,
      [`nacos_serving_locality_fallbacks_total ${service}`]: 1,
      nacos_serving_config_listeners: 5,
      nacos_serving_config_changes_total: 1,
      nacos_serving_config_failures_total: 1,
    });
  });

  it('has every metric of the catalog, with its type and help', () => {
    const metrics = begun();
    everything();
    everyKind();
    const shown = [...parsePrometheus(metrics.text())].map(([name, { type, help }]) => ({
      name,
      type,
      help,
    }));
    const wanted = Object.entries(METRICS).map(([name, metric]) => ({
      name: prometheusName(name, metric),
      type: metric.kind,
      help: metric.help,
    }));
    expect(shown).toEqual(wanted);
  });

  it('sorts times into buckets, those of a bound into its bucket', () => {
    const metrics = begun();
    for (const ms of [0.5, 1, 1.1, 10_000, 60_000]) {
      publish('nacos-serving:push', { ...ORDERS, namespace: 'public', size: 1, tookMs: ms });
    }
    const family = parsePrometheus(metrics.text()).get('nacos_serving_push_duration_seconds');
    const buckets = family?.samples.filter(({ labels }) => labels['le'] !== undefined);
    expect(buckets?.map(({ value }) => value)).toEqual([
      2,
      ...new Array<number>(BUCKETS_S.length - 2).fill(3),
      4,
      5,
    ]);
  });

  it('has as many series for a service with a thousand instances as for one with one', () => {
    const metrics = begun();
    for (let port = 1; port <= 1000; port += 1) {
      const at = { ...AT, port };
      publish('nacos-serving:pick', at);
      publish('nacos-serving:attempt', { ...at, outcome: 'answered', status: port, tookMs: 1 });
      publish('nacos-serving:resolve', {
        name: `host-${String(port)}`,
        service: undefined,
        group: 'DEFAULT_GROUP',
        tookMs: 1,
        outcome: 'unknown',
      });
    }
    expect(Object.keys(valuesOf(metrics))).toHaveLength(
      ['picks', 'attempt sum', 'attempt count', 'resolve sum', 'resolve count'].length +
        ['subscriptions', 'listeners'].length,
    );
  });

  it('writes any name of a service so that it is read back as it is', () => {
    const metrics = begun();
    const service = 'a"b\\c\nd}, e="f';
    publish('nacos-serving:no-instance', { service, group: 'G' });
    const family = parsePrometheus(metrics.text()).get('nacos_serving_no_instance_total');
    expect(family?.samples[0]?.labels).toEqual({ nacos_service: service, nacos_group: 'G' });
  });

  it('counts connections that are there when it begins, and nothing after its end', () => {
    live({ kind: 'connection', module: 'config', state: 'ready' });
    const metrics = begun();
    metrics.start();
    publish('nacos-serving:no-instance', ORDERS);
    metrics.close();
    publish('nacos-serving:no-instance', ORDERS);
    expect(valuesOf(metrics)).toMatchObject({
      'nacos_serving_connection_opened_total nacos_module=config': 1,
      'nacos_serving_no_instance_total nacos_service=orders nacos_group=DEFAULT_GROUP': 1,
    });
  });
});

describe('the strict reader of these tests', () => {
  const head = '# HELP a_total x\n# TYPE a_total counter\n';
  it.each([
    ['no last line feed', `${head}a_total 1`],
    ['a sample without type', 'a_total 1\n'],
    ['a counter without _total', '# HELP a x\n# TYPE a counter\na 1\n'],
    ['a series twice', `${head}a_total{b="1"} 1\na_total{b="1"} 2\n`],
    ['a label that is not escaped', `${head}a_total{b="x"y"} 1\n`],
    ['a label twice', `${head}a_total{b="x",b="y"} 1\n`],
    ['no number', `${head}a_total x\n`],
    ['a family in two places', `${head}a_total 1\n${head}a_total{b="1"} 1\n`],
    [
      'a histogram without +Inf',
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
    ],
    [
      'a histogram that shrinks',
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parsePrometheus(text)).toThrow(/:|line/);
  });
});

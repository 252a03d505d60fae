import { channel } from 'node:diagnostics_channel';

import { metrics, type Meter } from '@opentelemetry/api';
import { DataPointType, type HistogramMetricData } from '@opentelemetry/sdk-metrics';
import { describe, expect, it, onTestFinished } from 'vitest';

import { answerLiveFacts } from '../../../src/live-facts.js';
import { BUCKETS_S, METRICS } from '../../../src/metrics/catalog.js';
import { start } from '../../../src/opentelemetry/start.js';
import { API, aMeterProvider } from './sdk.js';

const ORDERS = { service: 'orders', group: 'DEFAULT_GROUP' };
const ABOUT = { 'nacos.service': 'orders', 'nacos.group': 'DEFAULT_GROUP' };
const publish = (name: string, message: object) =>
  channel(`nacos-serving:${name}`).publish(message);

function measured(meter?: Meter) {
  const warnings: string[] = [];
  const link = start({
    api: API,
    meter,
    spans: false,
    warn: (message) => warnings.push(message),
  });
  onTestFinished(() => link.stop());
  return { link, warnings };
}

function everything(): void {
  const connection = { module: 'naming', namespace: 'public', host: 'n1', port: 8848 };
  const request = { ...connection, type: 'InstanceRequest', tookMs: 20 };
  publish('request', { ...request, outcome: 'answered', code: undefined });
  publish('connection', { ...connection, epoch: 1, state: 'ready', reason: undefined });
  publish('connection', { ...connection, epoch: 1, state: 'connecting', reason: 'reset' });
  publish('connection', { ...connection, epoch: 1, state: 'backoff', reason: 'refused' });
  publish('push', { ...ORDERS, namespace: 'public', size: 3, tookMs: 2 });
  publish('resolve', { name: 'x', ...ORDERS, tookMs: 40, outcome: 'found' });
  publish('pick', { ...ORDERS, ip: '10.0.0.1', port: 80 });
  const at = { ...ORDERS, ip: '10.0.0.1', port: 80 };
  publish('attempt', { ...at, outcome: 'answered', status: 200, tookMs: 7 });
  publish('retry', { ...ORDERS, attempt: 2, outcome: 'unsent', delayMs: 0 });
  publish('no-instance', ORDERS);
  publish('ejection', { ...ORDERS, address: '10.0.0.1:80', reason: 'x', untilMs: 1 });
  publish('empty-protection', { ...ORDERS, active: true, size: 2 });
  publish('cold-start', { ...ORDERS, size: 2, ageMs: 1 });
  publish('locality', { ...ORDERS, active: true, kind: 'cluster', name: 'EAST' });
  const config = { namespace: 'public', group: 'G', dataId: 'a.yaml', md5: 'm' };
  publish('config', { ...config, source: 'server', listeners: 2 });
  publish('config-failure', { ...config, failures: 1 });
  onTestFinished(
    answerLiveFacts((tell) => {
      tell({ kind: 'connection', module: 'naming', state: 'ready' });
      tell({ kind: 'registration', ...ORDERS, state: 'registered' });
      tell({ kind: 'subscription', ...ORDERS, instances: 4 });
      tell({ kind: 'config-listeners', count: 3 });
    }),
  );
}

describe('the instruments', () => {
  it('are those of the catalog, with unit, description and the labels that it says', async () => {
    const { meter, collect } = aMeterProvider();
    measured(meter);
    everything();
    const collected = await collect();
    const shown = collected.map(({ descriptor: { name, unit, description } }) => ({
      name,
      unit,
      help: description,
    }));
    const wanted = Object.entries(METRICS).map(([name, { unit, help }]) => ({ name, unit, help }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(shown.toSorted(byName)).toEqual(wanted.toSorted(byName));
    for (const { descriptor, dataPoints } of collected) {
      const { labels } = METRICS[descriptor.name as keyof typeof METRICS];
      for (const { attributes } of dataPoints) {
        // An empty label is left out: a request that was answered has no error.
        const wantedLabels = labels.filter((label) => label !== 'error.type');
        expect(Object.keys(attributes)).toEqual(wantedLabels);
      }
    }
  });

  it('count and measure in seconds, in buckets that fit', async () => {
    const { meter, collect } = aMeterProvider();
    measured(meter);
    everything();
    const collected = await collect();
    const of = (name: string) => collected.find(({ descriptor }) => descriptor.name === name);
    expect(of('nacos_serving.picks')?.dataPoints).toMatchObject([{ attributes: ABOUT, value: 1 }]);
    const duration = of('nacos_serving.request.duration');
    expect(duration?.dataPointType).toBe(DataPointType.HISTOGRAM);
    const [point] = (duration as HistogramMetricData).dataPoints; // as just looked
    expect(point?.value.sum).toBeCloseTo(0.02);
    expect(point?.value.buckets.boundaries).toEqual(BUCKETS_S);
    expect(point?.attributes).toEqual({ 'rpc.method': 'InstanceRequest' });
    const states = of('nacos_serving.connections')?.dataPoints.map(({ attributes, value }) => [
      attributes['nacos.connection.state'],
      value,
    ]);
    expect(states).toEqual([
      ['connecting', 0],
      ['ready', 1],
      ['backoff', 0],
    ]);
  });
});

describe('an SDK', () => {
  it('that is set up later gets what happens from then on', async () => {
    onTestFinished(() => metrics.disable());
    measured();
    publish('no-instance', ORDERS);
    const { provider, collect } = aMeterProvider();
    metrics.setGlobalMeterProvider(provider);
    publish('no-instance', ORDERS);
    publish('no-instance', ORDERS);
    const [counted] = (await collect()).filter(
      ({ descriptor }) => descriptor.name === 'nacos_serving.no_instance',
    );
    expect(counted?.dataPoints).toMatchObject([{ attributes: ABOUT, value: 2 }]);
  });

  it('that throws is told of once, and reaches nobody', () => {
    const broken = {
      createCounter: () => {
        throw new Error('full');
      },
    };
    const { warnings } = measured(broken as never);
    publish('no-instance', ORDERS);
    publish('no-instance', ORDERS);
    expect(warnings).toEqual([
      'OpenTelemetry does not take what it is told: full; the app goes on',
    ]);
  });

  it('hears nothing more after the stop, and observes no gauge', async () => {
    const { meter, collect } = aMeterProvider();
    const { link } = measured(meter);
    link.stop();
    everything();
    expect((await collect()).flatMap(({ dataPoints }): readonly unknown[] => dataPoints)).toEqual(
      [],
    );
  });
});

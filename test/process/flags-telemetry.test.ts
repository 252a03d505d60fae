/** What the flags on metrics and traces do, seen at the app and by who scrapes it. */
import path from 'node:path';

import { expect } from 'vitest';

import { parsePrometheus } from '../helpers/prometheus-text.js';
import { aFlagScene, effect, eventually } from './flags-scene.js';

const API = path.resolve(import.meta.dirname, '..', '..', 'node_modules', '@opentelemetry', 'api');

/** Set up before the app, as an SDK is: says what it is told. */
const SDK = `
const { metrics, trace } = require(${JSON.stringify(API)});
const say = (name) => ({ add: () => console.log('metric ' + name), record: () => console.log('metric ' + name) });
metrics.setGlobalMeterProvider({ getMeter: () => ({
  createCounter: say, createHistogram: say, createObservableGauge: () => ({}),
  addBatchObservableCallback() {}, removeBatchObservableCallback() {},
}) });
trace.setGlobalTracerProvider({ getTracer: () => ({
  startSpan: (name) => (console.log('span ' + name), { setAttribute() {}, setStatus() {}, end() {} }),
}) });
`;

effect(['metrics.path'], 'is answered on the server of the app, for Prometheus', async () => {
  await using scene = await aFlagScene();
  await scene.start(['--service-name', 'others']);
  await scene.listed('others');
  const app = await scene.start(['--service-name', 'orders', '--metrics-path', '/metrics']);
  await scene.listed('orders');
  expect((await app.get('/call?http://others/')).text).toBe('answered: hello');
  await eventually(async () => {
    const { text } = await app.get('/metrics');
    const families = parsePrometheus(text);
    const registered = families
      .get('nacos_serving_registrations')
      ?.samples.find(({ labels }) => labels['nacos_registration_state'] === 'registered');
    expect(registered).toMatchObject({ labels: { nacos_service: 'orders' }, value: 1 });
    expect(families.get('nacos_serving_picks_total')?.samples).toEqual([
      {
        name: 'nacos_serving_picks_total',
        labels: { nacos_service: 'others', nacos_group: 'DEFAULT_GROUP' },
        value: 1,
      },
    ]);
    expect(families.get('nacos_serving_connection_opened_total')?.samples).toMatchObject([
      { labels: { nacos_module: 'naming' }, value: 1 },
    ]);
    expect([...families.keys()]).toContain('nacos_serving_request_duration_seconds');
  });
  expect((await app.get('/')).text).toBe('hello');
});

effect(['metrics.path', 'health.port'], 'together: only the health server has them', async () => {
  await using scene = await aFlagScene();
  const app = await scene.start([
    ...['--service-name', 'orders', '--health-port', '0', '--metrics-path', '/metrics'],
  ]);
  const [, port] = await app.child.line(/health is answered on port (\d+)/);
  await scene.listed('orders');
  const response = await fetch(`http://127.0.0.1:${String(port)}/metrics`, {
    headers: { connection: 'close' },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parsePrometheus(await response.text());
  expect(families.get('nacos_serving_connections')?.samples).toHaveLength(3);
  expect((await app.get('/metrics')).text).toBe('hello');
});

effect(['opentelemetry.enabled'], 'gives metrics and spans to the SDK of the app', async () => {
  await using scene = await aFlagScene();
  const start = { files: { 'sdk.cjs': SDK }, env: { NODE_OPTIONS: '--require ./sdk.cjs' } };
  const on = await scene.start(['--service-name', 'on', '--opentelemetry'], start);
  await on.child.line(/^metric nacos_serving\.connection\.opened$/);
  await on.child.line(/^metric nacos_serving\.request\.duration$/);
  await on.child.line(/^span naming\/InstanceRequest$/);
  const off = await scene.start(['--service-name', 'off'], start);
  await scene.listed('off');
  expect(off.child.lines.filter((line) => /^(metric|span) /.test(line))).toEqual([]);
});

effect(
  ['opentelemetry.enabled'],
  'without the API in the app: one line, and the app is registered',
  async () => {
    await using scene = await aFlagScene();
    // Neither the app, nor its folder, nor we may find one: ours is in the folder of the package.
    const hide = `const { Module } = require('node:module');
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (request.startsWith('@opentelemetry/')) throw Object.assign(new Error('not installed'), { code: 'MODULE_NOT_FOUND' });
  return Reflect.apply(resolve, this, [request, ...rest]);
};`;
    const app = await scene.start(['--service-name', 'orders', '--opentelemetry'], {
      files: { 'hide.cjs': hide },
      env: { NODE_OPTIONS: '--require ./hide.cjs' },
    });
    await app.child.line(/ error opentelemetry\.enabled: the app has no @opentelemetry\/api/);
    await scene.listed('orders');
    expect((await app.get('/')).text).toBe('hello');
    expect(app.child.lines.filter((line) => /opentelemetry/i.test(line))).toHaveLength(1);
  },
);

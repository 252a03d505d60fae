import { channel } from 'node:diagnostics_channel';

import { context, SpanKind, SpanStatusCode, trace, type Span } from '@opentelemetry/api';
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { PickMessage, RequestMessage } from '../../../src/diagnostics.js';
import { start, type OpenTelemetryOptions } from '../../../src/opentelemetry/start.js';
import { settle } from '../../helpers/fake-clock.js';
import { aReadySession, outcomeOf } from '../../helpers/session-fixture.js';
import { API, aTracerProvider } from './sdk.js';

const LIST = 'ServiceListRequest';
const PICK: PickMessage = { service: 'orders', group: 'G', ip: '10.0.0.1', port: 80 };
const REQUEST: RequestMessage = {
  module: 'naming',
  namespace: 'public',
  host: 'n1',
  port: 8848,
  type: LIST,
  tookMs: 250,
  outcome: 'answered',
  code: undefined,
};

function traced(options: OpenTelemetryOptions = {}, tracing = aTracerProvider()) {
  const warnings: string[] = [];
  const link = start({
    api: API,
    tracer: tracing.tracer,
    metrics: false,
    warn: (message) => warnings.push(message),
    ...options,
  });
  onTestFinished(() => link.stop());
  return { ...tracing, link, warnings };
}

const within = <T>(span: Span, run: () => T): T =>
  context.with(trace.setSpan(context.active(), span), run);
const publish = (name: string, message: object) =>
  channel(`nacos-serving:${name}`).publish(message);

describe('a request to Nacos', () => {
  it('is a client span under the span of who asked, as long as it took', async () => {
    const { tracer, spans } = traced();
    const { session } = await aReadySession();
    const parent = tracer.startSpan('GET /');
    await within(parent, () => session.request(LIST, {}));
    publish('request', REQUEST);
    const [span, timed] = spans();
    expect(span).toMatchObject({
      name: 'naming/ServiceListRequest',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'rpc.system.name': 'nacos',
        'rpc.method': 'naming/ServiceListRequest',
        'nacos.namespace': 'public',
        'server.address': '10.0.0.1',
        'server.port': 8848,
      },
      parentSpanContext: { spanId: parent.spanContext().spanId },
    });
    const [seconds = 0, nanos = 0] = timed?.duration ?? [];
    expect(seconds * 1000 + nanos / 1e6).toBeGreaterThanOrEqual(249);
    expect(seconds).toBe(0);
  });

  it('has its error code, and is an error unless it was only given up', async () => {
    const { spans } = traced();
    const { session, server } = await aReadySession();
    server.answers.set(LIST, () => ({ body: { resultCode: 500, errorCode: 403, message: 'no' } }));
    const refused = outcomeOf(session.request(LIST, {}));
    await settle();
    expect(refused.state).toBe('rejected');
    publish('request', { ...REQUEST, outcome: 'abandoned' });
    expect(
      spans().map(({ status, attributes }) => [status.code, attributes['error.type']]),
    ).toEqual([
      [SpanStatusCode.ERROR, 'FORBIDDEN'],
      [SpanStatusCode.UNSET, 'abandoned'],
    ]);
  });

  it('is a trace of its own when it was begun by a call that is long over', () => {
    const { tracer, spans } = traced();
    const old = tracer.startSpan('an old call');
    old.end();
    within(old, () => publish('request', REQUEST));
    const [, span] = spans();
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.spanContext().traceId).not.toBe(old.spanContext().traceId);
  });

  it('is not recorded under a span that is not', () => {
    const { tracer, spans } = traced({}, aTracerProvider(new AlwaysOffSampler()));
    const parent = tracer.startSpan('GET /');
    within(parent, () => publish('request', REQUEST));
    expect(spans()).toEqual([]);
  });
});

describe('calls by name', () => {
  it('a question to the registry is a span, without what the caller has typed', () => {
    const { spans } = traced();
    const about = { name: 'OrDeRs', group: 'G', tookMs: 5 };
    publish('resolve', { ...about, service: 'orders', outcome: 'found' });
    publish('resolve', { ...about, service: undefined, outcome: 'unknown' });
    const shown = spans().map(({ name, kind, attributes }) => ({ name, kind, attributes }));
    const span = { name: 'nacos resolve', kind: SpanKind.INTERNAL };
    expect(shown).toEqual([
      {
        ...span,
        attributes: {
          'nacos.resolve.outcome': 'found',
          'nacos.service': 'orders',
          'nacos.group': 'G',
        },
      },
      { ...span, attributes: { 'nacos.resolve.outcome': 'unknown' } },
    ]);
  });

  it('the span of the app has an event for each instance and each retry, without hosts', () => {
    const { tracer, spans } = traced();
    const parent = tracer.startSpan('GET /');
    within(parent, () => {
      publish('pick', PICK);
      publish('retry', {
        service: 'orders',
        group: 'G',
        attempt: 2,
        outcome: 'unsent',
        delayMs: 100,
      });
    });
    parent.end();
    const about = { 'nacos.service': 'orders', 'nacos.group': 'G' };
    expect(spans()[0]?.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      ['nacos.pick', about],
      [
        'nacos.retry',
        {
          ...about,
          'nacos.attempt.outcome': 'unsent',
          'nacos.retry.attempt': 2,
          'nacos.retry.delay': 0.1,
        },
      ],
    ]);
  });

  it('events have hosts when that is wanted', () => {
    const { tracer, spans } = traced({ hosts: true });
    const parent = tracer.startSpan('GET /');
    within(parent, () => publish('pick', PICK));
    parent.end();
    expect(spans()[0]?.events[0]?.attributes).toMatchObject({
      'server.address': '10.0.0.1',
      'server.port': 80,
    });
  });

  it('a span that has ended gets no event, and no span is made for one', () => {
    const { tracer, spans } = traced();
    const old = tracer.startSpan('an old call');
    old.end();
    within(old, () => publish('pick', PICK));
    publish('pick', PICK);
    expect(spans().map(({ name, events }) => [name, events])).toEqual([['an old call', []]]);
  });
});

describe('the app', () => {
  it('has its own active span before, during and after a request, and Nacos gets no trace header', async () => {
    const { tracer } = traced();
    const { session, server } = await aReadySession();
    const parent = tracer.startSpan('GET /');
    await within(parent, async () => {
      const answer = session.request(LIST, {});
      expect(trace.getActiveSpan()).toBe(parent);
      await answer;
      expect(trace.getActiveSpan()).toBe(parent);
    });
    expect(trace.getActiveSpan()).toBeUndefined();
    expect(server.last.unarySent.at(-1)?.payload.headers).toEqual({});
  });

  it('hears of an SDK that throws once, in the log, and nowhere else', async () => {
    const broken = {
      startSpan: () => {
        throw new Error('no memory');
      },
    };
    const { warnings } = traced({ tracer: broken as never });
    const { session } = await aReadySession();
    await session.request(LIST, {});
    await session.request(LIST, {});
    expect(warnings).toEqual([
      'OpenTelemetry does not take what it is told: no memory; the app goes on',
    ]);
  });

  it('can stop it', async () => {
    const { link, spans } = traced();
    await link[Symbol.asyncDispose]();
    link.stop();
    publish('request', REQUEST);
    expect(spans()).toEqual([]);
    expect(channel('nacos-serving:request').hasSubscribers).toBe(false);
  });

  it('may have spans switched off', () => {
    const { spans } = traced({ spans: false });
    publish('request', REQUEST);
    expect(spans()).toEqual([]);
  });
});

/** Owns the OpenTelemetry SDK of a test: metrics that are collected when it asks, spans in memory, contexts that follow promises. */
import { context, SpanKind, SpanStatusCode, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type Sampler,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

export const API = { metrics, trace, SpanKind, SpanStatusCode };

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

export function aMeterProvider() {
  const reader = new Reader();
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown());
  /** Every metric that was collected, with what it counts. */
  const collect = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    if (errors.length > 0) throw new AggregateError(errors);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  return { provider, meter: provider.getMeter('test'), collect };
}

/** With the context manager that an SDK for Node has. */
export function aTracerProvider(root?: Sampler) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
    ...(root === undefined ? {} : { sampler: new ParentBasedSampler({ root }) }),
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  onTestFinished(async () => {
    context.disable();
    await provider.shutdown();
  });
  return { provider, tracer: provider.getTracer('test'), spans: () => exporter.getFinishedSpans() };
}

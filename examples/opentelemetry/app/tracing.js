// The SDK is set up as ever, before the app: here with exporters that print. Then one line hands it what happens between this process and Nacos.
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { startOpenTelemetry } from 'nacos-serving/opentelemetry';

const done = { code: 0 };
const spans = {
  export(batch, result) {
    for (const span of batch) console.log(`span ${span.name}`);
    result(done);
  },
  shutdown: async () => {},
};
const numbers = {
  export(batch, result) {
    for (const metric of batch.scopeMetrics.flatMap((scope) => scope.metrics)) {
      console.log(`metric ${metric.descriptor.name}: ${metric.dataPoints.length} series`);
    }
    result(done);
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }),
);
metrics.setGlobalMeterProvider(
  new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exporter: numbers,
        exportIntervalMillis: 1000,
        exportTimeoutMillis: 1000,
      }),
    ],
  }),
);

startOpenTelemetry();

/**
 * Owns what is used of `@opentelemetry/api`, which the app brings along: passed in as a value, so that nothing here loads it. Types only.
 */
import type {
  Meter,
  MeterOptions,
  SpanKind,
  SpanStatusCode,
  Tracer,
  TracerOptions,
  trace,
} from '@opentelemetry/api';

export interface OpenTelemetryApi {
  readonly metrics: {
    getMeterProvider(): object;
    getMeter(name: string, version?: string, options?: MeterOptions): Meter;
  };
  readonly trace: Pick<typeof trace, 'getActiveSpan'> & {
    getTracer(name: string, version?: string, options?: TracerOptions): Tracer;
  };
  readonly SpanKind: { readonly CLIENT: SpanKind.CLIENT; readonly INTERNAL: SpanKind.INTERNAL };
  readonly SpanStatusCode: { readonly ERROR: SpanStatusCode.ERROR };
}

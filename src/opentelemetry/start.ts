/**
 * Owns giving metrics and spans to OpenTelemetry, from `start` to `stop`. Called by `index.ts` for code, and by the runtime of a process for the option
 * `opentelemetry.enabled`. It makes no SDK, no exporter and no provider: those are the app's, and without any nothing happens.
 */
import type { Meter, Tracer } from '@opentelemetry/api';

import { countFromChannels, type MetricSink } from '../metrics/from-channels.js';
import { VERSION } from '../version.js';
import type { OpenTelemetryApi } from './api.js';
import { OtelMetrics } from './otel-metrics.js';
import { OtelSpans } from './otel-spans.js';

/** Where metrics and spans go. Default: what the app has set up globally. */
export interface OpenTelemetryOptions {
  /** Default: one of the global provider, also when that is set later. */
  readonly meter?: Meter | undefined;
  /** Default: one of the global provider, also when that is set later. */
  readonly tracer?: Tracer | undefined;
  /** Default true. */
  readonly metrics?: boolean | undefined;
  /** Default true. */
  readonly spans?: boolean | undefined;
  /** Span events have the address of the instance that a call got. Default false; metrics never have it. */
  readonly hosts?: boolean | undefined;
}

/** The link that was made; closing it ends it. */
export interface OpenTelemetryLink extends AsyncDisposable {
  /** Ends it: nothing is counted or traced from here on. Idempotent. */
  stop(): void;
}

export interface StartParts extends OpenTelemetryOptions {
  readonly api: OpenTelemetryApi;
  /** Told once for what the SDK throws: what it does must not reach a call. */
  readonly warn: (message: string) => void;
}

const NAME = 'nacos-serving';

export function start(parts: StartParts): OpenTelemetryLink {
  const { api, meter, tracer, metrics = true, spans = true, hosts = false } = parts;
  const failed = sayOnce(parts.warn);
  const stops: (() => void)[] = [];
  if (metrics) {
    const sink = new GuardedSink(() => meterOf(api, meter), failed);
    const stop = countFromChannels(sink);
    stops.push(stop, () => sink.close());
  }
  if (spans) {
    const traced = new OtelSpans({
      api,
      tracer: () => tracer ?? api.trace.getTracer(NAME, VERSION),
      hosts,
      failed,
    });
    traced.start();
    stops.push(() => traced.close());
  }
  const stop = (): void => {
    for (const each of stops.splice(0)) each();
  };
  return {
    stop,
    [Symbol.asyncDispose]: () => {
      stop();
      return Promise.resolve();
    },
  };
}

/** A meter, and what it belongs to: another owner means that the instruments have to be made anew. */
interface OwnedMeter {
  readonly owner: object;
  readonly meter: () => Meter;
}

function meterOf(api: OpenTelemetryApi, given: Meter | undefined): OwnedMeter {
  if (given !== undefined) return { owner: given, meter: () => given };
  // Unlike tracers, meters of before the SDK was set up stay without effect for ever.
  const owner = api.metrics.getMeterProvider();
  return { owner, meter: () => api.metrics.getMeter(NAME, VERSION) };
}

/** The instruments of the meter that there is now; nothing that it throws gets out. */
class GuardedSink implements MetricSink {
  readonly #meterOf: () => OwnedMeter;
  readonly #failed: (error: unknown) => void;
  #owner: object | undefined;
  #metrics: OtelMetrics | undefined;

  constructor(meterOf: () => OwnedMeter, failed: (error: unknown) => void) {
    this.#meterOf = meterOf;
    this.#failed = failed;
    this.#guard(() => this.#current());
  }

  add(...args: Parameters<MetricSink['add']>): void {
    this.#guard(() => this.#current().add(...args));
  }

  record(...args: Parameters<MetricSink['record']>): void {
    this.#guard(() => this.#current().record(...args));
  }

  close(): void {
    this.#guard(() => this.#metrics?.close());
  }

  #current(): OtelMetrics {
    const { owner, meter } = this.#meterOf();
    if (this.#metrics === undefined || owner !== this.#owner) {
      this.#metrics?.close();
      this.#metrics = new OtelMetrics(meter());
      this.#owner = owner;
    }
    return this.#metrics;
  }

  #guard(run: () => unknown): void {
    try {
      run();
    } catch (error) {
      this.#failed(error);
    }
  }
}

function sayOnce(warn: (message: string) => void): (error: unknown) => void {
  let isSaid = false;
  return (error) => {
    if (isSaid) return;
    isSaid = true;
    const why = error instanceof Error ? error.message : String(error);
    warn(`OpenTelemetry does not take what it is told: ${why}; the app goes on`);
  };
}

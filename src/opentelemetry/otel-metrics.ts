/**
 * Owns the metrics of the catalog as instruments of one OpenTelemetry meter. Made by `start.ts`, which feeds it from the channels. Whatever the SDK of the app
 * throws stays here. It reads gauges only when the SDK collects.
 */
import type {
  Attributes,
  BatchObservableCallback,
  Counter,
  Histogram,
  Meter,
  Observable,
} from '@opentelemetry/api';

import {
  BUCKETS_S,
  metricsOf,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type Labels,
} from '../metrics/catalog.js';
import type { MetricSink } from '../metrics/from-channels.js';
import { readGauges } from '../metrics/gauges.js';

export class OtelMetrics implements MetricSink {
  readonly #meter: Meter;
  readonly #counters = new Map<CounterName, Counter>();
  readonly #histograms = new Map<HistogramName, Histogram>();
  readonly #gauges = new Map<GaugeName, Observable>();
  readonly #observe: BatchObservableCallback = (result) => {
    for (const { name, labels, value } of readGauges()) {
      const gauge = this.#gauges.get(name);
      if (gauge !== undefined) result.observe(gauge, value, attributesOf(labels));
    }
  };

  constructor(meter: Meter) {
    this.#meter = meter;
    for (const [name, { unit, help: description }] of metricsOf('counter')) {
      this.#counters.set(name, meter.createCounter(name, { unit, description }));
    }
    for (const [name, { unit, help: description }] of metricsOf('histogram')) {
      const advice = { explicitBucketBoundaries: [...BUCKETS_S] };
      this.#histograms.set(name, meter.createHistogram(name, { unit, description, advice }));
    }
    for (const [name, { unit, help: description }] of metricsOf('gauge')) {
      this.#gauges.set(name, meter.createObservableGauge(name, { unit, description }));
    }
    meter.addBatchObservableCallback(this.#observe, [...this.#gauges.values()]);
  }

  add(name: CounterName, labels: Labels): void {
    this.#counters.get(name)?.add(1, attributesOf(labels));
  }

  record(name: HistogramName, labels: Labels, seconds: number): void {
    this.#histograms.get(name)?.record(seconds, attributesOf(labels));
  }

  /** Gauges are observed no more; what was counted stays with the SDK. */
  close(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, [...this.#gauges.values()]);
  }
}

function attributesOf(labels: Labels): Attributes {
  const attributes: Attributes = {};
  for (const [label, value] of Object.entries(labels)) {
    if (value !== '') attributes[label] = value;
  }
  return attributes;
}

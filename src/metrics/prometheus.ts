/**
 * Owns the metrics of this process as Prometheus reads them: counters and histograms kept since it began, gauges of the moment, in the text format
 * 0.0.4. Begun and shown by the runtime when `metrics.path` asks for it. It opens nothing, and keeps nothing alive.
 */
import { askLiveFacts } from '../live-facts.js';
import {
  BUCKETS_S,
  METRICS,
  type CounterName,
  type HistogramName,
  type Labels,
  type MetricName,
} from './catalog.js';
import { countFromChannels, type MetricSink } from './from-channels.js';
import { readGauges } from './gauges.js';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Series {
  readonly labels: Labels;
  /** Of a counter or a gauge. */
  value: number;
  /** Of a histogram: its sum is `value`, and these are the counts of each bucket and of what is above all. */
  readonly counts: number[];
}

/** Series by their labels. */
type Family = Map<string, Series>;

export class PrometheusMetrics implements MetricSink {
  readonly #families = new Map<MetricName, Family>();
  #stop: (() => void) | undefined;

  /** Counts from now on. Connections that are there already count as opened. Idempotent. */
  start(): void {
    if (this.#stop !== undefined) return;
    this.#stop = countFromChannels(this);
    for (const fact of askLiveFacts()) {
      if (fact.kind !== 'connection' || fact.state !== 'ready') continue;
      this.add('nacos_serving.connection.opened', { 'nacos.module': fact.module });
    }
  }

  /** What was counted stays. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  add(name: CounterName, labels: Labels): void {
    this.#series(name, labels).value += 1;
  }

  record(name: HistogramName, labels: Labels, seconds: number): void {
    const series = this.#series(name, labels);
    series.value += seconds;
    let at = 0;
    while (at < BUCKETS_S.length && seconds > (BUCKETS_S[at] ?? Infinity)) at += 1;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
  }

  /** Of an HTTP request. */
  answer(): { readonly status: number; readonly type: string; readonly body: string } {
    return { status: 200, type: PROMETHEUS_TYPE, body: this.text() };
  }

  /** What a scrape gets; ends with a line feed. */
  text(): string {
    const gauges = readGauges();
    const lines: string[] = [];
    for (const [name, metric] of Object.entries(METRICS)) {
      const all: Iterable<Pick<Series, 'labels' | 'value'> & Partial<Series>> =
        metric.kind === 'gauge'
          ? gauges.filter((gauge) => gauge.name === name)
          : (this.#families.get(name as MetricName)?.values() ?? []); // a key of the table
      const shown = prometheusName(name, metric);
      const samples = [...all].flatMap((series) => samplesOf(shown, series));
      if (samples.length === 0) continue;
      lines.push(`# HELP ${shown} ${metric.help}`, `# TYPE ${shown} ${metric.kind}`, ...samples);
    }
    return `${lines.join('\n')}\n`;
  }

  #series(name: CounterName | HistogramName, labels: Labels): Series {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = new Map();
      this.#families.set(name, family);
    }
    let key = '';
    for (const label of METRICS[name].labels) key += `${labels[label] ?? ''}\n`;
    let series = family.get(key);
    if (series === undefined) {
      const isHistogram = METRICS[name].kind === 'histogram';
      const counts = isHistogram ? new Array<number>(BUCKETS_S.length + 1).fill(0) : [];
      series = { labels, value: 0, counts };
      family.set(key, series);
    }
    return series;
  }
}

/** As the exporters of OpenTelemetry spell it, so that both ways give the same names. */
export function prometheusName(
  name: string,
  { kind, unit }: { kind: string; unit: string },
): string {
  const base = plain(name);
  if (kind === 'counter') return `${base}_total`;
  return unit === 's' ? `${base}_seconds` : base;
}

function samplesOf(
  name: string,
  { labels, value, counts = [] }: Pick<Series, 'labels' | 'value'> & Partial<Series>,
): string[] {
  if (counts.length === 0) return [`${name}${labelText(labels)} ${String(value)}`];
  let count = 0;
  const buckets = counts.map((own, at) => {
    count += own;
    const le = at < BUCKETS_S.length ? String(BUCKETS_S[at]) : '+Inf';
    return `${name}_bucket${labelText(labels, `le="${le}"`)} ${String(count)}`;
  });
  return [
    ...buckets,
    `${name}_sum${labelText(labels)} ${String(value)}`,
    `${name}_count${labelText(labels)} ${String(count)}`,
  ];
}

function labelText(labels: Labels, last?: string): string {
  const parts = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `${plain(label)}="${escaped(value)}"`);
  if (last !== undefined) parts.push(last);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function plain(name: string): string {
  return name.replaceAll('.', '_');
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

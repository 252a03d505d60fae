/**
 * Owns every metric of this package: name, unit, meaning, labels. The single source of the OpenTelemetry instruments, of the Prometheus text and of
 * docs/observability.md, which a test compares. Names and labels are stable, and no label has an address, a data id or what a caller has
 * typed: each has as many values as this process calls services, or a handful.
 */

export type MetricKind = 'counter' | 'histogram' | 'gauge';

export interface Metric {
  readonly kind: MetricKind;
  /** For OpenTelemetry: `s`, or what is counted in braces. */
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly LabelName[];
}

export type LabelName =
  | 'error.type'
  | 'nacos.attempt.outcome'
  | 'nacos.connection.state'
  | 'nacos.group'
  | 'nacos.module'
  | 'nacos.registration.state'
  | 'nacos.resolve.outcome'
  | 'nacos.service'
  | 'rpc.method';

/** One value for each label of the metric. An empty one counts as not there. */
export type Labels = Readonly<Partial<Record<LabelName, string>>>;

const SERVICE = ['nacos.service', 'nacos.group'] as const;

export const METRICS = {
  'nacos_serving.request.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Requests to Nacos, with all attempts and the wait for a connection.',
    labels: ['rpc.method', 'error.type'],
  },
  'nacos_serving.connection.opened': {
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections to Nacos that were made.',
    labels: ['nacos.module'],
  },
  'nacos_serving.connection.lost': {
    kind: 'counter',
    unit: '{connection}',
    help: 'Connections to Nacos that ended without being wanted to.',
    labels: ['nacos.module'],
  },
  'nacos_serving.connection.failures': {
    kind: 'counter',
    unit: '{attempt}',
    help: 'Attempts to connect to Nacos that failed.',
    labels: ['nacos.module'],
  },
  'nacos_serving.connections': {
    kind: 'gauge',
    unit: '{connection}',
    help: 'Connections to Nacos by their state now.',
    labels: ['nacos.module', 'nacos.connection.state'],
  },
  'nacos_serving.registrations': {
    kind: 'gauge',
    unit: '{instance}',
    help: 'Instances that this process registers, by their state now.',
    labels: [...SERVICE, 'nacos.registration.state'],
  },
  'nacos_serving.subscriptions': {
    kind: 'gauge',
    unit: '{service}',
    help: 'Services whose list is followed now.',
    labels: [],
  },
  'nacos_serving.instances': {
    kind: 'gauge',
    unit: '{instance}',
    help: 'Instances on the last list of each service that is followed.',
    labels: SERVICE,
  },
  'nacos_serving.push.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Lists that Nacos sent by itself: the time to take them in.',
    labels: [],
  },
  'nacos_serving.resolve.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Questions what a name means, which calls have waited for.',
    labels: ['nacos.resolve.outcome'],
  },
  'nacos_serving.picks': {
    kind: 'counter',
    unit: '{pick}',
    help: 'Instances given out to calls by name, retries included.',
    labels: SERVICE,
  },
  'nacos_serving.attempt.duration': {
    kind: 'histogram',
    unit: 's',
    help: 'Attempts of calls by name until the response began, or until they failed.',
    labels: [...SERVICE, 'nacos.attempt.outcome'],
  },
  'nacos_serving.retries': {
    kind: 'counter',
    unit: '{retry}',
    help: 'Calls by name that went on with another instance.',
    labels: SERVICE,
  },
  'nacos_serving.no_instance': {
    kind: 'counter',
    unit: '{call}',
    help: 'Calls by name for which there was no instance.',
    labels: SERVICE,
  },
  'nacos_serving.ejections': {
    kind: 'counter',
    unit: '{ejection}',
    help: 'Times that an instance was left out because calls to it failed.',
    labels: SERVICE,
  },
  'nacos_serving.empty_protections': {
    kind: 'counter',
    unit: '{list}',
    help: 'Lists without a callable instance that were not believed.',
    labels: SERVICE,
  },
  'nacos_serving.cold_starts': {
    kind: 'counter',
    unit: '{list}',
    help: 'Lists that were read from disk because Nacos did not answer.',
    labels: SERVICE,
  },
  'nacos_serving.locality_fallbacks': {
    kind: 'counter',
    unit: '{fallback}',
    help: 'Times that calls had to leave the own cluster or zone, since nothing there could be called.',
    labels: SERVICE,
  },
  'nacos_serving.config.listeners': {
    kind: 'gauge',
    unit: '{listener}',
    help: 'Listeners of configs now.',
    labels: [],
  },
  'nacos_serving.config.changes': {
    kind: 'counter',
    unit: '{change}',
    help: 'Contents of configs that listeners were told, the first one included.',
    labels: [],
  },
  'nacos_serving.config.failures': {
    kind: 'counter',
    unit: '{failure}',
    help: 'Times that a listener of a config failed.',
    labels: [],
  },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof METRICS;
type NamesOf<Kind extends MetricKind> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends Kind ? N : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type HistogramName = NamesOf<'histogram'>;
export type GaugeName = NamesOf<'gauge'>;

/** Upper bounds of the buckets of every histogram, in seconds. */
export const BUCKETS_S: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Every metric of one kind, in the order of the table. */
export function metricsOf(kind: 'counter'): readonly (readonly [CounterName, Metric])[];
export function metricsOf(kind: 'histogram'): readonly (readonly [HistogramName, Metric])[];
export function metricsOf(kind: 'gauge'): readonly (readonly [GaugeName, Metric])[];
export function metricsOf(kind: MetricKind): readonly (readonly [string, Metric])[] {
  return Object.entries(METRICS).filter(([, metric]) => metric.kind === kind);
}

/**
 * Owns which message of which channel counts for which metric. Used by whatever keeps metrics: the Prometheus text and OpenTelemetry. It listens from
 * `countFromChannels` on until the function which that returns is called. What a sink throws is its own affair: it must not.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { AboutService, ChannelMessages, ChannelName } from '../diagnostics.js';
import type { CounterName, HistogramName, Labels } from './catalog.js';

/** Where counts go. Called on the way of calls: quick, and it never throws. */
export interface MetricSink {
  add(name: CounterName, labels: Labels): void;
  record(name: HistogramName, labels: Labels, seconds: number): void;
}

type Rules = {
  readonly [Name in ChannelName]?: (message: ChannelMessages[Name], sink: MetricSink) => void;
};

const RULES: Rules = {
  'nacos-serving:request': ({ type, outcome, code, tookMs }, sink) => {
    const error = outcome === 'answered' ? '' : (code ?? 'abandoned');
    const labels = { 'rpc.method': type, 'error.type': error };
    sink.record('nacos_serving.request.duration', labels, tookMs / 1000);
  },
  'nacos-serving:connection': ({ module, state, reason }, sink) => {
    const labels = { 'nacos.module': module };
    if (state === 'ready') sink.add('nacos_serving.connection.opened', labels);
    else if (state === 'backoff') sink.add('nacos_serving.connection.failures', labels);
    else if (state === 'connecting' && reason !== undefined)
      sink.add('nacos_serving.connection.lost', labels);
  },
  'nacos-serving:push': ({ tookMs }, sink) =>
    sink.record('nacos_serving.push.duration', {}, tookMs / 1000),
  'nacos-serving:resolve': ({ outcome, tookMs }, sink) => {
    const labels = { 'nacos.resolve.outcome': outcome };
    sink.record('nacos_serving.resolve.duration', labels, tookMs / 1000);
  },
  'nacos-serving:pick': (message, sink) => sink.add('nacos_serving.picks', aboutOf(message)),
  'nacos-serving:attempt': (message, sink) => {
    const labels = { ...aboutOf(message), 'nacos.attempt.outcome': message.outcome };
    sink.record('nacos_serving.attempt.duration', labels, message.tookMs / 1000);
  },
  'nacos-serving:retry': (message, sink) => sink.add('nacos_serving.retries', aboutOf(message)),
  'nacos-serving:no-instance': (message, sink) =>
    sink.add('nacos_serving.no_instance', aboutOf(message)),
  'nacos-serving:ejection': (message, sink) =>
    sink.add('nacos_serving.ejections', aboutOf(message)),
  'nacos-serving:empty-protection': (message, sink) => {
    if (message.active) sink.add('nacos_serving.empty_protections', aboutOf(message));
  },
  'nacos-serving:cold-start': (message, sink) =>
    sink.add('nacos_serving.cold_starts', aboutOf(message)),
  'nacos-serving:locality': (message, sink) => {
    if (message.active) sink.add('nacos_serving.locality_fallbacks', aboutOf(message));
  },
  'nacos-serving:config': (_message, sink) => sink.add('nacos_serving.config.changes', {}),
  'nacos-serving:config-failure': (_message, sink) => sink.add('nacos_serving.config.failures', {}),
};

export function countFromChannels(sink: MetricSink): () => void {
  const stops = Object.entries(RULES).map(([name, rule]) => {
    // The rule of a channel fits what is published there, and nobody else publishes under our names.
    const hear = (message: unknown): void =>
      (rule as (m: unknown, s: MetricSink) => void)(message, sink);
    subscribe(name, hear);
    return () => unsubscribe(name, hear);
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function aboutOf({ service, group }: AboutService): Labels {
  return { 'nacos.service': service, 'nacos.group': group };
}

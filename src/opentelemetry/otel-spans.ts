/**
 * Owns the spans: one for each request to Nacos and for each name that had to be looked up, made when they are over, and events on the span of the app for
 * each instance that a call got. Made by `start.ts`. It sets no context and no header: propagation is as it would be without it.
 *
 * The parent is the active span of who caused the thing. What goes on in the background was begun in the context of some call long ago: a span that has
 * ended meanwhile is no parent, and the new one is a root.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { Attributes, Span, Tracer } from '@opentelemetry/api';

import {
  CHANNELS,
  type ChannelMessages,
  type ChannelName,
  type PickMessage,
  type RequestMessage,
  type ResolveMessage,
  type RetryMessage,
} from '../diagnostics.js';
import { systemClock } from '../util/clock.js';
import type { OpenTelemetryApi } from './api.js';

export interface OtelSpansOptions {
  readonly api: OpenTelemetryApi;
  /** Asked for each span, since an SDK may come late. */
  readonly tracer: () => Tracer;
  /** Events have the address of the instance. */
  readonly hosts: boolean;
  /** What the SDK throws. */
  readonly failed: (error: unknown) => void;
}

/** Of W3C trace context: the span is recorded somewhere. */
const SAMPLED = 1;

export class OtelSpans {
  readonly #options: OtelSpansOptions;
  #stops: readonly (() => void)[] = [];

  constructor(options: OtelSpansOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stops = [
      this.#hear(CHANNELS.request, (message) => this.#request(message)),
      this.#hear(CHANNELS.resolve, (message) => this.#resolve(message)),
      this.#hear(CHANNELS.pick, (message) => this.#pick(message)),
      this.#hear(CHANNELS.retry, (message) => this.#retry(message)),
    ];
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  #hear<Name extends ChannelName>(
    name: Name,
    take: (message: ChannelMessages[Name]) => void,
  ): () => void {
    const hear = (message: unknown): void => {
      try {
        take(message as ChannelMessages[Name]); // what the channel says it has
      } catch (error) {
        this.#options.failed(error);
      }
    };
    subscribe(name, hear);
    return () => {
      unsubscribe(name, hear);
    };
  }

  #request({ type, module, namespace, host, port, tookMs, outcome, code }: RequestMessage): void {
    const { SpanKind, SpanStatusCode } = this.#options.api;
    const method = `${module}/${type}`;
    const span = this.#begin(method, SpanKind.CLIENT, tookMs, {
      'rpc.system.name': 'nacos',
      'rpc.method': method,
      'nacos.namespace': namespace,
      ...(host === undefined ? {} : { 'server.address': host }),
      ...(port === undefined ? {} : { 'server.port': port }),
    });
    if (outcome !== 'answered') {
      span.setAttribute('error.type', code ?? 'abandoned');
      if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  }

  #resolve({ service, group, tookMs, outcome }: ResolveMessage): void {
    const { SpanKind } = this.#options.api;
    // The name itself is what a caller has typed: any host there is.
    const span = this.#begin('nacos resolve', SpanKind.INTERNAL, tookMs, {
      'nacos.resolve.outcome': outcome,
      ...(service === undefined ? {} : { 'nacos.service': service, 'nacos.group': group }),
    });
    span.end();
  }

  #pick({ service, group, ip, port }: PickMessage): void {
    this.#event('nacos.pick', {
      'nacos.service': service,
      'nacos.group': group,
      ...(this.#options.hosts ? { 'server.address': ip, 'server.port': port } : {}),
    });
  }

  #retry({ service, group, attempt, outcome, delayMs }: RetryMessage): void {
    this.#event('nacos.retry', {
      'nacos.service': service,
      'nacos.group': group,
      'nacos.attempt.outcome': outcome,
      'nacos.retry.attempt': attempt,
      'nacos.retry.delay': delayMs / 1000,
    });
  }

  #event(name: string, attributes: Attributes): void {
    const active = this.#options.api.trace.getActiveSpan();
    if (active?.isRecording() === true) active.addEvent(name, attributes);
  }

  #begin(
    name: string,
    kind: OpenTelemetryApi['SpanKind']['CLIENT' | 'INTERNAL'],
    tookMs: number,
    attributes: Attributes,
  ): Span {
    const active = this.#options.api.trace.getActiveSpan();
    const startTime = systemClock.wallMs() - tookMs;
    const root = active !== undefined && hasEnded(active);
    return this.#options.tracer().startSpan(name, { kind, startTime, attributes, root });
  }
}

/** One that was never recorded is a parent all the same: its children are not recorded either. */
function hasEnded(span: Span): boolean {
  if (span.isRecording()) return false;
  const { traceFlags, isRemote } = span.spanContext();
  return (traceFlags & SAMPLED) !== 0 && isRemote !== true;
}

/**
 * Owns `nacos-serving/opentelemetry`: the public way to give metrics and spans to OpenTelemetry from code. `@opentelemetry/api` is the app's, an optional peer.
 * Importing it starts nothing.
 */
import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

import { createLogger } from '../logger.js';
import { start, type OpenTelemetryLink, type OpenTelemetryOptions } from './start.js';

export type { OpenTelemetryLink, OpenTelemetryOptions } from './start.js';

/**
 * Gives metrics and spans of everything that this package does in this thread to OpenTelemetry, from now on until `stop`. Never throws. Start it once, and not
 * together with the option `opentelemetry.enabled`: things would be counted twice.
 *
 * @example
 * const link = startOpenTelemetry(); // the SDK that is set up globally
 * // at the end
 * link.stop();
 */
export function startOpenTelemetry(options: OpenTelemetryOptions = {}): OpenTelemetryLink {
  const logger = createLogger();
  return start({
    ...options,
    api: { metrics, trace, SpanKind, SpanStatusCode },
    warn: (message) => logger.warn(message),
  });
}

/**
 * Owns the options on metrics and traces of this process.
 * Part of the table of options (schema.ts); data only.
 */
import type { OptionRow } from '../row.js';

export const TELEMETRY_ROWS = [
  {
    path: 'metrics.path',
    kind: 'text',
    default: undefined,
    unset: 'no metrics',
    env: 'NACOS_METRICS_PATH',
    flag: 'metrics-path',
    doc: 'Path of the metrics for Prometheus: on health.port when that is given, else on the registered server.',
    pattern: /^\/[^\s?#]*$/,
    allowed: 'a path that starts with /, without query',
  },
  {
    path: 'opentelemetry.enabled',
    kind: 'boolean',
    default: false,
    env: 'NACOS_OPENTELEMETRY',
    flag: 'opentelemetry',
    doc: 'Give metrics and spans to the OpenTelemetry SDK that the app has set up.',
  },
] as const satisfies readonly OptionRow[];

/**
 * Owns finding the `@opentelemetry/api` that the app has, for the option `opentelemetry.enabled`. Called by the runtime of a process, whose copy of this package may be
 * installed far from the app. It loads that one package and no other.
 */
import { createRequire } from 'node:module';
import path from 'node:path';

import type { OpenTelemetryApi } from './api.js';

const PACKAGE = '@opentelemetry/api';

/** From the script of the app, else from its folder, else from where we are; undefined when it is nowhere. */
export function apiOfApp(app: {
  readonly script: string | undefined;
  readonly cwd: string;
}): OpenTelemetryApi | undefined {
  const places = [app.script, path.join(app.cwd, 'package.json'), import.meta.url];
  for (const place of places) {
    if (place === undefined) continue;
    try {
      const found: unknown = createRequire(place)(PACKAGE);
      if (isApi(found)) return found;
    } catch {
      // Not there, or not to be loaded: the next place may have it.
    }
  }
  return undefined;
}

function isApi(value: unknown): value is OpenTelemetryApi {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metrics' in value &&
    'trace' in value &&
    'SpanKind' in value &&
    'SpanStatusCode' in value
  );
}

/** A readiness probe of our own health answer would wait for itself. */
import { describe, expect, it } from 'vitest';

import { failure, load } from '../options/loading.js';

describe('health.path', () => {
  it.each([['/healthz'], ['/healthz?from=nacos']])('is refused with readiness.path %s', (path) => {
    const env = { NACOS_HEALTH_PATH: '/healthz', NACOS_READINESS_PATH: path };
    const error = failure({ env });
    expect(error.code).toBe('INVALID_OPTION');
    expect(error.message).toBe(
      'health.path (env NACOS_HEALTH_PATH) and readiness.path (env NACOS_READINESS_PATH) are the same: this package would wait for its own answer; readiness.path is a route of the app',
    );
  });

  it('goes with another readiness.path', () => {
    const code = { health: { path: '/healthz' }, readiness: { path: '/started' } };
    const { options } = load({ code });
    expect(options.health.path).toBe('/healthz');
    expect(options.readiness.path).toBe('/started');
  });
});

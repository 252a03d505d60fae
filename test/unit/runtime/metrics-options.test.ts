/** One path has one answer, and the health server keeps its own paths. */
import { describe, expect, it } from 'vitest';

import { failure, load } from '../options/loading.js';

describe('metrics.path', () => {
  it('is refused where the health route is', () => {
    const env = { NACOS_HEALTH_PATH: '/x', NACOS_METRICS_PATH: '/x' };
    expect(failure({ env }).message).toBe(
      'metrics.path (env NACOS_METRICS_PATH) and health.path (env NACOS_HEALTH_PATH) are the same: one path has one answer',
    );
  });

  it('is refused where the readiness of the app is', () => {
    const env = { NACOS_READINESS_PATH: '/x?full', NACOS_METRICS_PATH: '/x' };
    expect(failure({ env }).message).toMatch(
      /^metrics\.path \(.*\) and readiness\.path \(.*\) are the same/,
    );
  });

  it.each(['/', '/ready', '/live'])('is refused at %s of the health server', (path) => {
    const env = { NACOS_HEALTH_PORT: '9000', NACOS_METRICS_PATH: path };
    expect(failure({ env }).message).toBe(
      `metrics.path "${path}" (env NACOS_METRICS_PATH) is a path of the health server: allowed is any but /, /ready, /live, like /metrics`,
    );
  });

  it('may be that of the health route when it is on a port of its own', () => {
    const code = { health: { path: '/x', port: 9000 }, metrics: { path: '/x' } };
    expect(load({ code }).options.metrics.path).toBe('/x');
  });
});

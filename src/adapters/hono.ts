/**
 * Owns `nacos-serving/hono`: one `app.use` that registers the process' servers as they listen, and answers a health route. Called by the
 * user's Hono app on Node (`@hono/node-server`). It changes no request that is not for the health route.
 */
import type { MiddlewareHandler } from 'hono';

import { isRead } from '../runtime/health-response.js';
import { registerAutomatically, type RegisterOptions } from './explicit.js';
import { answerHealth } from './health-answer.js';

export type { RegisterOptions } from './explicit.js';

/**
 * Registers what this app will listen on, and lets HTTP clients call services by name, as `nacos-serving/register` does:
 *
 *     app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));
 *     serve({ fetch: app.fetch, port: 3000 });
 *
 * With `health.path` it answers that path: 200 while the instance is ready, 503 while it is not or is leaving. Put it
 * first then, so that no other middleware asks for a login.
 * @throws ConfigError when an option is wrong
 */
export function nacosServing(options?: RegisterOptions): MiddlewareHandler {
  registerAutomatically(options);
  const path = options?.health?.path;
  return async (c, next) => {
    // Hono drops the body of what answers HEAD.
    if (path === undefined || c.req.path !== path || !isRead(c.req.method)) return next();
    const { status, body } = answerHealth();
    return c.body(body, status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
  };
}

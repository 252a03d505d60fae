/**
 * Owns `nacos-serving/koa`: one `app.use` that registers the process' servers as they listen, and answers a health route. Called by the
 * user's Koa app. It changes no request that is not for the health route.
 */
import type { Middleware } from 'koa';

import { isRead } from '../runtime/health-response.js';
import { registerAutomatically, type RegisterOptions } from './explicit.js';
import { answerHealth } from './health-answer.js';

export type { RegisterOptions } from './explicit.js';

/**
 * Registers what this app will listen on, and lets HTTP clients call services by name, as `nacos-serving/register` does:
 *
 *     app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));
 *
 * With `health.path` it answers that path: 200 while the instance is ready, 503 while it is not or is leaving. Put it
 * first then, so that no other middleware asks for a login.
 * @throws ConfigError when an option is wrong
 */
export function nacosServing(options?: RegisterOptions): Middleware {
  registerAutomatically(options);
  const path = options?.health?.path;
  return async (ctx, next) => {
    // Koa drops the body of what answers HEAD.
    if (path === undefined || ctx.path !== path || !isRead(ctx.method)) {
      await next();
      return;
    }
    const { status, body } = answerHealth();
    ctx.status = status;
    ctx.type = 'application/json';
    ctx.set('cache-control', 'no-store');
    ctx.body = body;
  };
}

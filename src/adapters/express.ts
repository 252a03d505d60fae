/**
 * Owns `nacos-serving/express`: one `app.use` that registers the process' servers as they listen, and answers a health route. Called by the
 * user's app, Express 4 or 5 or anything else that takes Connect middleware. It changes no request that is not for the health route.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { answerHttp, isRead, pathOf } from '../runtime/health-response.js';
import { registerAutomatically, type RegisterOptions } from './explicit.js';
import { answerHealth } from './health-answer.js';

export type { RegisterOptions } from './explicit.js';

/** What Express takes, in words of node:http: so it fits the types of Express 4 and 5 alike. */
export type NacosServingMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Registers what this app will listen on, and lets HTTP clients call services by name, as `nacos-serving/register` does:
 *
 *     app.use(nacosServing({ service: { name: 'orders' }, health: { path: '/health' } }));
 *
 * With `health.path` it answers that path, below where it is mounted: 200 while the instance is ready, 503 while it is not
 * or is leaving. Put it first then, so that no other middleware asks for a login.
 * @throws ConfigError when an option is wrong
 */
export function nacosServing(options?: RegisterOptions): NacosServingMiddleware {
  registerAutomatically(options);
  const path = options?.health?.path;
  return (request, response, next) => {
    if (path === undefined || pathOf(request.url) !== path || !isRead(request.method)) {
      next();
      return;
    }
    answerHttp(request, response, answerHealth());
  };
}

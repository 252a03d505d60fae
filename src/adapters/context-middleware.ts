/**
 * Owns the explicit way of values of a served request into its context, for who does not want it for all servers of the process
 * (`discovery.propagate`). Called by the user's app, in the shape of Connect; Koa, Fastify and others take it with one line. It changes no request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { ConfigError } from '../errors.js';
import { ROUTING_NAME } from '../routing-context.js';
import { readValues, serve } from '../runtime/inbound-context.js';

/** What of a request is kept for the calls which it causes. */
export interface NacosContextOptions {
  /** Headers of a request, or keys of its W3C baggage, whose values calls by name can be routed by. */
  readonly names: readonly string[];
}

/** `next` may return something, as Koa's does: that is returned. */
export type NacosContextMiddleware = <T>(
  request: IncomingMessage,
  response: ServerResponse,
  next: () => T,
) => T;

/**
 * Handles the rest of a request in the context of its values. Put it first:
 *
 *     const context = nacosContext({ names: ['x-tag'] });
 *     app.use(context); // Express, Connect
 *     app.use((ctx, next) => context(ctx.req, ctx.res, next)); // Koa
 *     app.addHook('onRequest', (request, reply, done) => context(request.raw, reply.raw, done)); // Fastify
 *
 * What calls send along is another matter: `propagate` of their discovery.
 * @throws ConfigError
 */
export function nacosContext({ names }: NacosContextOptions): NacosContextMiddleware {
  const keys = names.map((name) => name.toLowerCase());
  const bad = keys.find((key) => !ROUTING_NAME.test(key));
  if (bad !== undefined) {
    throw new ConfigError('INVALID_OPTION', `names: ${bad} is no header that can be handed on`);
  }
  return (request, response, next) =>
    serve(readValues(request.headers, keys), [request, response], () => next());
}

/**
 * Owns `nacos-serving/fastify`: a plugin that registers the server of the Fastify instance it is given and takes it out before Fastify
 * refuses requests. Called by the user's app through `register`, Fastify 4 or 5. It decorates the instance with
 * `nacos`, adds a health route if asked, and nothing else.
 *
 * When to leave: `close()` makes the router answer 503 first, and calls the hooks of `preClose` only then. What avvio's queue of closing
 * holds is called last in, first out, and Fastify puts its own step there when all plugins are loaded: ours is added
 * in `onReady`, so that it comes before.
 */
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerBase,
} from 'fastify';

import type { ServerRegistration } from '../process-hub.js';
import { registerServer, type RegisterOptions } from './explicit.js';
import { answerHealth } from './health-answer.js';

export type { ServerRegistration } from '../process-hub.js';
export type { RegisterOptions } from './explicit.js';

declare module 'fastify' {
  interface FastifyInstance {
    /** Made by the plugin of nacos-serving: undefined where it was not registered. */
    nacos: ServerRegistration;
  }
}

/** Keys that Fastify itself reads from the options of any plugin. */
const FASTIFY_KEYS = ['prefix', 'logLevel', 'logSerializers'];

const attached = new WeakMap<object, ServerRegistration>();

/**
 * Registers the server once it listens:
 *
 *     await app.register(nacosServing, { service: { name: 'orders' }, health: { path: '/health' } });
 *     app.nacos.setReady(false);
 *
 * `app.close()` waits until the instance is out and its callers know, and only then refuses requests. With `health.path` that path
 * answers 200 while the instance is ready, and 503 while it is not or is leaving.
 * @throws ConfigError when an option is wrong
 */
export async function nacosServing<
  Server extends RawServerBase,
  Logger extends FastifyBaseLogger,
  Types extends FastifyTypeProvider,
>(
  app: FastifyInstance<
    Server,
    RawRequestDefaultExpression<Server>,
    RawReplyDefaultExpression<Server>,
    Logger,
    Types
  >,
  given: RegisterOptions,
): Promise<void> {
  const present = attached.get(app.server);
  if (present !== undefined) {
    // Once by a plugin of its own scope and once more by the app: each may want to reach it.
    if (!app.hasDecorator('nacos')) app.decorate('nacos', present);
    return;
  }
  const options: RegisterOptions = Object.fromEntries(
    Object.entries(given).filter(([key]) => !FASTIFY_KEYS.includes(key)),
  );
  const registration = registerServer(app.server, options);
  attached.set(app.server, registration);
  app.decorate('nacos', registration);
  leaveFirst(app, registration);

  const path = options.health?.path;
  if (path === undefined) return;
  app.get(path, { logLevel: 'silent' }, (_request, reply) => {
    const { status, body } = answerHealth();
    void reply
      .code(status)
      .header('content-type', 'application/json')
      .header('cache-control', 'no-store')
      .send(body);
  });
}

interface Closing {
  readonly addHook: (name: 'onReady' | 'preClose', hook: () => Promise<void>) => unknown;
}

function leaveFirst(app: Closing, registration: ServerRegistration): void {
  const leave = (): Promise<void> => registration.close();
  // Of avvio, and not among Fastify's types: a Fastify without it gets the next best.
  const onClose: unknown = Reflect.get(app, 'onClose');
  if (typeof onClose !== 'function') {
    app.addHook('preClose', leave);
    return;
  }
  app.addHook('onReady', async () => {
    Reflect.apply(onClose, app, [leave]);
  });
}

/** What fastify-plugin would set: the decoration is for the instance itself, not for a child of it. */
Object.assign(nacosServing, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'nacos-serving',
  [Symbol.for('plugin-meta')]: { name: 'nacos-serving', fastify: '>=4' },
});

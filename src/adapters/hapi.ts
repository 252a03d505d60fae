/**
 * Owns `nacos-serving/hapi`: a plugin that registers the hapi server it is given and takes it out before hapi stops. Called by the user's
 * server through `server.register`. It adds nothing to the server but its own entry in `server.plugins`, and a health route if asked.
 */
import type { NamedPlugin, Server } from '@hapi/hapi';

import type { ServerRegistration } from '../process-hub.js';
import { registerServer, type RegisterOptions } from './explicit.js';
import { answerHealth } from './health-answer.js';

export type { ServerRegistration } from '../process-hub.js';
export type { RegisterOptions } from './explicit.js';

declare module '@hapi/hapi' {
  interface PluginProperties {
    'nacos-serving': { readonly registration: ServerRegistration };
  }
}

/**
 * Registers the server once it listens:
 *
 *     await server.register({ plugin: nacosServing, options: { service: { name: 'orders' } } });
 *     server.plugins['nacos-serving'].registration.setReady(false);
 *
 * `server.stop()` waits until the instance is out and its callers know, and only then stops taking connections. With
 * `health.path` that path answers 200 while the instance is ready, and 503 while it is not or is leaving.
 * @throws ConfigError when an option is wrong
 */
export const nacosServing: NamedPlugin<RegisterOptions> = {
  name: 'nacos-serving',
  // A second registration on the same server is no error, and is skipped.
  once: true,
  register: attach,
};

function attach(server: Server, options: RegisterOptions): void {
  const registration = registerServer(server.listener, options);
  server.expose('registration', registration);
  server.ext('onPreStop', () => registration.close());

  const path = options.health?.path;
  if (path === undefined) return;
  server.route({
    method: 'GET',
    path,
    // Who asks is a load balancer or an orchestrator: whatever login the app has by default is not for it.
    options: { auth: false },
    handler: (_request, h) => {
      const { status, body } = answerHealth();
      return h
        .response(body)
        .code(status)
        .type('application/json')
        .header('cache-control', 'no-store');
    },
  });
}

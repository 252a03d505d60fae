/**
 * Owns the explicit adapter of got: options for `got.extend`, whose calls to hosts that are services go to instances. It is one hook, which
 * sees each request that got makes, redirects and got's own retries too.
 */
import * as http from 'node:http';
import * as https from 'node:https';

import type { ExtendOptions } from 'got';

import type { CallSourceOptions } from './call-source.js';
import { serviceAgents } from './http-agent.js';

/**
 * @example
 * const client = got.extend(withDiscovery());
 * const orders = await client('http://orders/today').json();
 */
export function withDiscovery(options: CallSourceOptions = {}): ExtendOptions {
  const agents = serviceAgents(options);
  return {
    hooks: {
      beforeRequest: [
        (request) => {
          const { agent } = request;
          request.agent = {
            ...agent,
            http: agent.http !== false && agents.front(agent.http ?? http.globalAgent),
            https: agent.https !== false && agents.front(agent.https ?? https.globalAgent),
          };
        },
      ],
    },
  };
}

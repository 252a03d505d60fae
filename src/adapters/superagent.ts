/**
 * Owns the explicit adapter of superagent: a plugin for `.use()`. A request to a host that is a service goes to an instance; other requests
 * are not touched.
 */
import * as http from 'node:http';
import * as https from 'node:https';

import type { Request } from 'superagent';

import { readLogicalUrl } from '../discovery/target.js';
import type { CallSourceOptions } from './call-source.js';
import { plainScheme, serviceAgents } from './http-agent.js';

/**
 * @example
 * const { body } = await superagent.get('http://orders/today').use(discovery());
 */
export function discovery(options: CallSourceOptions = {}): (request: Request) => void {
  const agents = serviceAgents(options);
  return (request) => {
    request.url = plainScheme(request.url);
    const logical = readLogicalUrl(request.url);
    if (logical === null) return;
    const { globalAgent } = logical.scheme === 'https' ? https : http;
    request.agent(agents.front(agentOf(request) ?? globalAgent));
  };
}

/** The agent that the request was given; the types of superagent know only how to set it. */
function agentOf(request: Request): http.Agent | undefined {
  const read: unknown = Reflect.get(request, 'agent');
  const agent: unknown = typeof read === 'function' ? Reflect.apply(read, request, []) : undefined;
  return isAgent(agent) ? agent : undefined;
}

function isAgent(value: unknown): value is http.Agent {
  return typeof value === 'object' && value !== null && 'addRequest' in value;
}

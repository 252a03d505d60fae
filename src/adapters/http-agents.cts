/**
 * Owns the agents that stand in for a user's agent where that would send a call by name the wrong way: over plain TCP to an instance
 * that wants TLS, or to a proxy, which cannot know our instances. Called by `http-calls.cts`. A stand-in has the
 * options of the agent that it stands in for (keep-alive, limits, certificates) and lives as long as that one.
 */
import { Agent } from 'node:http';

import { isObject, rewriteHeader, type HookedRequest } from './http-request.cjs';

/** Of a whole URL, what comes before the path. */
const BASE_OF_URL = /^https?:\/\/[^/?#]*/i;
const PROXY_HEADER = /^proxy-(?:connection|authorization):.*\r\n/gim;

const tlsAgents = new WeakMap<Agent, Agent>();
const directAgents = new WeakMap<Agent, Agent>();

/** For instances with metadata `secure=true`, whatever the scheme of the URL says. */
export function tlsAgent(agent: Agent): Agent {
  if (isHttps(agent)) return directAgent(agent);
  let standIn = tlsAgents.get(agent);
  if (standIn === undefined) {
    const { Agent: HttpsAgent } = require('node:https') as typeof import('node:https');
    standIn = new HttpsAgent(withoutProxy(agent));
    tlsAgents.set(agent, standIn);
  }
  return standIn;
}

/** The agent itself, unless it is one of Node's own with a proxy from the environment (NODE_USE_ENV_PROXY). */
export function directAgent(agent: Agent): Agent {
  const options: unknown = Reflect.get(agent, 'options');
  if (!isObject(options) || !isObject(options['proxyEnv'])) return agent;
  let standIn = directAgents.get(agent);
  if (standIn === undefined) {
    const made = ownClass(agent);
    if (made === undefined) return agent;
    standIn = new made(withoutProxy(agent));
    directAgents.set(agent, standIn);
  }
  return standIn;
}

/**
 * The request was written for the proxy when it was made: with the whole URL as its path, and headers for the proxy. When it was
 * ended while we waited for the list, that is in its buffer already.
 */
export function undoProxyForm(request: HookedRequest): void {
  const { path: absolute } = request;
  const base = BASE_OF_URL.exec(absolute)?.[0];
  if (base === undefined) return;
  const rest = absolute.slice(base.length);
  const origin = rest.startsWith('/') ? rest : `/${rest}`;
  request.path = origin;
  if (!request.headersSent) {
    request.removeHeader('proxy-connection');
    request.removeHeader('proxy-authorization');
    return;
  }
  rewriteHeader(request, (header) =>
    header.replace(` ${absolute} HTTP/`, ` ${origin} HTTP/`).replace(PROXY_HEADER, ''),
  );
}

function isHttps(agent: Agent): boolean {
  return Reflect.get(agent, 'protocol') === 'https:';
}

/** Node's class of the agent; undefined for classes of others, which may do what they do for a reason. */
function ownClass(agent: Agent): typeof Agent | undefined {
  if (Object.getPrototypeOf(agent) === Agent.prototype) return Agent;
  if (!isHttps(agent)) return undefined;
  const { Agent: HttpsAgent } = require('node:https') as typeof import('node:https');
  return Object.getPrototypeOf(agent) === HttpsAgent.prototype ? HttpsAgent : undefined;
}

function withoutProxy(agent: Agent): Record<string, unknown> {
  const options: unknown = Reflect.get(agent, 'options');
  const given = isObject(options) ? options : {};
  return { ...given, proxyEnv: undefined, protocol: undefined, defaultPort: undefined };
}

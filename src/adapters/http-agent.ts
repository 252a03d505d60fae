/**
 * Owns agents that know services, and which agent a call by name goes through, for the explicit adapters of clients that are built on
 * node:http: http, axios, got and superagent. It makes no call itself.
 */
import { Agent, type AgentOptions } from 'node:http';
import * as https from 'node:https';

import { classifyHost } from '../discovery/target.js';
import { callSource, type CallSource, type CallSourceOptions } from './call-source.js';
import { loadExplicitAgents } from './hooks.js';

/** Agents that know the services of one discovery. */
export interface ServiceAgents {
  /** What stands for the agent: it has its connections, and knows services. */
  readonly front: <A extends Agent>(agent: A) => A;
  /** Makes the agent itself know services. */
  readonly teach: <A extends Agent>(agent: A) => A;
}

/** One set for each source, so that agents made for one client are those of the next. */
const sets = new WeakMap<object, ServiceAgents>();
const OWN_PROCESS = {};

export function serviceAgents(options: CallSourceOptions = {}): ServiceAgents {
  const key = options.discovery ?? OWN_PROCESS;
  let agents = sets.get(key);
  if (agents === undefined) {
    agents = makeAgents(callSource(options));
    sets.set(key, agents);
  }
  return agents;
}

function makeAgents(source: CallSource): ServiceAgents {
  const { frontOf, teach } = loadExplicitAgents(source, (host) => classifyHost(host) !== 'never');
  return { front: frontOf, teach };
}

/** The options of Node's agents, and where services come from. */
export type ServiceAgentOptions = AgentOptions & CallSourceOptions;
/** Options of an agent for `https`: those of Node, and where names are looked up. */
export type HttpsServiceAgentOptions = https.AgentOptions & CallSourceOptions;

/** `lb:` and `nacos:` say that the host is a service; the wire is http, or TLS where the instance wants it. */
const SERVICE_SCHEME = /^(?:lb|nacos):/i;

/** The same URL, with http for `lb:` and `nacos:`. */
export function plainScheme(url: string): string {
  return url.replace(SERVICE_SCHEME, 'http:');
}

/**
 * An agent for `http:` URLs whose calls go to instances when the host is a service. For any client that takes an agent: node-fetch, needle and so
 * on. Keeps connections unless `keepAlive: false`.
 * @example
 * await fetch('http://orders/today', { agent: createAgent() });
 */
export function createAgent({ discovery, ...options }: ServiceAgentOptions = {}): Agent {
  const agents = serviceAgents(discovery === undefined ? {} : { discovery });
  return agents.teach(new Agent({ keepAlive: true, ...options }));
}

/** The same for `https:` URLs. The certificate of an instance is checked against the name of the service. */
export function createHttpsAgent({
  discovery,
  ...options
}: HttpsServiceAgentOptions = {}): https.Agent {
  const agents = serviceAgents(discovery === undefined ? {} : { discovery });
  return agents.teach(new https.Agent({ keepAlive: true, ...options }));
}

/**
 * Owns the explicit adapter of node:http and node:https: `request` and `get` as Node has them, for hosts that are services, and agents for
 * clients which take one. Every other host goes the way it always goes.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import { urlToHttpOptions } from 'node:url';

import type { CallSourceOptions } from './call-source.js';
import { plainScheme, serviceAgents, type ServiceAgents } from './http-agent.js';

export {
  createAgent,
  createHttpsAgent,
  type HttpsServiceAgentOptions,
  type ServiceAgentOptions,
} from './http-agent.js';

type Listener = (response: http.IncomingMessage) => void;

/** As `http.request`, and as `https.request` for `https:`. */
export interface ServiceRequest {
  (options: https.RequestOptions | string | URL, listener?: Listener): http.ClientRequest;
  (url: string | URL, options: https.RequestOptions, listener?: Listener): http.ClientRequest;
}

/** `request` and `get` by the services of one discovery. */
export interface HttpByName {
  readonly request: ServiceRequest;
  readonly get: ServiceRequest;
}

/**
 * `request` and `get` of a discovery that your code made.
 * @example
 * const { get } = httpByName({ discovery });
 * get('http://orders/today', (response) => response.pipe(process.stdout));
 */
export function httpByName(options: CallSourceOptions = {}): HttpByName {
  const send = (
    first: https.RequestOptions | string | URL,
    second?: https.RequestOptions | Listener,
    third?: Listener,
  ): http.ClientRequest => {
    const listener = typeof second === 'function' ? second : third;
    const more = typeof second === 'object' ? second : {};
    return start({ ...optionsOf(first), ...more }, listener, serviceAgents(options));
  };
  const get: ServiceRequest = (
    first: https.RequestOptions | string | URL,
    second?: https.RequestOptions | Listener,
    third?: Listener,
  ) => {
    const request = send(first, second, third);
    request.end();
    return request;
  };
  return { request: send, get };
}

const own = httpByName();

/**
 * As `http.request` and `https.request`, with hosts that are services: single names, names with dots, `lb://` and `nacos://`.
 * @example
 * const sent = request('http://orders/today', { method: 'POST' }, (response) => response.resume());
 */
export const request: ServiceRequest = own.request;
/** `request`, ended at once. */
export const get: ServiceRequest = own.get;

function optionsOf(given: https.RequestOptions | string | URL): https.RequestOptions {
  if (typeof given === 'string') return urlToHttpOptions(new URL(plainScheme(given)));
  if (given instanceof URL) return urlToHttpOptions(new URL(plainScheme(given.href)));
  return given;
}

function start(
  given: https.RequestOptions,
  listener: Listener | undefined,
  agents: ServiceAgents,
): http.ClientRequest {
  const protocol = plainScheme(given.protocol ?? 'http:');
  const options = { ...given, protocol };
  const { Agent } = protocol === 'https:' ? https : http;
  let { agent } = given;
  if (agent === false) agent = new Agent();
  else if ((agent === undefined || agent === null) && given.createConnection !== undefined) {
    agent = Object.assign(new Agent(), { createConnection: given.createConnection });
  }
  // One that is no agent of Node's has its own ways.
  if (agent && !(agent instanceof http.Agent)) return sendBy(protocol, options, listener);
  const { globalAgent } = protocol === 'https:' ? https : http;
  const front = agents.front(agent ?? globalAgent);
  return sendBy(protocol, { ...options, agent: front }, listener);
}

function sendBy(
  protocol: string,
  options: https.RequestOptions,
  listener: Listener | undefined,
): http.ClientRequest {
  return protocol === 'https:' ? https.request(options, listener) : http.request(options, listener);
}

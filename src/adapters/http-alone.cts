/**
 * Owns calls by name of requests that have no agent but connect by `createConnection`, as WebSocket clients do (`ws`). Loaded by `http-hook.cts` at
 * the first such request. Node asks the field `agent` of the request when it is made: for a host that may be a service it finds a
 * stand-in there, once, which gets the options. A request that is none of ours then goes on exactly as Node has it.
 */
import { Agent } from 'node:http';
import type { Socket } from 'node:net';

import type { ProcessHub } from '../process-hub.js';
import { createHttpCalls, type AddRequest } from './http-calls.cjs';
import { watcherOf } from './http-cover.cjs';
import { coverCreateSocket } from './http-failover.cjs';
import {
  isHookedRequest,
  isObject,
  type HookedRequest,
  type RequestOptions,
  type RouterSource,
} from './http-request.cjs';
import { hookedHosts } from './service-host.cjs';

/** Prepares a request which is being made and has no agent. */
export function createAlone(
  hub: ProcessHub,
  source: RouterSource,
  original: AddRequest,
): (request: object) => void {
  const accepts = hookedHosts(hub);
  const calls = createHttpCalls({
    source,
    accepts,
    prepare: coverCreateSocket,
    proxies: () => [],
    original(agent, request, options) {
      if (!isHookedRequest(request) || !isObject(options)) return undefined;
      // With a target it is a call by name, which goes through an agent of its own.
      if (watcherOf(request) !== undefined) return original(agent, request, options);
      connectAlone(request, options);
      return undefined;
    },
  });
  const standIn = {
    // What a request without an agent starts with.
    keepAlive: true,
    addRequest(request: unknown, options: unknown): void {
      if (!isHookedRequest(request) || !isObject(options)) return;
      setAgent(request);
      writeHeaderAgain(request, options);
      Reflect.set(request, '_last', true);
      Reflect.set(request, 'shouldKeepAlive', false);
      calls(ownAgent(options), request, options);
    },
  };
  const field: PropertyDescriptor = {
    configurable: true,
    enumerable: true,
    get(this: object) {
      // Not yet set when the constructor looks here for defaults.
      const host: unknown = Reflect.get(this, 'host');
      return typeof host === 'string' && accepts(host) ? standIn : undefined;
    },
    set(this: object, value: unknown) {
      setAgent(this, value);
    },
  };
  return (request) => {
    Object.defineProperty(request, 'agent', field);
    // A request of another host has its plain field back as soon as it is made.
    process.nextTick(() => {
      if (Object.getOwnPropertyDescriptor(request, 'agent')?.get === field.get) setAgent(request);
    });
  };
}

function setAgent(request: object, value?: unknown): void {
  Object.defineProperty(request, 'agent', {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** An agent for this request alone, whose connections the user makes. */
function ownAgent(options: RequestOptions): Agent {
  const usual = options['_defaultAgent'];
  const isHttps = isObject(usual) && usual['protocol'] === 'https:';
  const { Agent: HttpsAgent } = isHttps
    ? (require('node:https') as typeof import('node:https'))
    : { Agent };
  const agent = new HttpsAgent();
  Reflect.set(agent, 'createConnection', options['createConnection']);
  return agent;
}

/** With a list of headers the request has written them already, and looked at the agent for it. */
function writeHeaderAgain(request: HookedRequest, { headers }: RequestOptions): void {
  const store: unknown = Reflect.get(request, '_storeHeader');
  if (!Array.isArray(headers) || typeof store !== 'function') return;
  Reflect.set(request, 'outputData', []);
  Reflect.set(request, 'outputSize', 0);
  Reflect.set(request, 'shouldKeepAlive', true);
  Reflect.apply(store, request, [`${request.method} ${request.path} HTTP/1.1\r\n`, headers]);
}

/** What Node does for a request without an agent. */
function connectAlone(request: HookedRequest, options: RequestOptions): void {
  const connect = options['createConnection'];
  if (typeof connect !== 'function') return;
  const { socketPath } = options;
  const given =
    options['path'] || socketPath ? { ...options, path: socketPath || undefined } : options;
  let isCreated = false;
  const created = (error: unknown, socket?: unknown): void => {
    if (isCreated) return;
    isCreated = true;
    if (error) process.nextTick(() => request.emit('error', error));
    else request.onSocket(socket as Socket);
  };
  try {
    const socket: unknown = Reflect.apply(connect, given, [given, created]);
    if (socket) created(null, socket);
  } catch (error) {
    created(error);
  }
}

/**
 * Owns what the http hook uses of Node's request and agent beyond their documented methods: `addRequest`, `createSocket`, `onSocket`
 * and the queue of an agent. Called by `http-calls.cts` and `http-failover.cts`. None of it is documented, so the process
 * tests run on every Node version that is supported.
 */
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

import type { CallInfo, CallRouter, CallTarget } from '../process-hub.js';

/** What `addRequest` gets: what the user gave to `request`, with `host` and `port` filled in. */
export type RequestOptions = Readonly<Record<PropertyKey, unknown>>;

/** One call by name on its way. It travels in the options, under a symbol, since agents pass those on. */
export interface NamedCall {
  readonly name: string;
  readonly info: CallInfo;
  readonly calls: CallRouter;
  /** The agent that the user's request came to. */
  readonly agent: Agent;
  /** Every target so far, the present one last. */
  readonly tried: readonly CallTarget[];
}

/** What the router may ask about a request. A body that is streamed into a request is gone once it is sent. */
export function infoOf(request: ClientRequest): CallInfo {
  return {
    method: request.method,
    path: request.path,
    isReplayable: false,
    header(name) {
      const value = request.getHeader(name);
      return value === undefined ? undefined : String(value);
    },
  };
}

export const NAMED_CALL = Symbol('nacos-serving.call');

/** `ClientRequest.onSocket`: gives a request its socket, or ends it. */
type OnSocket = (socket: Socket | null, error?: Error) => void;
export type HookedRequest = ClientRequest & { readonly onSocket: OnSocket };

export function isHookedRequest(value: unknown): value is HookedRequest {
  return isObject(value) && typeof value['onSocket'] === 'function';
}

export function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function namedCallOf(options: unknown): NamedCall | undefined {
  const call = isObject(options) ? options[NAMED_CALL] : undefined;
  // Only this package knows the symbol, so what stands under it is what it put there.
  return call === undefined ? undefined : (call as NamedCall);
}

/** Ends a request that has no socket: with this error, with what it was destroyed with, or as Node does when a socket is lost. */
export function endRequest(request: HookedRequest, error?: Error): void {
  // Node takes "no socket and no error" for a request that was destroyed, and for nothing else.
  if (error === undefined && !request.destroyed) request.destroy();
  request.onSocket(null, error);
}

/**
 * Calls `run` once the request is destroyed, and returns the function which stops that. A request without a socket tells nobody: its
 * `destroy` only takes a note for later. So the method is covered on this one object for as long as we wait.
 */
export function onceDestroyed(request: ClientRequest, run: () => void): () => void {
  const before = Object.getOwnPropertyDescriptor(request, 'destroy');
  const destroy: unknown = Reflect.get(request, 'destroy');
  if (typeof destroy !== 'function') return () => undefined;
  const restore = (): void => {
    const now = Object.getOwnPropertyDescriptor(request, 'destroy');
    if (now?.value !== covered) return;
    if (before === undefined) Reflect.deleteProperty(request, 'destroy');
    else Object.defineProperty(request, 'destroy', before);
  };
  function covered(this: unknown, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(destroy as () => unknown, this, args);
    restore();
    run();
    return result;
  }
  Object.defineProperty(request, 'destroy', {
    value: covered,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  return restore;
}

/** Takes the request out of the agent's queue. False when it is in none: it has got a socket, or never waited. */
export function takeFromQueue(agent: Agent, request: ClientRequest): boolean {
  const queues: unknown = Reflect.get(agent, 'requests');
  if (!isObject(queues)) return false;
  for (const [key, queue] of Object.entries(queues)) {
    if (!Array.isArray(queue)) continue;
    const at = queue.indexOf(request);
    if (at < 0) continue;
    queue.splice(at, 1);
    if (queue.length === 0) Reflect.deleteProperty(queues, key);
    return true;
  }
  return false;
}

export function isInQueue(agent: Agent, request: ClientRequest): boolean {
  const queues: unknown = Reflect.get(agent, 'requests');
  if (!isObject(queues)) return false;
  return Object.values(queues).some((queue) => Array.isArray(queue) && queue.includes(request));
}

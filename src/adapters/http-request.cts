/**
 * Owns what the http hook uses of Node's request and agent beyond their documented methods: `addRequest`, `createSocket`, `onSocket`, the
 * queue of an agent and the buffer of a request. Called by the other `http-*.cts` files. None of it is documented, so the process tests run
 * on every Node version that is supported.
 */
import type { Agent, ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

import type { CallRouter } from '../process-hub.js';

/** What `addRequest` gets: what the user gave to `request`, with `host` and `port` filled in. */
export type RequestOptions = Readonly<Record<PropertyKey, unknown>>;

/** Where the router of calls is got from. */
export interface RouterSource {
  /** undefined until `load` is through. */
  readonly current: CallRouter | undefined;
  /** Never rejects. */
  load(): Promise<CallRouter | undefined>;
}

/** `ClientRequest.onSocket`: gives a request its socket, or ends it. */
type OnSocket = (socket: Socket | null, error?: Error) => void;
export type HookedRequest = ClientRequest & { readonly onSocket: OnSocket };

export function isHookedRequest(value: unknown): value is HookedRequest {
  return isObject(value) && typeof value['onSocket'] === 'function';
}

export function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** Ends a request that has no socket: with this error, with what it was destroyed with, or as Node does when a socket is lost. */
export function endRequest(request: HookedRequest, error?: Error): void {
  // Node takes "no socket and no error" for a request that was destroyed, and for nothing else.
  if (error === undefined && !request.destroyed) request.destroy();
  request.onSocket(null, error);
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

/**
 * Changes the header of a request that has written it, as long as it is not sent: it was ended while we waited for the list, or its headers
 * were given as a list. False when it is gone, or not written yet.
 */
export function rewriteHeader(request: HookedRequest, change: (header: string) => string): boolean {
  const header: unknown = Reflect.get(request, '_header');
  const buffer: unknown = Reflect.get(request, 'outputData');
  const first: unknown = Array.isArray(buffer) ? buffer[0] : undefined;
  if (typeof header !== 'string') return false;
  if (Reflect.get(request, '_headerSent') === false) {
    Reflect.set(request, '_header', change(header));
    return true;
  }
  if (!isObject(first)) return false;
  const { data } = first;
  if (typeof data !== 'string' || !data.startsWith(header)) return false;
  const changed = change(header);
  Reflect.set(request, '_header', changed);
  Reflect.set(first, 'data', changed + data.slice(header.length));
  return true;
}

/**
 * Owns the place of calls by name in node:http(s), and so in every client that is built on them. Installed at preload by
 * `entry/register.cts`, also in processes that never call anything: so it is little, and what it does is loaded at the first
 * request (`http-calls.cts`). It wraps `Agent.prototype.addRequest`, which https agents and users' own agents inherit; requests
 * without an agent are seen as they find out that they have none (`http-alone.cts`).
 */
import { Agent, ClientRequest } from 'node:http';

import type { ProcessHub } from '../process-hub.js';
import { Fields } from './http-fields.cjs';
import type { RouterSource } from './http-request.cjs';

const HOOKED = Symbol.for('nacos-serving.http-hook');

export function installHttpHook(hub: ProcessHub): void {
  const { prototype } = Agent;
  const add: unknown = Reflect.get(prototype, 'addRequest');
  if (typeof add !== 'function' || Reflect.get(prototype, HOOKED) !== undefined) return;

  type HttpCalls = typeof import('./http-calls.cjs');
  type AddRequest = ReturnType<HttpCalls['createHttpCalls']>;
  const before = add as (this: Agent, ...args: readonly unknown[]) => unknown;
  const original: AddRequest = (agent, request, options) => before.call(agent, request, options);
  const source: RouterSource = {
    get current() {
      return hub.runtime?.calls;
    },
    load: async () => (await hub.load())?.calls,
  };
  let calls: AddRequest | undefined;
  function addRequest(
    this: Agent,
    request: unknown,
    options: unknown,
    ...more: unknown[]
  ): unknown {
    // With host, port and local address one by one, as callers of old had it.
    if (typeof options !== 'object') return before.call(this, request, options, ...more);
    calls ??= (require('./http-calls.cjs') as HttpCalls).callsOfHooks(hub, source, original);
    return calls(this, request, options);
  }
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'addRequest');
  Object.defineProperty(prototype, 'addRequest', { ...descriptor, value: addRequest });
  Object.defineProperty(prototype, HOOKED, { value: true });

  type HttpAlone = typeof import('./http-alone.cjs');
  let alone: ReturnType<HttpAlone['createAlone']> | undefined;
  coverAgentField((request) => {
    alone ??= (require('./http-alone.cjs') as HttpAlone).createAlone(hub, source, original);
    alone(request);
  });
}

/**
 * Calls `seen` with each request that has no agent, while it is made. The constructor of a request sets its field `agent` first of all, and asks it
 * last what to do: without one it connects by itself. Every request has the field as its own, as without us.
 */
function coverAgentField(seen: (request: object) => void): void {
  Object.defineProperty(ClientRequest.prototype, 'agent', {
    configurable: true,
    enumerable: false,
    get: () => undefined,
    set(this: object, value: unknown) {
      Fields.give(this, value);
      if (value === undefined) seen(this);
    },
  });
}

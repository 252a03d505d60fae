/**
 * Owns the place of calls by name in node:http(s), and so in every client that is built on them. Installed at preload by
 * `entry/register.cts`, also in processes that never call anything: so it is little, and what it does is loaded at the first
 * request (`http-calls.cts`). It wraps `Agent.prototype.addRequest`, which https agents and users' own agents inherit.
 * Requests without an agent (`createConnection`) are not reached.
 */
import { Agent } from 'node:http';

import type { ProcessHub } from '../process-hub.js';

const HOOKED = Symbol.for('nacos-serving.http-hook');

export function installHttpHook(hub: ProcessHub): void {
  const { prototype } = Agent;
  const add: unknown = Reflect.get(prototype, 'addRequest');
  if (typeof add !== 'function' || Reflect.get(prototype, HOOKED) !== undefined) return;

  type HttpCalls = typeof import('./http-calls.cjs');
  let calls: ReturnType<HttpCalls['createHttpCalls']> | undefined;
  function addRequest(this: Agent, ...args: unknown[]): unknown {
    calls ??= (require('./http-calls.cjs') as HttpCalls).createHttpCalls(hub, (agent, given) =>
      Reflect.apply(add as () => unknown, agent, given),
    );
    return calls(this, args);
  }
  const before = Object.getOwnPropertyDescriptor(prototype, 'addRequest');
  Object.defineProperty(prototype, 'addRequest', { ...before, value: addRequest });
  Object.defineProperty(prototype, HOOKED, { value: true });
}

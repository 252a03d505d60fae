/**
 * Owns agents of node:http(s) that know services, for the explicit adapters of clients which take an agent. Used by `http-agent.ts`. Nothing of
 * Node is covered for it: an agent is wrapped, or is one of ours. With the preload in as well a call is still made once.
 */
import type { Agent } from 'node:http';

import { createHttpCalls, type AddRequest } from './http-calls.cjs';
import { coverCreateSocket } from './http-failover.cjs';
import type { RouterSource } from './http-request.cjs';

type Method = (this: Agent, ...args: readonly unknown[]) => unknown;

export interface ExplicitAgents {
  /** What stands for `agent`: it has its connections, and knows services. Always the same one. */
  frontOf<A extends Agent>(agent: A): A;
  /** Makes the agent itself know services. */
  teach<A extends Agent>(agent: A): A;
}

export function createExplicitAgents(
  source: RouterSource,
  accepts: (host: string) => boolean,
): ExplicitAgents {
  /** Agents that are taught, and what they did before. */
  const before = new WeakMap<Agent, Method>();
  const fronts = new WeakMap<Agent, Agent>();
  // A method of every agent; of one that is taught it is ours.
  const methodOf = (agent: Agent): Method =>
    before.get(agent) ?? (Reflect.get(agent, 'addRequest') as Method);
  const original: AddRequest = (agent, request, options) =>
    methodOf(agent).call(agent, request, options);
  const calls = createHttpCalls({
    source,
    accepts,
    original,
    prepare: coverCreateSocket,
    // Who gives an agent to a client tells it of the proxy, or does not.
    proxies: () => [],
  });
  const put = (on: Agent, agent: Agent): void => {
    Object.defineProperty(on, 'addRequest', {
      value: (request: unknown, options: unknown, ...more: readonly unknown[]) =>
        typeof options !== 'object'
          ? methodOf(agent).call(agent, request, options, ...more)
          : calls(agent, request, options),
      writable: true,
      configurable: true,
      enumerable: false,
    });
  };
  return {
    frontOf<A extends Agent>(agent: A): A {
      const known = fronts.get(agent);
      // Made from an agent of this type below.
      if (known !== undefined) return known as A;
      if (before.has(agent)) return agent;
      const front = Object.create(agent) as A;
      put(front, agent);
      fronts.set(agent, front);
      fronts.set(front, front);
      return front;
    },
    teach(agent) {
      before.set(agent, Reflect.get(agent, 'addRequest') as Method);
      put(agent, agent);
      return agent;
    },
  };
}

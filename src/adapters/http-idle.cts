/**
 * Owns the idle connections to instances that are gone from the lists: they are closed in every agent that calls by name went through. A connection
 * in use serves its response to the end and is not kept. Called by `http-calls.cts`.
 */
import type { Agent } from 'node:http';
import type { Socket } from 'node:net';

import type { InstanceAddress } from '../model.js';
import type { CallRouter } from '../process-hub.js';

interface Idle {
  readonly known: WeakSet<Agent>;
  readonly agents: Set<WeakRef<Agent>>;
}

/** By router: that of the process, or of a discovery which code made. */
const idleOf = new WeakMap<CallRouter, Idle>();

/** Agents are held weakly: one that its user drops goes with its sockets. */
export function watchIdle(calls: CallRouter, agent: Agent): void {
  let idle = idleOf.get(calls);
  if (idle === undefined) {
    idle = { known: new WeakSet(), agents: new Set() };
    const { agents } = idle;
    calls.onGone((addresses) => closeIdle(agents, addresses));
    idleOf.set(calls, idle);
  }
  if (idle.known.has(agent) || Reflect.get(agent, 'keepAlive') !== true) return;
  idle.known.add(agent);
  idle.agents.add(new WeakRef(agent));
}

function closeIdle(agents: Set<WeakRef<Agent>>, addresses: readonly InstanceAddress[]): void {
  // The beginning of the key that an agent has for a host and port.
  const keys = addresses.map(({ ip, port }) => `${ip}:${String(port)}:`);
  for (const ref of agents) {
    const agent = ref.deref();
    if (agent === undefined) {
      agents.delete(ref);
      continue;
    }
    for (const socket of socketsOf(agent, 'freeSockets', keys)) socket.destroy();
    for (const socket of socketsOf(agent, 'sockets', keys)) {
      // Before the agent hears of it, which keeps no socket that is closed.
      socket.prependOnceListener('free', () => socket.destroy());
    }
  }
}

function socketsOf(
  agent: Agent,
  pool: 'freeSockets' | 'sockets',
  keys: readonly string[],
): readonly Socket[] {
  const found: Socket[] = [];
  for (const [key, sockets] of Object.entries(agent[pool])) {
    if (keys.some((start) => key.startsWith(start))) found.push(...(sockets ?? []));
  }
  return found;
}

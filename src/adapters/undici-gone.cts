/**
 * Owns closing idle sockets of undici to instances that are gone from their list. Told by the router, once for each that calls go by. A socket is
 * ended as if the other side had ended it, which undici is made for; those with a request on them are left to end by themselves.
 */
import { Socket } from 'node:net';

import type { InstanceAddress } from '../model.js';
import type { CallRouter } from '../process-hub.js';
import { isObject, underSymbol } from './undici-looks.cjs';
import { OpenedClients } from './undici-opened.cjs';

/** Dispatchers which have called instances, by router. Weak: they belong to their user. */
const watched = new WeakMap<CallRouter, Set<WeakRef<object>>>();

export function watchGone(router: CallRouter, dispatcher: object): void {
  let dispatchers = watched.get(router);
  if (dispatchers === undefined) {
    const made = new Set<WeakRef<object>>();
    router.onGone((addresses) => closeIdle(made, addresses));
    watched.set(router, made);
    dispatchers = made;
  }
  dispatchers.add(new WeakRef(dispatcher));
}

function closeIdle(dispatchers: Set<WeakRef<object>>, addresses: readonly InstanceAddress[]): void {
  const origins = new Set<string>();
  for (const { ip, port } of addresses) {
    const host = `${ip.includes(':') ? `[${ip}]` : ip}:${String(port)}`;
    origins.add(`http://${host}`).add(`https://${host}`);
  }
  for (const ref of dispatchers) {
    const dispatcher = ref.deref();
    if (dispatcher === undefined) dispatchers.delete(ref);
    else closeIdleOf(dispatcher, origins);
  }
}

/** An agent has a dispatcher for each origin; undici 8 may have two. */
function closeIdleOf(agent: object, origins: ReadonlySet<string>): void {
  if (agent instanceof OpenedClients) {
    const asUrls = new Set(
      [...origins].filter((origin) => URL.canParse(origin)).map((origin) => new URL(origin).origin),
    );
    for (const client of agent.of(asUrls)) closeSocket(client);
    return;
  }
  const byOrigin = underSymbol(agent, 'clients');
  if (!(byOrigin instanceof Map)) return;
  for (const [key, entry] of [...(byOrigin as ReadonlyMap<unknown, unknown>)]) {
    if (typeof key !== 'string' || !origins.has(key.replace(/#.*/, ''))) continue;
    const pool = isObject(entry) ? (entry['dispatcher'] ?? entry) : undefined;
    if (!isObject(pool)) continue;
    const clients = underSymbol(pool, 'clients');
    // Copied: a client may leave its pool when its socket ends.
    for (const client of Array.isArray(clients) ? [...(clients as unknown[])] : [pool]) {
      if (isObject(client)) closeSocket(client);
    }
  }
}

function closeSocket(client: object): void {
  const socket = underSymbol(client, 'socket');
  if (underSymbol(client, 'size') !== 0 || !(socket instanceof Socket)) return;
  // A WebSocket over HTTP/2 is no request any more, but open.
  const session = underSymbol(client, 'http2Session');
  if (!isObject(session)) {
    socket.destroy();
    return;
  }
  if (underSymbol(session, 'open streams') !== 0) return;
  // undici 7 has an exception when the socket of a session ends without a reason. This one is its own for a connection that is lost, which fails no call.
  socket.destroy(Object.assign(new Error('the instance is gone'), { code: 'UND_ERR_SOCKET' }));
}

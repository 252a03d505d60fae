/**
 * Owns which clients of undici are connected, for where dispatchers cannot be asked: an interceptor never sees the agent that it is composed with, but undici
 * tells of each connection on a channel of its own (`undici:client:connected`). Listened to from the first interceptor on; read by
 * `undici-gone.cts` when instances are gone. It keeps no client alive, and changes none.
 */
import { subscribe } from 'node:diagnostics_channel';

import { isObject, underSymbol } from './undici-looks.cjs';

const CONNECTED = 'undici:client:connected';
/** Clients that are there no more are taken out when this many have come; then when twice those that are left. */
const FIRST_SWEEP = 64;

/** All clients of undici in the process that have connected since it was made. */
export class OpenedClients {
  readonly #known = new WeakSet();
  readonly #clients = new Set<WeakRef<object>>();
  #sweepAt = FIRST_SWEEP;

  /** Of these origins, as a URL gives its `origin`. */
  of(origins: ReadonlySet<string>): readonly object[] {
    const found: object[] = [];
    for (const client of this.#living()) {
      const url = underSymbol(client, 'url');
      if (url instanceof URL && origins.has(url.origin)) found.push(client);
    }
    return found;
  }

  /** A message of the channel. A client connects any number of times. */
  add(message: unknown): void {
    const socket = isObject(message) ? message['socket'] : undefined;
    const client = isObject(socket) ? underSymbol(socket, 'client') : undefined;
    if (!isObject(client) || this.#known.has(client)) return;
    this.#known.add(client);
    this.#clients.add(new WeakRef(client));
    if (this.#clients.size < this.#sweepAt) return;
    this.#sweepAt = Math.max(FIRST_SWEEP, 2 * this.#living().length);
  }

  #living(): readonly object[] {
    const living: object[] = [];
    for (const ref of this.#clients) {
      const client = ref.deref();
      if (client === undefined || Reflect.get(client, 'destroyed') === true) {
        this.#clients.delete(ref);
      } else {
        living.push(client);
      }
    }
    return living;
  }
}

let opened: OpenedClients | undefined;

export function openedClients(): OpenedClients {
  if (opened !== undefined) return opened;
  const made = new OpenedClients();
  subscribe(CONNECTED, (message) => {
    made.add(message);
  });
  opened = made;
  return made;
}

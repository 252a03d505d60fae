/**
 * Owns the change notices of configs: one to every listening connection, without content, repeated until it is acked.
 * Called when the store serves something else than before. A client that never acks loses its connection in the end.
 * Source: docs/protocol.md#listen (Nacos `RpcConfigChangeNotifier`).
 */
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import type { JsonObject } from '../wire/json.js';
import { CONFIG_CHANGE_NOTIFY_REQUEST, type ConfigRef } from '../wire/messages/config.js';
import type { Connections } from './connections.js';
import type { ConfigListeners } from './store/config-listeners.js';

export interface ConfigPushParts {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly listeners: ConfigListeners;
}

const ACK_WAIT_MS = 3000;
/** Times the number of tries so far. */
const RETRY_STEP_MS = 2000;
const MAX_TRIES = 50;

export class ConfigPushes {
  readonly #parts: ConfigPushParts;
  readonly #retries = new Set<Timer>();

  constructor(parts: ConfigPushParts) {
    this.#parts = parts;
  }

  changed(ref: ConfigRef): void {
    for (const [connectionId, tenant] of this.#parts.listeners.of(ref)) {
      const { dataId, group } = ref;
      // The default namespace is left out, as by real servers (trap 18).
      const named = tenant === '' ? {} : { tenant };
      const body = { module: 'config', dataId, group, ...named };
      runInBackground(this.#push(connectionId, body, 1));
    }
  }

  /** Drops what waits for another try. */
  clear(): void {
    for (const timer of this.#retries) timer.cancel();
    this.#retries.clear();
  }

  async #push(connectionId: string, body: JsonObject, attempt: number): Promise<void> {
    const connection = this.#parts.connections.byId(connectionId);
    if (connection === undefined) return;
    const result = await connection.request(CONFIG_CHANGE_NOTIFY_REQUEST, body, ACK_WAIT_MS);
    if (result !== 'failed') return;
    if (attempt >= MAX_TRIES) {
      connection.close();
      return;
    }
    const timer = this.#parts.clock.after(attempt * RETRY_STEP_MS, () => {
      this.#retries.delete(timer);
      runInBackground(this.#push(connectionId, body, attempt + 1));
    });
    this.#retries.add(timer);
  }
}

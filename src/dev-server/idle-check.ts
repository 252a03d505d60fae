/**
 * Owns the search for connections that fell silent. Started by the server, stopped with it. A silent client is asked
 * once; without an ack its connection is closed and all it owned is gone.
 * Source: docs/protocol.md#liveness (Nacos `NacosRuntimeConnectionEjector`).
 */
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import { CLIENT_DETECTION_REQUEST } from '../wire/messages/connection.js';
import type { Connection, Connections } from './connections.js';

export interface IdleCheckParts {
  readonly clock: Clock;
  readonly connections: Connections;
  /** A frozen server stands still: it asks nobody. */
  readonly isPaused: () => boolean;
}

const FIRST_SCAN_MS = 1000;
const SCAN_PERIOD_MS = 3000;
const IDLE_LIMIT_MS = 20_000;
const ACK_WAIT_MS = 5000;

export class IdleCheck {
  readonly #parts: IdleCheckParts;
  readonly #asked = new Set<Connection>();
  #timer: Timer | undefined;

  constructor(parts: IdleCheckParts) {
    this.#parts = parts;
  }

  start(): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(FIRST_SCAN_MS, () => {
      this.#scan();
      this.#timer = clock.every(SCAN_PERIOD_MS, () => this.#scan());
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #scan(): void {
    if (this.#parts.isPaused()) return;
    for (const connection of this.#parts.connections.all()) {
      if (connection.idleMs >= IDLE_LIMIT_MS && !this.#asked.has(connection)) {
        runInBackground(this.#ask(connection));
      }
    }
  }

  async #ask(connection: Connection): Promise<void> {
    this.#asked.add(connection);
    const body = { module: 'internal' };
    const result = await connection.request(CLIENT_DETECTION_REQUEST, body, ACK_WAIT_MS);
    this.#asked.delete(connection);
    if (result !== 'acked') connection.close();
  }
}

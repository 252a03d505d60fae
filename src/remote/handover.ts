/**
 * Owns the connections which a newer one has replaced while they still worked. Used by the session when a server asked us to
 * move. Each lives on until what stood on it stands on the new one, so that no instance is missing from the registry in
 * between, but never longer than a bound: it has no heartbeat any more.
 */
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import type { Connection } from './transport.js';

/** Servers of a cluster tell each other of a registration within this time. */
const OVERLAP_MS = 1000;
const LONGEST_MS = 10_000;

export class Handover {
  readonly #clock: Clock;
  readonly #old = new Map<Connection, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends `connection` once `takenOver` has settled and the overlap is over. */
  keep(connection: Connection, takenOver: Promise<unknown>): void {
    const end = (): void => this.end(connection);
    const startMs = this.#clock.nowMs();
    this.#old.set(connection, this.#clock.after(LONGEST_MS, end));
    const shorten = (): void => {
      const timer = this.#old.get(connection);
      if (timer === undefined) return;
      timer.cancel();
      const leftMs = startMs + OVERLAP_MS - this.#clock.nowMs();
      if (leftMs <= 0) end();
      else this.#old.set(connection, this.#clock.after(leftMs, end));
    };
    runInBackground(takenOver.then(shorten, shorten));
  }

  end(connection: Connection): void {
    this.#old.get(connection)?.cancel();
    this.#old.delete(connection);
    connection.close();
  }

  close(): void {
    for (const connection of [...this.#old.keys()]) this.end(connection);
  }
}

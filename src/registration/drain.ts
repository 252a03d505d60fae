/**
 * Owns how the app's HTTP servers finish: callers are sent away while it leaves, and, when the app has no signal handler of its own,
 * no new connections, idle ones closed, requests in flight answered. Used by the shutdown. Bounded; it never cuts a
 * request short by itself, and never waits for a connection that owes no answer.
 */
import type { Server } from 'node:net';

import type { Clock } from '../util/clock.js';
import { createDeferred, delay, runInBackground, waitWithin } from '../util/deferred.js';
import { mayShareAddresses } from './family/shared-naming.js';
import { followConnections, type OpenConnections } from './open-connections.js';

/** Connections that become idle after the last look are closed with the next one. */
const LOOK_MS = 50;
/** A connection that has just been made may be about to bring a request: so many looks in a row have to find no work. */
const IDLE_LOOKS = 5;
/**
 * The primary of a cluster hands connections to a worker until it has heard that the server is closed. Those on their way go back to it as long as the
 * worker lives; with its end they would be lost, and their callers wait for ever.
 */
const HANDED_BACK_MS = 100;

export interface Drain {
  /** Follows its connections from now on: the server itself tells nobody which ones it has. Idempotent. */
  watch(server: Server): void;
  /** The next response of each connection of this server, or of all, is its last. */
  sendAway(server?: Server): void;
  /** Takes `sendAway` back. */
  keep(): void;
  /** Resolves when every watched server is closed or has no work left, or after `timeoutMs`. Never rejects. */
  run(timeoutMs: number): Promise<void>;
}

/** `isWorker`: of a cluster. */
export function createDrain(clock: Clock, isWorker: () => boolean = mayShareAddresses): Drain {
  const followed = new WeakMap<Server, OpenConnections>();
  const open = new Map<Server, OpenConnections>();
  return {
    watch(server) {
      const known = followed.get(server);
      const connections = known ?? followConnections(server);
      open.set(server, connections);
      // It may have been sent away before it was closed and listened again.
      connections.keep();
      if (known !== undefined) return;
      followed.set(server, connections);
      server.on('close', () => {
        // The event of a close may come when it listens again.
        if (!server.listening) open.delete(server);
      });
    },
    sendAway(server) {
      for (const [one, connections] of open) {
        if (server === undefined || server === one) connections.sendAway();
      }
    },
    keep() {
      for (const connections of open.values()) connections.keep();
    },
    async run(timeoutMs) {
      const done = createDeferred<void>();
      const servers = [...open.keys()];
      const handedBack = Promise.all(servers.map(close)).then(() =>
        servers.length > 0 && isWorker()
          ? delay(clock, HANDED_BACK_MS, { holdsProcess: true })
          : undefined,
      );
      runInBackground(handedBack.then(() => done.resolve()));
      let idleLooks = 0;
      const look = (): void => {
        let busy = false;
        for (const connections of open.values()) {
          busy ||= connections.isBusy;
          connections.closeIdle();
        }
        idleLooks = busy ? 0 : idleLooks + 1;
        if (idleLooks > IDLE_LOOKS) done.resolve();
      };
      look();
      const timer = clock.every(LOOK_MS, look);
      const timeUp = new Error('requests were still in flight');
      try {
        await waitWithin(done.promise, { clock, timeoutMs, onTimeout: () => timeUp });
      } catch {
        // Out of time: the process ends with what is left, as it would have at once without us.
      } finally {
        timer.cancel();
      }
    },
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // With an error when it was closed before: all the better.
    server.close(() => resolve());
  });
}

/**
 * Owns how the app's HTTP servers finish when nobody else does it: no new connections, idle ones closed, requests in flight
 * answered. Used by the shutdown, only when the app has no signal handler of its own. Bounded; it never cuts a request
 * short by itself.
 */
import type { Server } from 'node:net';

import type { Clock } from '../util/clock.js';
import { waitWithin } from '../util/deferred.js';

/** Connections that become idle after the last look are closed with the next one. */
const LOOK_MS = 50;

export interface Drain {
  /** Follows the sessions of an http2 server from now on: the server itself tells nobody which ones it has. */
  watch(server: Server): void;
  /** Resolves when every watched server is closed, or after `timeoutMs`. Never rejects. */
  run(timeoutMs: number): Promise<void>;
}

export function createDrain(clock: Clock): Drain {
  const open = new Map<Server, Set<object>>();
  return {
    watch(server) {
      if (open.has(server)) return;
      const sessions = new Set<object>();
      open.set(server, sessions);
      server.once('close', () => open.delete(server));
      // Never emitted by http and https.
      server.on('session', (session: unknown) => follow(session, sessions));
    },
    async run(timeoutMs) {
      const closed = Promise.all([...open.keys()].map(close));
      const look = (): void => {
        for (const [server, sessions] of open) {
          call(server, 'closeIdleConnections');
          // Says goodbye to the peer, and closes when the last stream has ended.
          for (const session of sessions) call(session, 'close');
        }
      };
      look();
      const timer = clock.every(LOOK_MS, look);
      const timeUp = new Error('requests were still in flight');
      try {
        await waitWithin(closed, { clock, timeoutMs, onTimeout: () => timeUp });
      } catch {
        // Out of time: the process ends with what is left, as it would have at once without us.
      } finally {
        timer.cancel();
      }
    },
  };
}

function follow(session: unknown, sessions: Set<object>): void {
  if (typeof session !== 'object' || session === null) return;
  sessions.add(session);
  call(session, 'once', 'close', () => sessions.delete(session));
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // With an error when it was closed before: all the better.
    server.close(() => resolve());
  });
}

/** Calls a method that not every kind of server or session has. */
function call(target: object, method: string, ...args: readonly unknown[]): void {
  const found: unknown = Reflect.get(target, method);
  if (typeof found === 'function') Reflect.apply(found, target, args);
}

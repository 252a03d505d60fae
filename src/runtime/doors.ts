/**
 * Owns what of this process can be asked from outside: the health server, the health path on the app's servers, the control socket. Opened by
 * the process runtime, each only when an option or a registration asks for it, and loaded only then.
 */
import type { Server } from 'node:net';

import type { Logger } from '../logger.js';
import type { ResolvedOptions } from '../options/schema.js';
import type { ProcessRuntime } from '../process-hub.js';
import { runInBackground } from '../util/deferred.js';
import type { Surroundings } from './surroundings.js';

export interface DoorsOptions {
  readonly runtime: ProcessRuntime;
  readonly options: ResolvedOptions;
  readonly around: Surroundings;
  readonly logger: Logger;
}

export interface Doors {
  /** Something is registered now. Idempotent. */
  open(): void;
  /** Answers this path of a server of ours from now on; undefined for none. Idempotent for the same server. */
  answerHealth(server: Server | undefined, path: string | undefined): void;
}

export function openDoors({ runtime, options, around, logger }: DoorsOptions): Doors {
  const { health, control } = options;
  let opened = false;
  if (health.port !== undefined) {
    const { port } = health;
    runInBackground(
      loadHealth().then(({ openHealthServer, healthAnswer }) => {
        openHealthServer({ port, answer: () => healthAnswer(runtime), logger });
      }),
    );
  }
  return {
    open() {
      if (opened || !control.enabled) return;
      opened = true;
      runInBackground(
        import('./control-socket.js').then(({ openControlSocket }) => {
          openControlSocket({ runtime, pid: around.pid, around, logger });
        }),
      );
    },
    answerHealth(server, path) {
      if (path === undefined || server === undefined) return;
      runInBackground(
        loadHealth().then(({ answerHealthOn, healthAnswer }) => {
          answerHealthOn(server, path, () => healthAnswer(runtime));
        }),
      );
    },
  };
}

async function loadHealth() {
  const [server, answer] = await Promise.all([import('./health-server.js'), import('./health.js')]);
  return { ...server, ...answer };
}

/**
 * Owns what a held signal waits for: out of the registry first, then a quiet time in which callers hear of it while the app
 * still serves, then (for an app without handlers of its own) the draining of its servers. Called by the signal gate
 * through the hub; made by the runtime. Everything together stays within one bound. It does not end the process.
 *
 * States: running -leave-> deregistering -> quiet -drain-> draining -> done.
 */
import type { Logger } from '../logger.js';
import type { ListeningServer, SignalHold } from '../process-hub.js';
import type { Clock } from '../util/clock.js';
import { asError, delay, waitWithin } from '../util/deferred.js';
import { createDrain } from './drain.js';
import type { Registrar } from './registrar.js';

export interface ShutdownOptions {
  readonly registrar: Pick<Registrar, 'leave'>;
  /** Ends the connection to Nacos. */
  readonly closeClient: () => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Option `shutdown.timeout`: bounds everything. Default 10,000. */
  readonly timeoutMs?: number;
  /** Option `shutdown.quiet_time`, inside the bound. Default 1000. */
  readonly quietTimeMs?: number;
  /** Option `shutdown.deregister`. Off: the server drops the instance with the connection. Default true. */
  readonly deregister?: boolean;
  /** The process runs under pm2 (it has a variable `pm_id`), which kills after 1.6 s. Default false. */
  readonly pm2?: boolean;
}

export interface Shutdown extends SignalHold {
  /** Servers to drain; they are forgotten by themselves once they are closed. */
  serverUp(server: ListeningServer): void;
}

const TIMEOUT_MS = 10_000;
const QUIET_MS = 1000;
const PM2_TIMEOUT_MS = 1500;
/** For the server's answer: a dead connection must not eat up the time for draining. */
const LEAVE_MS = 3000;
const LEAVE_SHARE = 1 / 3;
/** For the goodbye to Nacos, which loses nothing when it is cut short. */
const CLOSE_MS = 500;

export function createShutdown(options: ShutdownOptions): Shutdown {
  const { registrar, clock, logger } = options;
  const wantedMs = options.timeoutMs ?? TIMEOUT_MS;
  const boundMs = options.pm2 === true ? Math.min(wantedMs, PM2_TIMEOUT_MS) : wantedMs;
  const drain = createDrain(clock);
  /** The bound starts with the signal. */
  let endMs = 0;
  const leftMs = (): number => Math.max(0, endMs - clock.nowMs());

  return {
    serverUp: ({ local }) => {
      if (local !== undefined) drain.watch(local);
    },

    async leave(signal) {
      endMs = clock.nowMs() + boundMs;
      const timeoutMs = Math.min(LEAVE_MS, boundMs * LEAVE_SHARE);
      if (options.deregister === false) return;
      try {
        logger.info(`${signal}: leaving Nacos, then the signal goes on to the app`);
        // Without its answer callers hear nothing, and then there is nothing to wait for.
        if (!(await registrar.leave({ timeoutMs }))) return;
        const quietMs = Math.min(options.quietTimeMs ?? QUIET_MS, leftMs());
        if (quietMs > 0) await delay(clock, quietMs, { holdsProcess: true });
      } catch (error) {
        // The signal must arrive whatever happens here.
        logger.warn(`leaving Nacos failed: ${asError(error).message}`);
      }
    },

    async drain() {
      await drain.run(leftMs());
      const timeUp = new Error('no answer');
      try {
        const timeoutMs = Math.min(CLOSE_MS, leftMs());
        await waitWithin(options.closeClient(), { clock, timeoutMs, onTimeout: () => timeUp });
      } catch (error) {
        // The connection ends with the process.
        logger.debug(`closing the connection to Nacos failed: ${asError(error).message}`);
      }
    },
  };
}

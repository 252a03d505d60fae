/**
 * Owns what a held signal and a held `server.close()` wait for: out of the registry first, then a quiet time in which callers hear of
 * it while the app still serves, then (for an app without handlers of its own) the draining of its servers. Called by
 * the signal gate and the close gate through the hub; made by the runtime. Everything together stays within one bound.
 * It does not end the process.
 *
 * States: running -leave-> deregistering -> quiet -drain-> draining -> done;
 * quiet -delivered-> handled -still there 30 s later-> running.
 */
import type { Server } from 'node:net';

import type { Logger } from '../logger.js';
import type { ListeningServer, SignalHold } from '../process-hub.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, delay, waitWithin } from '../util/deferred.js';
import { createDrain, type Drain } from './drain.js';
import type { RemoveOptions } from './registration-options.js';

/** What of the registrar, or of all of them, the shutdown uses. */
export interface LeavingRegistrar {
  /** Takes out everything. True when the server confirmed it, so that callers will hear of it. Never rejects. */
  leave(options?: RemoveOptions): Promise<boolean>;
  /** The same for what this server has in the registry; undefined when it has nothing there. */
  leaveServer(server: ListeningServer, options?: RemoveOptions): Promise<boolean> | undefined;
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
}

export interface ShutdownOptions {
  readonly registrar: LeavingRegistrar;
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
  /** The app has handled the signal and goes on, for good as it seems. */
  readonly onStay?: () => void;
  /** After so long an app that has handled a signal was not told to end. Default 30,000, what Kubernetes gives before it kills. */
  readonly staysMs?: number;
}

export interface Shutdown extends SignalHold {
  /** Servers to drain. One that has closed is forgotten by itself. */
  serverUp(server: ListeningServer): void;
  /** Needed for servers that do not live in this thread: nobody else says that they have gone. */
  serverDown(server: ListeningServer): void;
  /** See `ProcessRuntime.serverClosing`. */
  serverClosing(server: ListeningServer): Promise<void> | undefined;
}

const TIMEOUT_MS = 10_000;
const QUIET_MS = 1000;
const STAYS_MS = 30_000;
const PM2_TIMEOUT_MS = 1500;
/** For the server's answer: a dead connection must not eat up the time for draining. */
const LEAVE_MS = 3000;
const LEAVE_SHARE = 1 / 3;
/** For the goodbye to Nacos, which loses nothing when it is cut short. */
const CLOSE_MS = 500;

export function createShutdown(options: ShutdownOptions): Shutdown {
  return new ProcessShutdown(options);
}

class ProcessShutdown implements Shutdown {
  readonly #options: ShutdownOptions;
  readonly #drain: Drain;
  readonly #boundMs: number;
  readonly #up = new Map<object, ListeningServer>();
  /** Those of `#up` that a signal has taken out. */
  #out = new Map<object, ListeningServer>();
  /** While a signal is held. */
  #leaving: Promise<void> | undefined;
  /** The bound starts with the signal. */
  #endMs = 0;
  #staying: Timer | undefined;

  constructor(options: ShutdownOptions) {
    this.#options = options;
    this.#drain = createDrain(options.clock);
    const wantedMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#boundMs = options.pm2 === true ? Math.min(wantedMs, PM2_TIMEOUT_MS) : wantedMs;
  }

  serverUp(server: ListeningServer): void {
    this.#up.set(server.server, server);
    this.#out.delete(server.server);
    if (server.local !== undefined) this.#drain.watch(server.local);
  }

  serverDown(server: ListeningServer): void {
    this.#up.delete(server.server);
    this.#out.delete(server.server);
  }

  leave(signal: string): Promise<void> {
    this.#endMs = this.#options.clock.nowMs() + this.#boundMs;
    const leaving = this.#leave(signal).finally(() => {
      this.#leaving = undefined;
    });
    this.#leaving = leaving;
    return leaving;
  }

  serverClosing(server: ListeningServer): Promise<void> | undefined {
    const { registrar, clock, deregister } = this.#options;
    if (deregister === false) return undefined;
    if (this.#leaving !== undefined) return this.#leaving;
    const endMs = clock.nowMs() + this.#boundMs;
    const left = registrar.leaveServer(server, { timeoutMs: this.#leaveMs() });
    if (left === undefined) return undefined;
    this.#options.logger.info('server.close(): leaving Nacos, then the server closes');
    return this.#quiet(left, endMs, server.local);
  }

  async drain(): Promise<void> {
    const { clock, logger, closeClient } = this.#options;
    await this.#drain.run(this.#leftMs());
    const timeUp = new Error('no answer');
    try {
      const timeoutMs = Math.min(CLOSE_MS, this.#leftMs());
      await waitWithin(closeClient(), { clock, timeoutMs, onTimeout: () => timeUp });
    } catch (error) {
      // The connection ends with the process.
      logger.debug(`closing the connection to Nacos failed: ${asError(error).message}`);
    }
  }

  delivered(): void {
    const { clock, staysMs = STAYS_MS } = this.#options;
    this.#staying?.cancel();
    this.#staying = clock.after(staysMs, () => this.#comeBack());
  }

  async #leave(signal: string): Promise<void> {
    const { registrar, logger, deregister } = this.#options;
    if (deregister === false) return;
    logger.info(`${signal}: leaving Nacos, then the signal goes on to the app`);
    this.#out = new Map(this.#up);
    await this.#quiet(registrar.leave({ timeoutMs: this.#leaveMs() }), this.#endMs);
  }

  /** Never rejects: what is held has to go on whatever happens here. */
  async #quiet(left: Promise<boolean>, endMs: number, server?: Server): Promise<void> {
    const { clock, logger, quietTimeMs = QUIET_MS } = this.#options;
    try {
      this.#drain.sendAway(server);
      // Without its answer callers hear nothing, and then there is nothing to wait for.
      if (!(await left)) return;
      const quietMs = Math.min(quietTimeMs, endMs - clock.nowMs());
      if (quietMs > 0) await delay(clock, quietMs, { holdsProcess: true });
    } catch (error) {
      logger.warn(`leaving Nacos failed: ${asError(error).message}`);
    }
  }

  #comeBack(): void {
    const { registrar, logger, onStay } = this.#options;
    onStay?.();
    this.#drain.keep();
    const still = [...this.#out.values()].filter(({ local }) => local?.listening !== false);
    this.#out.clear();
    if (still.length === 0) return;
    logger.info('the app has handled the signal and goes on: back into Nacos');
    for (const server of still) {
      // It knows it as one that it has taken out for good.
      registrar.serverDown(server);
      registrar.serverUp(server);
    }
  }

  #leaveMs(): number {
    return Math.min(LEAVE_MS, this.#boundMs * LEAVE_SHARE);
  }

  #leftMs(): number {
    return Math.max(0, this.#endMs - this.#options.clock.nowMs());
  }
}

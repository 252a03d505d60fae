/**
 * Owns what of this process can be asked from outside: the health server, health and metrics on the app's servers, the control socket. Opened by
 * the process runtime, each only when an option or a registration asks for it, and loaded only then.
 */
import type { Server } from 'node:net';

import type { Logger } from '../logger.js';
import type { PrometheusMetrics } from '../metrics/prometheus.js';
import type { ResolvedOptions } from '../options/schema.js';
import type { ProcessRuntime } from '../process-hub.js';
import { systemClock } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import type { ControlSocket } from './control-socket.js';
import type { Surroundings } from './surroundings.js';

export interface DoorsOptions {
  readonly runtime: ProcessRuntime;
  readonly options: ResolvedOptions;
  readonly around: Surroundings;
  readonly logger: Logger;
  /** This server is registered, will be or was: a health path is not for the others. */
  readonly serves: (server: object) => boolean;
}

export interface Doors {
  /** While something is registered there is a control socket. */
  setActive(active: boolean): void;
  /**
   * This process serves something: from now on the health server answers, and so do the paths of these options on the server, when it is in
   * this thread. Idempotent.
   */
  serverUp(server: Server | undefined, own: Pick<ResolvedOptions, 'health' | 'metrics'>): void;
}

export function openDoors(options: DoorsOptions): Doors {
  const doors = new ProcessDoors(options);
  // Counts from the beginning, whoever asks and when.
  if (options.options.metrics.path !== undefined) {
    runInBackground(doors.countMetrics());
  }
  return doors;
}

class ProcessDoors implements Doors {
  readonly #options: DoorsOptions;
  #active = false;
  #control: ControlSocket | undefined;
  #healthServer = false;
  #metrics: Promise<PrometheusMetrics> | undefined;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  setActive(active: boolean): void {
    if (active === this.#active || !this.#options.options.control.enabled) return;
    this.#active = active;
    if (active) {
      runInBackground(this.#openControl());
      return;
    }
    const control = this.#control;
    this.#control = undefined;
    if (control !== undefined) runInBackground(control.close());
  }

  serverUp(server: Server | undefined, own: Pick<ResolvedOptions, 'health' | 'metrics'>): void {
    const { port } = this.#options.options.health;
    if (port !== undefined && !this.#healthServer) {
      this.#healthServer = true;
      runInBackground(this.#openHealth(port));
    }
    if (server === undefined) return;
    if (own.health.path !== undefined) runInBackground(this.#answerOn(server, own.health.path));
    // A port of its own is for those who watch, the other one perhaps for everybody.
    if (own.metrics.path !== undefined && port === undefined) {
      runInBackground(this.#showMetricsOn(server, own.metrics.path));
    }
  }

  countMetrics(): Promise<PrometheusMetrics> {
    this.#metrics ??= loadMetrics();
    return this.#metrics;
  }

  async #openControl(): Promise<void> {
    const { runtime, around, logger } = this.#options;
    const { openControlSocket } = await import('./control-socket.js');
    // Off and on again while it was loaded: one of the two is enough.
    if (!this.#active || this.#control !== undefined) return;
    this.#control = openControlSocket({
      runtime,
      pid: around.pid,
      around,
      logger,
      clock: systemClock,
    });
  }

  async #openHealth(port: number): Promise<void> {
    const { runtime, options, logger } = this.#options;
    const { openHealthServer, healthAnswer } = await loadHealth();
    const { path } = options.metrics;
    const kept = path === undefined ? undefined : await this.countMetrics();
    const metrics =
      path === undefined || kept === undefined ? undefined : { path, answer: () => kept.answer() };
    openHealthServer({ port, answer: () => healthAnswer(runtime), metrics, logger });
  }

  async #answerOn(server: Server, path: string): Promise<void> {
    const { runtime, serves } = this.#options;
    const { answerRouteOn, healthAnswer } = await loadHealth();
    const answer = () => (serves(server) ? healthAnswer(runtime) : undefined);
    answerRouteOn(server, { kind: 'health', path, answer });
  }

  async #showMetricsOn(server: Server, path: string): Promise<void> {
    const { serves } = this.#options;
    const [{ answerRouteOn }, metrics] = await Promise.all([loadHealth(), this.countMetrics()]);
    const answer = () => (serves(server) ? metrics.answer() : undefined);
    answerRouteOn(server, { kind: 'metrics', path, answer });
  }
}

async function loadMetrics(): Promise<PrometheusMetrics> {
  const { PrometheusMetrics } = await import('../metrics/prometheus.js');
  const metrics = new PrometheusMetrics();
  metrics.start();
  return metrics;
}

async function loadHealth() {
  const [server, route, answer] = await Promise.all([
    import('./health-server.js'),
    import('./health-route.js'),
    import('./health.js'),
  ]);
  return { ...server, ...route, ...answer };
}

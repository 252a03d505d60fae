/**
 * Owns whether one server may take traffic: first its delay, then the probe of its path until the first good answer, and all the time the
 * user's word (`setReady`). Made by the registrar for each server it registers; registration.ts does what follows from it.
 *
 * States: shut -delay over, probe answered, user agrees-> open; open <-user-> shut. Shut for 30 s at the start, it says so once.
 */
import type { Logger } from '../logger.js';
import { hostPort } from '../model.js';
import type { ListeningServer } from '../process-hub.js';
import type { Clock, Timer } from '../util/clock.js';
import { delay, runInBackground } from '../util/deferred.js';
import type { ProbeOwnServer } from './http-probe.js';

/** Options `readiness.*`: all of them have to be fulfilled before the instance takes traffic. */
export interface ReadinessOptions {
  /** Default 0. Counts from the moment the server is known to listen. */
  readonly delayMs?: number;
  /** Has to answer with a 2xx status on the registered server. Default: no probe. */
  readonly path?: string | undefined;
  /** Between two probes. Default 1000. */
  readonly intervalMs?: number;
  /** Registered at once with `enabled: false`, and flipped. Default false: registered when ready. */
  readonly registerDisabled?: boolean;
  /** Shut until `setReady(true)`. Default false. */
  readonly hold?: boolean;
}

export interface ReadinessInput {
  readonly server: ListeningServer;
  readonly options: ReadinessOptions;
  /** What the user has said so far. */
  readonly agreed: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly probe: ProbeOwnServer;
  readonly onChange: () => void;
}

const INTERVAL_MS = 1000;
const PROBE_TIMEOUT_MS = 3000;
const LATE_MS = 30_000;

export class Readiness {
  readonly #input: ReadinessInput;
  readonly #abort = new AbortController();
  #started = false;
  #answers: boolean;
  #agreed: boolean;
  #detail = '';
  #late: Timer | undefined;

  constructor(input: ReadinessInput) {
    this.#input = input;
    this.#agreed = input.agreed;
    const { delayMs = 0, path } = input.options;
    this.#answers = delayMs === 0 && path === undefined;
  }

  get isOpen(): boolean {
    return this.#answers && this.#agreed;
  }

  /** `readiness.path /ready: status 503`; undefined when it is open. */
  get waitsFor(): string | undefined {
    if (this.#answers) return this.#agreed ? undefined : 'the app says it is not ready';
    return this.#detail;
  }

  /** Idempotent; the delay counts from the first call. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    if (!this.isOpen) runInBackground(this.#open());
  }

  setReady(ready: boolean): void {
    const before = this.isOpen;
    this.#agreed = ready;
    if (this.isOpen !== before) this.#changed();
  }

  /** Ends the waits; what it says stays. */
  close(): void {
    this.#abort.abort();
    this.#late?.cancel();
  }

  async #open(): Promise<void> {
    const { clock, options } = this.#input;
    const { signal } = this.#abort;
    const { delayMs = 0, path } = options;
    try {
      this.#detail = `readiness.delay of ${String(delayMs / 1000)} s`;
      if (delayMs > 0) await delay(clock, delayMs, { signal });
      // A delay is known to be long by who sets it; what comes after it may hang.
      if (!signal.aborted) this.#late = clock.after(LATE_MS, () => this.#sayLate());
      if (path !== undefined) await this.#probe(path);
    } catch {
      // Closed: nobody wants to know any more.
      return;
    }
    if (this.#answers) return;
    this.#answers = true;
    if (this.isOpen) this.#changed();
  }

  #changed(): void {
    if (this.isOpen) this.#late?.cancel();
    this.#input.onChange();
  }

  /** @throws the signal's reason. */
  async #probe(path: string): Promise<void> {
    const { server, clock, logger, options, probe } = this.#input;
    const { signal } = this.#abort;
    this.#detail = `readiness.path ${path}: no answer yet`;
    for (;;) {
      const { ok, detail } = await probe(server, path, {
        clock,
        timeoutMs: PROBE_TIMEOUT_MS,
        signal,
      });
      signal.throwIfAborted();
      if (ok) return;
      const text = `readiness.path ${path}: ${detail}`;
      if (text !== this.#detail) logger.debug(`${this.#place} is not ready: ${text}`);
      this.#detail = text;
      await delay(clock, options.intervalMs ?? INTERVAL_MS, { signal });
    }
  }

  #sayLate(): void {
    this.#input.logger.warn(
      `${this.#place} is not ready after ${String(LATE_MS / 1000)} s and takes no traffic: ${this.waitsFor ?? ''}; waiting on`,
    );
  }

  get #place(): string {
    const { host, port } = this.#input.server;
    return `the server on ${hostPort({ ip: host, port })}`;
  }
}

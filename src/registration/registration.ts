/**
 * Owns one registration of this process, from the wish until it is out again. Made by the registrar. The naming client keeps
 * the wish through outages; this follows what became of it, says it once in the log, and asks again after a refusal.
 *
 * States: registering -confirmed-> registered; either -remove-> draining -taken out, or out of time-> removed;
 * registering -can never be registered-> removed.
 */
import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import { hostPort, type InstanceInput, type ServiceRef } from '../model.js';
import type { NamingApi } from '../naming-api.js';
import { onAbort } from '../util/abort.js';
import type { Clock } from '../util/clock.js';
import { asError, createDeferred, delay, runInBackground } from '../util/deferred.js';

export type RegistrationState = 'registering' | 'registered' | 'draining' | 'removed';

/** What of the naming client a registration uses. */
export type RegistrationNaming = Pick<
  NamingApi,
  'register' | 'deregister' | 'connectionState' | 'onConnectionState'
>;

export interface RegistrationOptions {
  readonly naming: RegistrationNaming;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly service: ServiceRef;
  readonly instance: InstanceInput;
  /** Where and why, for the log: `at 127.0.0.1:8848: name from ..., address of ...`. */
  readonly reasons: string;
  readonly onState: () => void;
}

export interface RemoveOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for the server's answer. Default 1500. */
  readonly timeoutMs?: number;
}

const REMOVE_TIMEOUT_MS = 1500;
/** Without a connection there is nobody to wait for; the wish is taken back at once. */
const REMOVE_OFFLINE_MS = 200;
const REFUSED_RETRY_MS = 5000;

export class Registration {
  readonly service: ServiceRef;
  readonly instance: InstanceInput;
  readonly #options: RegistrationOptions;
  readonly #abort = new AbortController();
  #state: RegistrationState = 'registering';
  #removal: Promise<boolean> | undefined;
  #saidLate = false;
  #saidRefused = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.service = options.service;
    this.instance = options.instance;
  }

  get state(): RegistrationState {
    return this.#state;
  }

  /** `orders 10.0.0.5:8080` */
  get label(): string {
    return `${this.service.name} ${hostPort(this.instance)}`;
  }

  start(): void {
    runInBackground(this.#register());
  }

  /** True when both publish the same address of the same service, so that taking one out takes out the other. */
  isSameAs(other: Registration): boolean {
    return (
      this.service.name === other.service.name &&
      this.service.group === other.service.group &&
      this.instance.ip === other.instance.ip &&
      this.instance.port === other.instance.port
    );
  }

  /** Stops following without taking anything out: another registration has the same address now. */
  handOver(): void {
    this.#abort.abort();
    this.#setState('removed');
  }

  /** Takes the instance out. True when the server has confirmed that, so that its callers will hear of it. Never rejects. */
  remove(options: RemoveOptions = {}): Promise<boolean> {
    this.#removal ??= this.#remove(options);
    return this.#removal;
  }

  async #register(): Promise<void> {
    const { naming, logger } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        // The app's server keeps the process alive as long as the app wants; this wait must not.
        await naming.register(this.service, this.instance, { signal, holdsProcess: false });
        if (signal.aborted) return;
        this.#setState('registered');
        logger.info(`registered ${this.label} ${this.#options.reasons}`);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!(await this.#waitAfter(asError(error), signal))) {
          this.#setState('removed');
          return;
        }
      }
    }
  }

  /** False when asking again is of no use. */
  async #waitAfter(error: Error, signal: AbortSignal): Promise<boolean> {
    const { naming, clock, logger } = this.#options;
    const code = isNacosError(error) ? error.code : undefined;
    if (code === 'CLOSED') return false;
    if (code === 'INVALID_INSTANCE') {
      logger.error(`${this.label} cannot be registered: ${error.message}`);
      return false;
    }
    if (isNacosError(error) && error.retryable) {
      // The wish stands. That Nacos cannot be reached is said by the session; this says what it means.
      if (!this.#saidLate) logger.info(`${this.label} is not registered yet: ${error.message}`);
      this.#saidLate = true;
      if (naming.connectionState !== 'ready') await untilReady(naming, signal);
      return true;
    }
    const again = `trying again every ${String(REFUSED_RETRY_MS / 1000)} s`;
    if (!this.#saidRefused) logger.error(`Nacos refuses ${this.label}: ${error.message}; ${again}`);
    else logger.debug(`Nacos refuses ${this.label}: ${error.message}`);
    this.#saidRefused = true;
    // An abort ends the wait and the loop.
    await delay(clock, REFUSED_RETRY_MS, { signal }).catch(() => undefined);
    return true;
  }

  async #remove(options: RemoveOptions): Promise<boolean> {
    const { naming, logger } = this.#options;
    if (this.#state === 'removed') return false;
    this.#setState('draining');
    this.#abort.abort();
    const online = naming.connectionState === 'ready';
    const timeoutMs = options.timeoutMs ?? REMOVE_TIMEOUT_MS;
    try {
      await naming.deregister(this.service, this.instance, {
        timeoutMs: online ? timeoutMs : Math.min(timeoutMs, REMOVE_OFFLINE_MS),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      if (online) logger.info(`deregistered ${this.label}`);
      return online;
    } catch (error) {
      // The server drops the instance by itself as soon as our connection ends.
      logger.debug(`deregistration of ${this.label} is not confirmed: ${asError(error).message}`);
      return false;
    } finally {
      this.#setState('removed');
    }
  }

  #setState(state: RegistrationState): void {
    if (this.#state === state || this.#state === 'removed') return;
    this.#state = state;
    this.#options.onState();
  }
}

/** Resolves with the next connection, or when the signal aborts. */
async function untilReady(naming: RegistrationNaming, signal: AbortSignal): Promise<void> {
  const ready = createDeferred<void>();
  const done = (): void => ready.resolve();
  const stop = naming.onConnectionState((state) => {
    if (state === 'ready') done();
  });
  const stopSignal = onAbort(signal, done);
  await ready.promise;
  stopSignal();
  stop();
}

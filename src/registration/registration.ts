/**
 * Owns one registration of this process, from the wish until it is out again. Made by the registrar. The naming client keeps what is
 * wanted through outages; this decides what that is (readiness, changes at run time), sends it one at a time with the last
 * wish winning, follows what became of it, and says it once in the log.
 *
 * States: waiting -first request, readiness-> registering -confirmed-> registered -remove-> draining -taken out, or out of
 * time-> removed. registered -disabled, but an operator's edit keeps it enabled-> waiting. Any -no way-> removed.
 */
import { isNacosError } from '../errors.js';
import { hostPort, type Instance, type InstanceInput, type ServiceRef } from '../model.js';
import type { InstanceChange, RegistrationState, RegistrationStatus } from '../process-hub.js';
import { onAbort } from '../util/abort.js';
import { asError, createDeferred, delay, runInBackground } from '../util/deferred.js';
import { Confirmations } from './confirmations.js';
import { joinChanges, wantedInstance } from './instance-wish.js';
import { differences, OwnInstance } from './own-instance.js';
import type { RegistrationIdentity } from './registrar-options.js';
import { RegistrationNews } from './registration-news.js';
import type { RegistrationOptions, RemoveOptions, StartOptions } from './registration-options.js';
import { describeRegistration, KEPT_OUT } from './registration-status.js';

export type { RemoveOptions } from './registration-options.js';

const REMOVE_TIMEOUT_MS = 1500;
/** Without a connection there is nobody to wait for; the wish is taken back at once. */
const REMOVE_OFFLINE_MS = 200;
/** An edit of an operator from before a restart shows a moment after the registration. */
const FIRST_LOOK_MS = 1000;
/** A status that is asked for all the time must not ask the registry all the time. */
const OLD_MS = 5000;

export class Registration {
  readonly service: ServiceRef;
  readonly instance: InstanceInput;
  readonly #options: RegistrationOptions;
  readonly #own: OwnInstance;
  readonly #news = new RegistrationNews(() => this.status);
  readonly #abort = new AbortController();
  /** Ends the attempt or the wait that is under way, because something else is wanted now. */
  #turn = new AbortController();
  #state: RegistrationState = 'waiting';
  #change: InstanceChange;
  /** Grows with each change of what is wanted. */
  #revision = 1;
  #confirmed = 0;
  readonly #confirmations = new Confirmations();
  #waitsForRequest = false;
  /** The registry may have a row of ours. */
  #isThere = false;
  /** It was there once: from then on it is disabled and not taken out while it is not ready. */
  #wasThere = false;
  /** An operator's edit keeps it enabled whatever is sent, so that it has to be out to be without traffic. */
  #isPinned = false;
  #failure: string | undefined;
  /** The last change, or what was asked for together with it. */
  #asked: InstanceChange = {};
  /** What of that does not count in the registry. */
  #unmet: readonly string[] = [];
  #removal: Promise<boolean> | undefined;
  #stopState = (): void => undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.service = options.service;
    this.instance = options.instance;
    this.#change = options.change;
    const { naming, clock, service } = options;
    this.#own = new OwnInstance({ naming, clock, service, onChange: () => this.#looked() });
  }

  get state(): RegistrationState {
    return this.#state;
  }

  get status(): RegistrationStatus {
    const { namespace, readiness } = this.#options;
    const isPinned = this.#isPinned ? KEPT_OUT : readiness.waitsFor;
    return describeRegistration({
      state: this.#state,
      service: this.service,
      namespace,
      wanted: this.#wanted(),
      seen: this.#isThere ? this.#own.seen : undefined,
      lastListed: this.#own.lastListed,
      isReady: readiness.isOpen,
      failure: this.#failure,
      waitsFor: this.#waitsForRequest ? 'waits for the first request' : isPinned,
      unmet: this.#unmet,
    });
  }

  /** `orders 10.0.0.5:8080` */
  get label(): string {
    return `${this.service.name} ${hostPort(this.instance)}`;
  }

  /** There is something that a server which closes has to wait for. */
  get isListed(): boolean {
    return (
      this.#state === 'registered' ||
      this.#state === 'draining' ||
      (this.#isThere && this.#options.naming.connectionState === 'ready')
    );
  }

  start({ waitsForRequest, takesOver }: StartOptions): void {
    this.#waitsForRequest = waitsForRequest;
    this.#isThere = takesOver;
    this.#wasThere = takesOver;
    if (!waitsForRequest) this.#options.readiness.start();
    this.#stopState = this.#options.naming.onConnectionState(() => this.#own.forget());
    this.#news.begin();
    runInBackground(this.#run());
  }

  requestSeen(): void {
    if (!this.#waitsForRequest) return;
    this.#waitsForRequest = false;
    this.#options.readiness.start();
    this.wake();
  }

  /** What is wanted has changed. */
  wake(): void {
    this.#revision += 1;
    this.#turn.abort();
    this.#changed();
  }

  /** Resolves when the server has confirmed the change, and the list was looked at. @throws what it answered */
  change(change: InstanceChange): Promise<void> {
    this.#change = joinChanges(this.#change, change);
    // What nobody waits for any more has had its answer.
    this.#asked = this.#confirmations.isAwaited(this.#revision)
      ? joinChanges(this.#asked, change)
      : change;
    this.#unmet = [];
    this.wake();
    // Nothing is sent before it is ready, nor after it has gone.
    if (this.#target() === undefined || this.#abort.signal.aborted) return Promise.resolve();
    return this.#confirmations.wait(this.#revision);
  }

  /** Asks the registry how it lists the instance. Never rejects. */
  async look(): Promise<void> {
    if (this.#isThere && this.#confirmed > 0) await this.#own.look(this.#wanted());
  }

  lookIfOld(): void {
    const { ageMs } = this.#own;
    if (this.#state !== 'registered' || (ageMs !== undefined && ageMs < OLD_MS)) return;
    runInBackground(this.look());
  }

  /** True when both publish the same address of the same service, so that taking one out takes out the other. */
  isSameAs(other: RegistrationIdentity): boolean {
    return (
      this.service.name === other.service.name &&
      this.service.group === other.service.group &&
      this.instance.ip === other.ip &&
      this.instance.port === other.port
    );
  }

  /** Stops following without taking anything out: another registration has the same address now. True when there is something. */
  handOver(): boolean {
    this.#end();
    return this.#isThere;
  }

  /** Takes the instance out. True when the server has confirmed that, so that its callers will hear of it. Never rejects. */
  remove(options: RemoveOptions = {}): Promise<boolean> {
    this.#removal ??= this.#remove(options);
    return this.#removal;
  }

  /** One thing at a time, and always what is wanted now. */
  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#turn = new AbortController();
      const revision = this.#revision;
      const target = this.#target();
      if (target !== undefined && this.#confirmed !== revision)
        await this.#publish(target, revision);
      else if (target === undefined && this.#isThere) await this.#withhold(revision);
      else {
        if (target === undefined) this.#confirmations.settle(revision);
        await this.#wait();
      }
    }
  }

  /** What should be in the registry now; undefined: nothing. */
  #target(): Instance | undefined {
    if (this.#waitsForRequest) return undefined;
    const mayBeThere =
      this.#wasThere || this.#options.registerDisabled || this.#options.readiness.isOpen;
    const wanted = this.#wanted();
    return mayBeThere && (wanted.enabled || !this.#isPinned) ? wanted : undefined;
  }

  #wanted(): Instance {
    const wanted = wantedInstance(this.instance, this.#change);
    return this.#options.readiness.isOpen ? wanted : Object.freeze({ ...wanted, enabled: false });
  }

  async #publish(target: Instance, revision: number): Promise<void> {
    const { naming, logger, retry } = this.#options;
    const { signal } = this.#turn;
    if (target.enabled) this.#isPinned = false;
    this.#isThere = true;
    if (this.#state === 'waiting') this.#setState('registering');
    retry.begin();
    try {
      // The app's server keeps the process alive as long as the app wants; this wait must not.
      await naming.register(this.service, target, {
        signal,
        timeoutMs: retry.intervalMs,
        holdsProcess: false,
      });
    } catch (error) {
      if (!signal.aborted) await this.#failed(asError(error), signal);
      return;
    }
    if (this.#abort.signal.aborted) return;
    retry.succeeded();
    const isFirst = !this.#wasThere || this.#confirmed === 0;
    this.#wasThere = true;
    this.#confirmed = revision;
    this.#failure = undefined;
    this.#own.forget();
    if (isFirst) {
      const disabled = target.enabled ? '' : ', disabled until it is ready,';
      logger.info(`registered ${this.label}${disabled} ${this.#options.reasons}`);
    }
    this.#setState('registered');
    this.#changed();
    if (!signal.aborted) runInBackground(this.#verify(target, revision, signal));
  }

  /** What follows from how the registry lists what was sent. */
  async #verify(target: Instance, revision: number, signal: AbortSignal): Promise<void> {
    const isAwaited = this.#confirmations.isAwaited(revision);
    if (!isAwaited && target.enabled) {
      await delay(this.#options.clock, FIRST_LOOK_MS, { signal }).catch(() => undefined); // Aborted: not looked.
      if (!signal.aborted) await this.look();
      return;
    }
    const seen = await this.#own.settle(target, this.#asked, signal);
    if (signal.aborted) return;
    if (seen !== undefined) {
      this.#unmet = differences(target, this.#asked, seen);
      if (seen.listed !== undefined && !target.enabled) {
        this.#isPinned = true;
        this.wake();
        return;
      }
    }
    this.#confirmations.settle(revision);
    this.#changed();
  }

  /**
   * Takes it out while it should be without traffic, where the registry would list it as enabled. Takes back, too, what was never
   * confirmed and should not be there any more.
   */
  async #withhold(revision: number): Promise<void> {
    const { naming, logger } = this.#options;
    const { signal } = this.#turn;
    try {
      await naming.deregister(this.service, this.instance, { signal, holdsProcess: false });
      const why = this.#isPinned ? KEPT_OUT : 'out of Nacos until it is ready';
      logger.info(`${this.label} is ${why}`);
    } catch (error) {
      // The wish is written down; it is carried out with the next connection at the latest.
      logger.debug(`${this.label}: ${asError(error).message}`);
    }
    if (signal.aborted) return;
    this.#isThere = false;
    this.#confirmed = revision;
    this.#confirmations.settle(revision);
    this.#setState('waiting');
  }

  async #failed(error: Error, turn: AbortSignal): Promise<void> {
    const { naming, logger, retry } = this.#options;
    const nacosError = isNacosError(error) ? error : undefined;
    if (nacosError?.code === 'CLOSED' || nacosError?.code === 'INVALID_INSTANCE') {
      if (nacosError.code === 'INVALID_INSTANCE') {
        logger.error(`${this.label} cannot be registered: ${error.message}`);
      }
      this.#failure = error.message;
      this.#end(error);
      this.#options.onNoWay(nacosError);
      return;
    }
    const isAway = naming.connectionState !== 'ready';
    const why = isAway ? 'Nacos cannot be reached' : error.message;
    const what = `${this.label} is not ${this.#wasThere ? 'changed' : 'registered'}`;
    // That Nacos cannot be reached is said by the session; this says what it means.
    if (retry.isFirst && nacosError?.retryable === true) logger.info(`${what} yet: ${why}`);
    else if (retry.isFirst) logger.warn(`Nacos refuses ${this.label}: ${why}; trying again`);
    if (nacosError?.retryable !== true) this.#confirmations.settle(this.#revision, error);
    this.#failure = why;
    this.#changed();
    const pauseMs = retry.failed(what, why);
    // A connection makes the attempt succeed by itself: what is wanted is sent with it.
    await this.#pause(pauseMs, turn, isAway);
  }

  /** Until it is time, or something else is wanted, or (where that is waited for) there is a connection. */
  async #pause(ms: number, turn: AbortSignal, untilReady: boolean): Promise<void> {
    const { naming, clock } = this.#options;
    const ready = new AbortController();
    const stop = naming.onConnectionState((state) => {
      if (state === 'ready' && untilReady) ready.abort();
    });
    // Each of the three only ends the wait.
    await delay(clock, ms, { signal: turn, owner: ready.signal }).catch(() => undefined);
    stop();
  }

  async #wait(): Promise<void> {
    const changed = createDeferred<void>();
    const stop = onAbort(this.#turn.signal, () => changed.resolve());
    if (!this.#turn.signal.aborted) await changed.promise;
    stop();
  }

  async #remove(options: RemoveOptions): Promise<boolean> {
    const { naming, logger } = this.#options;
    if (this.#state === 'removed') return false;
    if (!this.#isThere) {
      this.#end();
      return false;
    }
    this.#stop();
    this.#setState('draining');
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
      this.#end();
    }
  }

  #stop(): void {
    this.#abort.abort();
    this.#turn.abort();
    this.#stopState();
    this.#options.readiness.close();
  }

  #end(error?: Error): void {
    this.#stop();
    this.#confirmations.settle(this.#revision, error);
    this.#setState('removed');
  }

  #looked(): void {
    const { seen } = this.#own;
    if (seen !== undefined && this.#unmet.length > 0) {
      this.#unmet = differences(this.#wanted(), this.#asked, seen);
    }
    this.#changed();
  }

  #setState(state: RegistrationState): void {
    if (this.#state === state || this.#state === 'removed') return;
    this.#state = state;
    this.#changed();
    if (state === 'removed') this.#news.end();
  }

  #changed(): void {
    this.#news.changed();
    this.#options.onChange();
  }
}

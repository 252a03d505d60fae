/**
 * Owns what this process has registered: which of its servers, under which name, address and port. Called by the runtime with each
 * server that comes up or goes down, and by the shutdown. It registers one server; the others are said and ignored.
 *
 * A server that comes up waits one turn of the event loop for others, and up to 100 ms when the hints say that a
 * better one may follow. A better one that comes later still takes over; after the chosen one has gone, only a server
 * that comes up anew is registered, never one that was passed over. An explicit registrar has one server and chooses none.
 */
import { ClosedError, isNacosError, type NacosError, RequestTimeoutError } from '../errors.js';
import { DEFAULT_NAMESPACE } from '../model.js';
import type { WaitOptions } from '../naming-api.js';
import type { InstanceChange, ListeningServer, RegistrationStatus } from '../process-hub.js';
import { createDeferred, runInBackground, waitWithin } from '../util/deferred.js';
import type { Timer } from '../util/clock.js';
import { probeOwnServer } from './http-probe.js';
import { checkAgainstOptions, identify, placeOf, type Identity } from './identify.js';
import { chooseServer, isBetter, isCertain, type ServerChoice } from './identity/port.js';
import { checkChange, joinChanges, wantedInstance } from './instance-wish.js';
import { Readiness } from './readiness.js';
import type { Registrar, RegistrarOptions, RegistrationIdentity } from './registrar-options.js';
import { Registration } from './registration.js';
import type { RemoveOptions } from './registration-options.js';
import { RetryPolicy } from './retry-policy.js';

export type { Registrar, RegistrarOptions } from './registrar-options.js';

const SETTLE_MS = 100;
/** As long as a wish may wait for its turn and for a connection. */
const WAIT_MS = 10_000;

export function createRegistrar(options: RegistrarOptions): Registrar {
  return new ServiceRegistrar(options);
}

/** The server that was chosen, and what came of it. */
interface Attempt {
  readonly choice: ServerChoice;
  readonly abort: AbortController;
  readonly retry: RetryPolicy;
  registration: Registration | undefined;
}

class ServiceRegistrar implements Registrar {
  readonly #options: RegistrarOptions;
  readonly #up = new Map<ListeningServer['server'], ListeningServer>();
  readonly #registrations = new Set<Registration>();
  readonly #readiness = new Map<Registration, Readiness>();
  readonly #activeListeners = new Set<(active: boolean) => void>();
  readonly #changeListeners = new Set<() => void>();
  #waiting: readonly ListeningServer[] = [];
  #waitingSinceMs = 0;
  #settle: Timer | undefined;
  /** Those under way or registered: one, and during a change of servers two. */
  readonly #attempts = new Set<Attempt>();
  #current: Attempt | undefined;
  readonly #chosen = new WeakSet();
  #active = false;
  /** Nothing is registered any more: closed, or code does it itself. */
  #closed = false;
  #requested: boolean;
  #isReady: boolean;
  /** Everything that was asked for at run time. */
  #change: InstanceChange = {};
  #noWay: NacosError | undefined;
  #gaveUp = false;
  /** Confirmed once: from then on an outage is something to sit out, never a reason to give up. */
  #wasRegistered = false;
  #saidNever = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#requested = options.when !== 'request';
    this.#isReady = options.readiness?.hold !== true;
  }

  get registrations(): readonly RegistrationStatus[] {
    for (const one of this.#registrations) one.lookIfOld();
    return this.#statuses();
  }

  serves(server: object): boolean {
    return this.#chosen.has(server);
  }

  get wantsRequests(): boolean {
    return !this.#requested && !this.#closed;
  }

  onActive(listener: (active: boolean) => void): () => void {
    this.#activeListeners.add(listener);
    return () => this.#activeListeners.delete(listener);
  }

  onChange(listener: () => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  serverUp(server: ListeningServer): void {
    const before = this.#up.get(server.server);
    if (this.#closed || (before?.port === server.port && before.host === server.host)) return;
    if (this.#options.when === 'never' && this.#options.explicit !== true) {
      this.#sayNever(server);
      return;
    }
    this.#up.set(server.server, server);
    const current = this.#current?.choice.server;
    if (current !== undefined && !isBetter(server, current, this.#options.port ?? {})) {
      this.#ignore(server, current);
      return;
    }
    if (this.#waiting.length === 0) this.#waitingSinceMs = this.#options.clock.nowMs();
    this.#waiting = [...this.#waiting, server];
    this.#settleAfter(0);
  }

  serverDown(server: ListeningServer): void {
    runInBackground(Promise.resolve(this.leaveServer(server)));
  }

  leaveServer(server: ListeningServer, options: RemoveOptions = {}): Promise<boolean> | undefined {
    this.#up.delete(server.server);
    this.#waiting = this.#waiting.filter((one) => one.server !== server.server);
    const removals: Promise<boolean>[] = [];
    for (const attempt of this.#attempts) {
      const { choice, registration } = attempt;
      if (choice.server.server !== server.server) continue;
      this.#abandon(attempt);
      if (registration === undefined) continue;
      const { isListed } = registration;
      const removal = registration.remove(options);
      if (isListed) removals.push(removal);
      else runInBackground(removal);
    }
    if (removals.length === 0) return undefined;
    return Promise.all(removals).then((told) => told.includes(true));
  }

  requestSeen(): void {
    if (this.#requested) return;
    this.#requested = true;
    for (const one of this.#registrations) one.requestSeen();
  }

  setReady(ready: boolean): void {
    this.#isReady = ready;
    for (const one of this.#readiness.values()) one.setReady(ready);
  }

  async change(
    change: InstanceChange,
    options: WaitOptions = {},
  ): Promise<readonly RegistrationStatus[]> {
    this.#change = this.check(change);
    const changes = [...this.#registrations].map((one) => one.change(change));
    await this.#within(Promise.all(changes), options, 'the change is kept and carried out later');
    return this.#statuses();
  }

  check(change: InstanceChange): InstanceChange {
    if (this.#closed) throw new ClosedError('the registration is closed');
    checkChange(change);
    const joined = joinChanges(this.#change, change);
    checkAgainstOptions(this.#options, joined);
    for (const one of this.#registrations) wantedInstance(one.instance, joined);
    return joined;
  }

  async registered(options: WaitOptions = {}): Promise<RegistrationStatus> {
    const done = createDeferred<RegistrationStatus>();
    const look = (): void => {
      const status = this.#statuses().find(({ state }) => state === 'registered');
      if (status !== undefined) done.resolve(status);
      else if (this.#closed) done.reject(new ClosedError('the registration is closed'));
      else if (this.#noWay !== undefined) done.reject(this.#noWay);
    };
    const stop = this.onChange(look);
    look();
    try {
      return await this.#within(done.promise, options, 'it goes on');
    } finally {
      stop();
    }
  }

  async look(options: WaitOptions = {}): Promise<readonly RegistrationStatus[]> {
    const looks = Promise.all([...this.#registrations].map((one) => one.look()));
    await this.#within(looks, options, 'the registry was asked');
    return this.#statuses();
  }

  async yieldTo(identity: RegistrationIdentity | undefined): Promise<void> {
    this.#closed = true;
    this.#stopChoosing();
    const others = [...this.#registrations].filter((one) => {
      const isSame = identity !== undefined && one.isSameAs(identity);
      if (isSame) one.handOver();
      return !isSame;
    });
    await Promise.all(others.map((one) => one.remove()));
    this.#changed();
  }

  async leave(options: RemoveOptions = {}): Promise<boolean> {
    this.#stopChoosing();
    const told = await Promise.all([...this.#registrations].map((one) => one.remove(options)));
    return told.includes(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.leave();
    this.#changed();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #statuses(): readonly RegistrationStatus[] {
    return [...this.#registrations].map(({ status }) => status);
  }

  #within<T>(promise: Promise<T>, options: WaitOptions, then: string): Promise<T> {
    const timeoutMs = options.timeoutMs ?? WAIT_MS;
    return waitWithin(promise, {
      clock: this.#options.clock,
      timeoutMs,
      signal: options.signal,
      holdsProcess: options.holdsProcess ?? true,
      onTimeout: () => {
        const problem = this.#statuses().find((one) => one.problem !== undefined)?.problem;
        const why = problem === undefined ? '' : ` (${problem})`;
        return new RequestTimeoutError(
          `the registration is not confirmed within ${String(timeoutMs)} ms${why}; ${then}`,
        );
      },
    });
  }

  #stopChoosing(): void {
    this.#settle?.cancel();
    this.#waiting = [];
    for (const attempt of this.#attempts) this.#abandon(attempt);
  }

  #settleAfter(ms: number): void {
    this.#settle?.cancel();
    this.#settle = this.#options.clock.after(ms, () => this.#choose());
  }

  #choose(): void {
    const { clock, explicit = false, port: hints = {} } = this.#options;
    const choice = chooseServer(this.#waiting, hints);
    if (choice === undefined) return;
    const leftMs = this.#waitingSinceMs + SETTLE_MS - clock.nowMs();
    if (leftMs > 0 && !explicit && !isCertain(choice.server, hints)) {
      this.#settleAfter(leftMs);
      return;
    }
    for (const server of this.#waiting) {
      if (server !== choice.server) this.#ignore(server, choice.server);
    }
    this.#waiting = [];
    const before = this.#current;
    const attempt: Attempt = {
      choice,
      abort: new AbortController(),
      retry: this.#retryPolicy(),
      registration: undefined,
    };
    this.#attempts.add(attempt);
    this.#chosen.add(choice.server.server);
    this.#current = attempt;
    runInBackground(this.#establish(attempt, before));
  }

  async #establish(attempt: Attempt, before: Attempt | undefined): Promise<void> {
    const { retry, choice, abort } = attempt;
    let identity: Identity | undefined;
    try {
      identity = await identify(this.#options, {
        server: choice.server,
        all: [...this.#up.values()],
        retry,
        signal: abort.signal,
      });
    } catch (error) {
      this.#abandon(attempt);
      // Nothing came of the better server: what there was stays.
      this.#current ??= before !== undefined && this.#attempts.has(before) ? before : undefined;
      if (isNacosError(error)) this.#sayNoWay(error);
      return;
    }
    if (identity === undefined) return;
    const registration = this.#register(identity, attempt);
    attempt.registration = registration;
    const old = before?.registration;
    if (before !== undefined) this.#abandon(before);
    const takesOver = old?.isSameAs({ ...registration.instance, service: registration.service });
    registration.start({
      waitsForRequest: !this.#requested,
      takesOver: takesOver === true && old?.handOver() === true,
    });
    this.#changed();
    await old?.remove();
  }

  #register(identity: Identity, attempt: Attempt): Registration {
    const { choice, retry } = attempt;
    const { naming, clock, logger, readiness: options = {} } = this.#options;
    const readiness = new Readiness({
      server: choice.server,
      options,
      agreed: this.#isReady,
      clock,
      logger,
      probe: this.#options.probe ?? probeOwnServer,
      onChange: () => registration.wake(),
    });
    const registration: Registration = new Registration({
      naming,
      clock,
      logger,
      namespace: this.#options.namespace ?? DEFAULT_NAMESPACE,
      service: identity.service,
      instance: identity.instance,
      change: this.#change,
      reasons: identity.reasons,
      registerDisabled: options.registerDisabled ?? false,
      readiness,
      retry,
      onChange: () => this.#changed(),
      onNoWay: (error) => {
        this.#abandon(attempt);
        this.#sayNoWay(error);
      },
    });
    this.#registrations.add(registration);
    this.#readiness.set(registration, readiness);
    return registration;
  }

  #retryPolicy(): RetryPolicy {
    const { clock, logger, retry = {} } = this.#options;
    return new RetryPolicy({ ...retry, clock, logger, onUsedUp: (why) => this.#giveUp(why) });
  }

  #sayNoWay(error: NacosError): void {
    this.#noWay = error;
    // Another server may still follow, within the time that the attempts would have taken.
    if (this.#options.onGiveUp !== undefined && !this.#closed) {
      this.#options.clock.after(this.#retryPolicy().totalMs, () => {
        if (this.#current === undefined && !this.#closed) this.#giveUp(error.message);
      });
    }
    this.#changed();
  }

  #giveUp(reason: string): void {
    if (this.#gaveUp || this.#wasRegistered) return;
    this.#gaveUp = true;
    this.#options.onGiveUp?.(reason);
  }

  /** Forgets an attempt; what it has registered is the caller's. */
  #abandon(attempt: Attempt): void {
    attempt.abort.abort();
    this.#attempts.delete(attempt);
    if (this.#current === attempt) this.#current = undefined;
  }

  #changed(): void {
    for (const one of this.#registrations) {
      this.#wasRegistered ||= one.state === 'registered';
      if (one.state !== 'removed') continue;
      this.#registrations.delete(one);
      this.#readiness.delete(one);
    }
    const active = this.#registrations.size > 0;
    if (active !== this.#active) {
      this.#active = active;
      for (const listener of this.#activeListeners) listener(active);
    }
    for (const listener of this.#changeListeners) listener();
  }

  #ignore(server: ListeningServer, chosen: ListeningServer): void {
    const text = `the server on ${placeOf(server)} is not registered: the one on ${placeOf(chosen)} is the service; set service.port to choose another`;
    this.#options.logger.info(text);
  }

  #sayNever(server: ListeningServer): void {
    if (this.#saidNever) return;
    this.#saidNever = true;
    this.#options.logger.warn(
      `the server on ${placeOf(server)} is not registered: registration.register_on_startup and register_on_request are both off; registerServer(server) registers it`,
    );
  }
}

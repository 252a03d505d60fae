/**
 * Owns what this process has registered: which of its servers, under which name, address and port. Called by the runtime with each
 * server that comes up or goes down, and by the shutdown. It registers one server; the others are said and ignored.
 *
 * A server that comes up waits one turn of the event loop for others, and up to 100 ms when the hints say that a
 * better one may follow. A better one that comes later still takes over; after the chosen one has gone, only a server
 * that comes up anew is registered, never one that was passed over.
 */
import { isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import { DEFAULT_CLUSTER, DEFAULT_GROUP, hostPort, type ServiceRef } from '../model.js';
import type { ListeningServer } from '../process-hub.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, delay, runInBackground } from '../util/deferred.js';
import type { AddressDecision } from './identity/address.js';
import type { NameDecision } from './identity/name.js';
import {
  chooseServer,
  decidePort,
  isBetter,
  isCertain,
  type PortHints,
  type ServerChoice,
} from './identity/port.js';
import type { RegistryAddress } from './identity/route.js';
import {
  Registration,
  type RegistrationNaming,
  type RegistrationState,
  type RemoveOptions,
} from './registration.js';

export interface RegistrarOptions {
  readonly naming: RegistrationNaming;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the log only. */
  readonly registry: readonly RegistryAddress[];
  /** Asked when a server has been chosen. @throws RegistrationError */
  readonly name: () => NameDecision;
  /** Asked when a server has been chosen, with what it is bound to. @throws RegistrationError */
  readonly address: (boundHost: string) => Promise<AddressDecision>;
  readonly port?: PortHints;
  readonly service?: ServiceLabels;
}

/** Fields of the options as they are; what is missing has Nacos' default. */
export interface ServiceLabels {
  readonly group?: string;
  readonly cluster?: string;
  readonly weight?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A registration as health and `doctor` show it. */
export interface RegistrationInfo {
  readonly state: RegistrationState;
  readonly service: ServiceRef;
  readonly ip: string;
  readonly port: number;
}

export interface Registrar extends AsyncDisposable {
  readonly registrations: readonly RegistrationInfo[];
  /** Idempotent for the same server and port. */
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  /** Calls back with true when something is wanted in the registry, with false when nothing is any more. */
  onActive(listener: (active: boolean) => void): () => void;
  /** Takes out what this server has in the registry; true as with `leave`. undefined when it has nothing there. Never rejects. */
  leaveServer(server: ListeningServer, options?: RemoveOptions): Promise<boolean> | undefined;
  /** Takes out everything. True when the server confirmed it, so that callers will hear of it. Bounded, never rejects. */
  leave(options?: RemoveOptions): Promise<boolean>;
  /** Like `leave`, and registers nothing any more. */
  close(): Promise<void>;
}

const SETTLE_MS = 100;
const ADDRESS_RETRY_MS = 5000;

export function createRegistrar(options: RegistrarOptions): Registrar {
  return new ServiceRegistrar(options);
}

/** The server that was chosen, and what came of it. */
interface Attempt {
  readonly choice: ServerChoice;
  readonly abort: AbortController;
  registration: Registration | undefined;
}

class ServiceRegistrar implements Registrar {
  readonly #options: RegistrarOptions;
  readonly #hints: PortHints;
  readonly #up = new Map<ListeningServer['server'], ListeningServer>();
  readonly #registrations = new Set<Registration>();
  readonly #activeListeners = new Set<(active: boolean) => void>();
  #waiting: readonly ListeningServer[] = [];
  #waitingSinceMs = 0;
  #settle: Timer | undefined;
  /** Those under way or registered: one, and during a change of servers two. */
  readonly #attempts = new Set<Attempt>();
  #current: Attempt | undefined;
  #active = false;
  #closed = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#hints = options.port ?? {};
  }

  get registrations(): readonly RegistrationInfo[] {
    return [...this.#registrations].map(({ state, service, instance }) => {
      return { state, service, ip: instance.ip, port: instance.port };
    });
  }

  onActive(listener: (active: boolean) => void): () => void {
    this.#activeListeners.add(listener);
    return () => this.#activeListeners.delete(listener);
  }

  serverUp(server: ListeningServer): void {
    const before = this.#up.get(server.server);
    if (this.#closed || (before?.port === server.port && before.host === server.host)) return;
    this.#up.set(server.server, server);
    const current = this.#current?.choice.server;
    if (current !== undefined && !isBetter(server, current, this.#hints)) {
      this.#ignore(server, current);
      return;
    }
    if (this.#waiting.length === 0) this.#waitingSinceMs = this.#options.clock.nowMs();
    this.#waiting = [...this.#waiting, server];
    this.#settleAfter(0);
  }

  serverDown(server: ListeningServer): void {
    this.#up.delete(server.server);
    this.#waiting = this.#waiting.filter((one) => one.server !== server.server);
    for (const attempt of this.#attempts) {
      if (attempt.choice.server.server !== server.server) continue;
      this.#abandon(attempt);
      if (attempt.registration !== undefined) runInBackground(attempt.registration.remove());
    }
  }

  leaveServer(server: ListeningServer, options: RemoveOptions = {}): Promise<boolean> | undefined {
    for (const attempt of this.#attempts) {
      if (attempt.choice.server.server !== server.server) continue;
      if (attempt.registration?.state !== 'registered') return undefined;
      this.#abandon(attempt);
      return attempt.registration.remove(options);
    }
    return undefined;
  }

  async leave(options: RemoveOptions = {}): Promise<boolean> {
    this.#settle?.cancel();
    this.#waiting = [];
    for (const attempt of this.#attempts) this.#abandon(attempt);
    const told = await Promise.all([...this.#registrations].map((one) => one.remove(options)));
    return told.includes(true);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.leave();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #settleAfter(ms: number): void {
    this.#settle?.cancel();
    this.#settle = this.#options.clock.after(ms, () => this.#choose());
  }

  #choose(): void {
    const choice = chooseServer(this.#waiting, this.#hints);
    if (choice === undefined) return;
    const leftMs = this.#waitingSinceMs + SETTLE_MS - this.#options.clock.nowMs();
    if (leftMs > 0 && !isCertain(choice.server, this.#hints)) {
      this.#settleAfter(leftMs);
      return;
    }
    for (const server of this.#waiting) {
      if (server !== choice.server) this.#ignore(server, choice.server);
    }
    this.#waiting = [];
    const before = this.#current;
    const attempt = { choice, abort: new AbortController(), registration: undefined };
    this.#attempts.add(attempt);
    this.#current = attempt;
    runInBackground(this.#establish(attempt, before));
  }

  async #establish(attempt: Attempt, before: Attempt | undefined): Promise<void> {
    const registration = await this.#identify(attempt);
    if (attempt.abort.signal.aborted) return;
    if (registration === undefined) {
      this.#abandon(attempt);
      // Nothing came of the better server: what there was stays.
      this.#current ??= before !== undefined && this.#attempts.has(before) ? before : undefined;
      return;
    }
    attempt.registration = registration;
    this.#registrations.add(registration);
    this.#noteState(registration);
    const old = before?.registration;
    if (before !== undefined) this.#abandon(before);
    if (old?.isSameAs(registration) === true) old.handOver();
    registration.start();
    if (old !== undefined) await old.remove();
  }

  /** Name, address and port with their reasons; undefined when there is no way, which has been said. */
  async #identify(attempt: Attempt): Promise<Registration | undefined> {
    const { clock, logger } = this.#options;
    const { signal } = attempt.abort;
    let said = false;
    while (!signal.aborted) {
      try {
        return await this.#decide(attempt.choice);
      } catch (error) {
        if (signal.aborted) return undefined;
        const problem = asError(error);
        const where = hostPort({
          ip: attempt.choice.server.host,
          port: attempt.choice.server.port,
        });
        if (!said) logger.warn(`the server on ${where} is not registered: ${problem.message}`);
        said = true;
        // A network may come up later than the app.
        if (!isNacosError(error) || error.details['final'] !== false) return undefined;
        await delay(clock, ADDRESS_RETRY_MS, { signal }).catch(() => undefined); // Aborted: the loop ends.
      }
    }
    return undefined;
  }

  async #decide(choice: ServerChoice): Promise<Registration> {
    const { server } = choice;
    const { naming, clock, logger, registry, service = {} } = this.#options;
    const name = this.#options.name();
    const port = decidePort(server.port, this.#hints);
    const address = await this.#options.address(server.host);
    for (const { interface: via, ip, kind } of address.candidates) {
      logger.debug(
        `address ${ip} of ${via}: ${ip === address.ip ? 'taken' : `not taken, ${kind}`}`,
      );
    }
    const group = service.group ?? DEFAULT_GROUP;
    const cluster = service.cluster ?? DEFAULT_CLUSTER;
    const places = registry.map(({ host, port: at }) => hostPort({ ip: host, port: at }));
    const reasons = `name ${name.because}, address ${address.because}, port ${port.because}`;
    const registration: Registration = new Registration({
      naming,
      clock,
      logger,
      service: { name: name.name, group },
      instance: {
        ip: address.ip,
        port: port.port,
        weight: service.weight ?? 1,
        cluster,
        // The user's keys win over ours.
        metadata: { ...(server.scheme === 'https' ? { secure: 'true' } : {}), ...service.metadata },
      },
      reasons: `(group ${group}, cluster ${cluster}) at ${places.join(',')}: ${reasons}`,
      onState: () => this.#noteState(registration),
    });
    return registration;
  }

  /** Forgets an attempt; what it has registered is the caller's. */
  #abandon(attempt: Attempt): void {
    attempt.abort.abort();
    this.#attempts.delete(attempt);
    if (this.#current === attempt) this.#current = undefined;
  }

  #noteState(registration: Registration): void {
    if (registration.state === 'removed') this.#registrations.delete(registration);
    const active = this.#registrations.size > 0;
    if (active === this.#active) return;
    this.#active = active;
    for (const listener of this.#activeListeners) listener(active);
  }

  #ignore(server: ListeningServer, chosen: ListeningServer): void {
    const [other, one] = [server, chosen].map(({ host, port }) => hostPort({ ip: host, port }));
    this.#options.logger.info(
      `the server on ${String(other)} is not registered: the one on ${String(one)} is the service; set service.port to choose another`,
    );
  }
}

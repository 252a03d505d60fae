/**
 * Owns what this client wants to have registered and what the server has confirmed of it. Called by the naming client. The
 * wish is written down before the first request goes out, replayed at once on every new connection, and retried
 * every 3 s until it is confirmed (docs/protocol.md#redo, #trap-20), so that no failure on the way loses it.
 *
 * One record per service, since a server keeps one published entry per connection and service (docs/protocol.md#trap-10): one
 * instance goes as a single registration, several as a batch, which replaces what was there. Requests of one
 * record never overlap; records are independent of each other.
 */
import { ClosedError, isNacosError } from '../errors.js';
import type { Logger } from '../logger.js';
import { groupedName, instanceKey, type Instance, type ServiceRef } from '../model.js';
import type { Session } from '../remote/session.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground, type Deferred } from '../util/deferred.js';
import {
  BATCH_INSTANCE_REQUEST,
  BATCH_REGISTER_INSTANCE,
  DEREGISTER_INSTANCE,
  INSTANCE_REQUEST,
  instanceToJson,
  REGISTER_INSTANCE,
} from '../wire/messages/naming.js';

export interface LedgerOptions {
  readonly session: Pick<
    Session,
    'request' | 'onReady' | 'onState' | 'state' | 'epoch' | 'addsBatches'
  >;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What `change` did to the wanted instances of a service. */
export type LedgerChange = (wanted: Map<string, Instance>) => void;

/** Nacos' `DEFAULT_REDO_DELAY_TIME`. */
const RETRY_MS = 3000;
/** A replay of many services must not queue up thousands of requests on one connection. */
const MAX_IN_FLIGHT = 64;

interface Waiter {
  readonly revision: number;
  readonly done: Deferred<void>;
}

interface Entry {
  readonly service: ServiceRef;
  readonly wanted: Map<string, Instance>;
  /** Grows with each change of `wanted`. */
  revision: number;
  /** What the server has, and since which epoch: gone with the connection. */
  confirmed:
    | { readonly revision: number; readonly epoch: number; readonly instances: readonly Instance[] }
    | undefined;
  sending: boolean;
  everConfirmed: boolean;
  waiters: Waiter[];
}

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #queue: Entry[] = [];
  readonly #stopListening: readonly (() => void)[];
  #inFlight = 0;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#stopListening = [
      options.session.onReady(() => this.#flush()),
      options.session.onState((state) => {
        if (state !== 'ready') this.#forgetRemoved();
      }),
    ];
  }

  /** The instances of a service that should be registered now. */
  wanted(service: ServiceRef): readonly Instance[] {
    return [...(this.#entries.get(groupedName(service))?.wanted.values() ?? [])];
  }

  /**
   * Writes a wish down and sends it as soon as there is a connection. Resolves when the server has confirmed it.
   * @throws what the server answered when it refused for good and had never confirmed this service: the wish is then dropped.
   */
  change(service: ServiceRef, change: LedgerChange): Promise<void> {
    if (this.#closed) return Promise.reject(new ClosedError('the client is closed'));
    const key = groupedName(service);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = {
        service,
        wanted: new Map(),
        revision: 0,
        confirmed: undefined,
        sending: false,
        everConfirmed: false,
        waiters: [],
      };
      this.#entries.set(key, entry);
    }
    change(entry.wanted);
    entry.revision += 1;
    if (entry.wanted.size === 0 && !this.#mayBeOnServer(entry)) {
      // Nothing of it can be on the server: there is nobody to tell.
      this.#settle(entry, entry.revision);
      if (!entry.sending) this.#entries.delete(key);
      return Promise.resolve();
    }
    const done = createDeferred<void>();
    entry.waiters.push({ revision: entry.revision, done });
    this.#enqueue(entry);
    return done.promise;
  }

  /** Drops every wish; the closing connection takes the instances with it. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    for (const stop of this.#stopListening) stop();
    for (const entry of this.#entries.values()) {
      for (const waiter of entry.waiters)
        waiter.done.reject(new ClosedError('the client is closed'));
    }
    this.#entries.clear();
    this.#queue.length = 0;
  }

  #mayBeOnServer(entry: Entry): boolean {
    return entry.sending || entry.confirmed?.epoch === this.#currentEpoch();
  }

  /** 0 while there is no connection, which no confirmation has. */
  #currentEpoch(): number {
    return this.#options.session.state === 'ready' ? this.#options.session.epoch : 0;
  }

  #isSettled(entry: Entry): boolean {
    const { confirmed } = entry;
    return confirmed?.revision === entry.revision && confirmed.epoch === this.#currentEpoch();
  }

  #flush(): void {
    for (const entry of this.#entries.values()) {
      if (!this.#isSettled(entry)) this.#enqueue(entry);
    }
  }

  #enqueue(entry: Entry): void {
    if (entry.sending || this.#options.session.state !== 'ready') return;
    entry.sending = true;
    this.#queue.push(entry);
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < MAX_IN_FLIGHT) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      this.#inFlight += 1;
      runInBackground(
        this.#reconcile(entry).finally(() => {
          this.#inFlight -= 1;
          this.#pump();
        }),
      );
    }
  }

  async #reconcile(entry: Entry): Promise<void> {
    try {
      while (!this.#closed && this.#currentEpoch() !== 0 && !this.#isSettled(entry)) {
        const { revision } = entry;
        const epoch = this.#currentEpoch();
        const instances = [...entry.wanted.values()];
        await this.#send(entry, instances, epoch);
        if (this.#currentEpoch() !== epoch) continue; // Confirmed by a connection that is gone.
        entry.confirmed = { revision, epoch, instances };
        entry.everConfirmed = true;
        this.#settle(entry, revision);
      }
    } catch (error) {
      this.#failed(entry, asError(error));
    } finally {
      entry.sending = false;
      if (
        entry.wanted.size === 0 &&
        !this.#closed &&
        (this.#isSettled(entry) || !this.#mayBeOnServer(entry))
      ) {
        this.#settle(entry, entry.revision);
        this.#entries.delete(groupedName(entry.service));
      }
    }
  }

  async #send(entry: Entry, instances: readonly Instance[], epoch: number): Promise<void> {
    const before = entry.confirmed?.epoch === epoch ? entry.confirmed.instances : [];
    const [first] = instances;
    if (first === undefined) {
      // One request clears the whole entry on Nacos; a server that adds has to be told each of them.
      const gone = this.#options.session.addsBatches ? before : before.slice(0, 1);
      for (const instance of gone) await this.#single(DEREGISTER_INSTANCE, entry.service, instance);
      return;
    }
    if (instances.length === 1) await this.#single(REGISTER_INSTANCE, entry.service, first);
    else await this.#batch(entry.service, instances);
    if (!this.#options.session.addsBatches) return;
    const kept = new Set(instances.map(instanceKey));
    for (const instance of before) {
      if (!kept.has(instanceKey(instance))) {
        await this.#single(DEREGISTER_INSTANCE, entry.service, instance);
      }
    }
  }

  async #single(type: string, service: ServiceRef, instance: Instance): Promise<void> {
    await this.#options.session.request(
      INSTANCE_REQUEST,
      { ...this.#address(service), type, instance: instanceToJson(instance) },
      { holdsProcess: false },
    );
  }

  async #batch(service: ServiceRef, instances: readonly Instance[]): Promise<void> {
    await this.#options.session.request(
      BATCH_INSTANCE_REQUEST,
      {
        ...this.#address(service),
        type: BATCH_REGISTER_INSTANCE,
        instances: instances.map(instanceToJson),
      },
      { holdsProcess: false },
    );
  }

  #address(service: ServiceRef): { namespace: string; serviceName: string; groupName: string } {
    return {
      namespace: this.#options.namespace,
      serviceName: service.name,
      groupName: service.group,
    };
  }

  #settle(entry: Entry, revision: number): void {
    const waiting = entry.waiters;
    entry.waiters = waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiting) if (waiter.revision <= revision) waiter.done.resolve();
  }

  #failed(entry: Entry, error: Error): void {
    if (this.#closed) return;
    const name = groupedName(entry.service);
    const final = isNacosError(error) && !error.retryable;
    if (final) {
      for (const waiter of entry.waiters) waiter.done.reject(error);
      entry.waiters = [];
      if (!entry.everConfirmed) {
        this.#entries.delete(name);
        return;
      }
    }
    this.#options.logger.warn(
      `registration of ${name} is not confirmed: ${error.message}; trying again`,
    );
    this.#retry ??= this.#options.clock.after(RETRY_MS, () => {
      this.#retry = undefined;
      this.#flush();
    });
  }

  /** A lost connection has removed what it had published: a wish for nothing is fulfilled. */
  #forgetRemoved(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.wanted.size === 0 && !entry.sending) {
        this.#settle(entry, entry.revision);
        this.#entries.delete(key);
      }
    }
  }
}

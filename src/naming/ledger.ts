/**
 * Owns what this client wants to have registered and what the server has confirmed of it. Called by the naming client. The
 * wish is written down before the first request goes out, replayed at once on every new connection, and retried
 * every 3 s until it is confirmed (docs/protocol.md#redo, #trap-20), so that no failure on the way loses it.
 *
 * One record per service, since a server keeps one published entry per connection and service (docs/protocol.md#trap-10): one
 * instance goes as a single registration, several as a batch, which replaces what was there. Requests of one
 * record never overlap; records are independent of each other.
 */
import { AuthError, ClosedError, ConnectionError, isNacosError, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { groupedName, type Instance, type ServiceRef } from '../model.js';
import type { Session } from '../remote/session.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground } from '../util/deferred.js';
import { Lane } from '../util/lane.js';
import { byAddress, LedgerEntry, type Instances } from './ledger-entry.js';
import { publish } from './publish.js';

export interface LedgerOptions {
  readonly session: Pick<
    Session,
    'request' | 'onReady' | 'onState' | 'state' | 'epoch' | 'addsBatches'
  >;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What `change` did to the wanted instances of a service; they are keyed by `hostPort`. */
export type LedgerChange = (wanted: Map<string, Instance>) => void;

/** Nacos' `DEFAULT_REDO_DELAY_TIME`. */
const RETRY_MS = 3000;
/** A replay of many services must not queue up thousands of requests on one connection. */
const MAX_IN_FLIGHT = 64;

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #lane = new Lane(MAX_IN_FLIGHT);
  readonly #stopListening: readonly (() => void)[];
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
   * @throws what the server answered when it refused for good. What it had not confirmed before is then wanted no more.
   */
  change(service: ServiceRef, change: LedgerChange): Promise<void> {
    if (this.#closed) return Promise.reject(new ClosedError('the client is closed'));
    const key = groupedName(service);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = new LedgerEntry(service);
      this.#entries.set(key, entry);
    }
    const before = new Map(entry.wanted);
    change(entry.wanted);
    // To ask for what is under way already is no new wish: who asks again and again must not have it sent twice each time.
    if (entry.isSettled(this.#epoch()) || !isSameWish(before, entry.wanted)) entry.revision += 1;
    if (this.#forget(entry)) return Promise.resolve();
    const confirmed = entry.wait();
    this.#enqueue(entry);
    return confirmed;
  }

  /** Why the last request for this service failed; undefined when it did not, or when none was sent. */
  problem(service: ServiceRef): string | undefined {
    return this.#entries.get(groupedName(service))?.problem;
  }

  /** Drops every wish; the closing connection takes the instances with it. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    for (const stop of this.#stopListening) stop();
    const closed = new ClosedError('the client is closed');
    for (const entry of this.#entries.values()) entry.reject(closed);
    this.#entries.clear();
    this.#lane.clear();
  }

  /** 0 while there is no connection, which no confirmation has. */
  #epoch(): number {
    return this.#options.session.state === 'ready' ? this.#options.session.epoch : 0;
  }

  /** Removes an entry that wants nothing and has nothing on the server: there is nobody to tell. */
  #forget(entry: LedgerEntry): boolean {
    if (!entry.isVoid(this.#epoch())) return false;
    entry.settle();
    if (this.#entries.get(entry.name) === entry) this.#entries.delete(entry.name);
    return true;
  }

  /** A lost connection has removed what it had published: a wish for nothing is fulfilled. */
  #forgetRemoved(): void {
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
  }

  /** Resolves when everything that was to be sent is through, confirmed or not. */
  async #flush(): Promise<void> {
    const epoch = this.#epoch();
    const entries = [...this.#entries.values()].filter((entry) => !entry.isSettled(epoch));
    for (const entry of entries) this.#enqueue(entry);
    await Promise.all(
      entries.flatMap(({ sending }) => (sending === undefined ? [] : [sending.promise])),
    );
  }

  #enqueue(entry: LedgerEntry): void {
    if (entry.sending !== undefined || this.#epoch() === 0) return;
    entry.sending = createDeferred();
    this.#lane.run(() => this.#reconcile(entry));
  }

  async #reconcile(entry: LedgerEntry): Promise<void> {
    let goesOn = true;
    while (goesOn && !this.#closed) {
      const epoch = this.#epoch();
      if (epoch === 0 || entry.isSettled(epoch)) break;
      goesOn = await this.#send(entry, epoch);
    }
    entry.sending?.resolve();
    entry.sending = undefined;
    if (!this.#closed) this.#forget(entry);
  }

  /** Returns false when the entry has to wait before it is sent again. */
  async #send(entry: LedgerEntry, epoch: number): Promise<boolean> {
    const { session, namespace } = this.#options;
    const wanted = byAddress(entry.wanted.values());
    const before = entry.held(epoch);
    entry.sent(epoch);
    try {
      await publish(session, {
        target: { namespace, service: entry.service },
        wanted: [...wanted.values()],
        held: [...before.values()],
      });
      if (this.#epoch() === epoch) entry.confirm(wanted, epoch);
      // Else it was confirmed by a connection that is not in use any more.
      else entry.movedTo(this.#epoch());
      return true;
    } catch (thrown) {
      const error = asError(thrown);
      const moved = this.#epoch() !== epoch;
      if (moved) entry.movedTo(this.#epoch());
      if (isNacosError(error) && !error.retryable && !this.#closed) {
        if (isRefusal(error)) entry.unsend(before, epoch);
        if (entry.refuse(wanted, error)) return true;
      } else if (moved) {
        return true;
      }
      this.#retryLater(entry, error);
      return false;
    }
  }

  #retryLater(entry: LedgerEntry, error: Error): void {
    if (this.#closed) return;
    entry.failures += 1;
    entry.problem = error.message;
    // Once per trouble; and that there is no connection, the session says for all of us.
    const isLoud = entry.failures === 1 && !(error instanceof ConnectionError);
    const text = `registration of ${entry.name} is not confirmed: ${error.message}; trying again`;
    if (isLoud) this.#options.logger.warn(text);
    else this.#options.logger.debug(text);
    this.#retry ??= this.#options.clock.after(RETRY_MS, () => {
      this.#retry = undefined;
      runInBackground(this.#flush());
    });
  }
}

/** The server has said no, so it did nothing; after any other failure it may have done all of it. */
function isRefusal(error: Error): boolean {
  return error instanceof ServerError || error instanceof AuthError;
}

/** Whatever made them: the same instances with the same fields. */
function isSameWish(one: Instances, other: Instances): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([key, instance]) => {
    const there = other.get(key);
    return there === instance || JSON.stringify(there) === JSON.stringify(instance);
  });
}

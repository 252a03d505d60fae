/**
 * Owns the record of one service in the ledger: what is wanted, what the server may hold, what it has confirmed, who waits.
 * Used by the ledger only, which does the talking. Instances count by address (ip and port): to move one to
 * another cluster is an update, not a second instance.
 */
import { groupedName, hostPort, type Instance, type ServiceRef } from '../model.js';
import { createDeferred, type Deferred } from '../util/deferred.js';

/** By `hostPort`. */
export type Instances = ReadonlyMap<string, Instance>;

const NOTHING_HELD = { epoch: 0, instances: new Map<string, Instance>() };

interface Waiter {
  revision: number;
  readonly done: Deferred<void>;
}

export class LedgerEntry {
  readonly service: ServiceRef;
  readonly name: string;
  readonly wanted = new Map<string, Instance>();
  /** Grows with each change of `wanted`. */
  revision = 0;
  /** Pending while the entry is in the queue or on the wire. */
  sending: Deferred<void> | undefined;
  /** Requests in a row that failed. */
  failures = 0;
  /** Why the last one failed. */
  problem: string | undefined;
  #confirmed = { revision: -1, epoch: 0 };
  /** What the connection of `epoch` may have published: confirmed, or sent without a clear answer. */
  #held: { readonly epoch: number; readonly instances: Instances } = NOTHING_HELD;
  /** What was confirmed last, on whatever connection. */
  #good: Instances = NOTHING_HELD.instances;
  #sentRevision = -1;
  #waiters: Waiter[] = [];

  constructor(service: ServiceRef) {
    this.service = service;
    this.name = groupedName(service);
  }

  isSettled(epoch: number): boolean {
    return this.#confirmed.revision === this.revision && this.#confirmed.epoch === epoch;
  }

  held(epoch: number): Instances {
    return this.#held.epoch === epoch ? this.#held.instances : NOTHING_HELD.instances;
  }

  /** Nothing is wanted, nothing is there, nothing is under way: the entry may go. */
  isVoid(epoch: number): boolean {
    return this.wanted.size === 0 && this.sending === undefined && this.held(epoch).size === 0;
  }

  /** To be called before what is wanted goes out over the connection of `epoch`. */
  sent(epoch: number): void {
    this.#sentRevision = this.revision;
    // What is there in an older form counts in that form until the new one is confirmed.
    this.#held = { epoch, instances: union(this.wanted, this.held(epoch)) };
  }

  /** The connection changed while a request was under way: it may have been carried out on the new one. 0: there is none. */
  movedTo(epoch: number): void {
    this.#held = epoch === 0 ? NOTHING_HELD : { epoch, instances: this.#held.instances };
  }

  confirm(instances: Instances, epoch: number): void {
    this.#confirmed = { revision: this.#sentRevision, epoch };
    this.#held = { epoch, instances };
    this.#good = instances;
    this.failures = 0;
    this.problem = undefined;
    this.settle(this.#sentRevision);
  }

  /**
   * The server refused `instances` for good. What it has confirmed before stays wanted, and so does a removal; the rest is
   * taken back, for one bad instance must not keep the good ones of its service out after the next reconnect.
   * Returns whether that leaves something new to send.
   */
  refuse(instances: Instances, error: Error): boolean {
    let isChanged = false;
    for (const [key, instance] of instances) {
      const good = this.#good.get(key);
      if (good === instance || this.wanted.get(key) !== instance) continue;
      isChanged = true;
      if (good === undefined) this.wanted.delete(key);
      else this.wanted.set(key, good);
    }
    if (isChanged) this.revision += 1;
    const refused = this.#waiters.filter((waiter) => waiter.revision <= this.#sentRevision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > this.#sentRevision);
    for (const waiter of refused) waiter.done.reject(error);
    return this.revision > this.#sentRevision;
  }

  /** The server did not do what it was told: nothing of it is there. */
  unsend(before: Instances, epoch: number): void {
    if (this.#held.epoch === epoch) this.#held = { epoch, instances: before };
  }

  /** Settles with the present revision. Wishes that have not been sent yet go together, and so do those who wait for them. */
  wait(): Promise<void> {
    const last = this.#waiters.at(-1);
    if (last !== undefined && last.revision > this.#sentRevision) {
      last.revision = this.revision;
      return last.done.promise;
    }
    const done = createDeferred<void>();
    this.#waiters.push({ revision: this.revision, done });
    return done.promise;
  }

  settle(revision = this.revision): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    if (waiters.every((waiter) => waiter.revision <= revision)) this.#waiters = [];
    else this.#waiters = waiters.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiters) if (waiter.revision <= revision) waiter.done.resolve();
  }

  reject(error: Error): void {
    for (const waiter of this.#waiters) waiter.done.reject(error);
    this.#waiters = [];
  }
}

function union(a: Instances, b: Instances): Instances {
  const all = new Map(a);
  for (const [key, instance] of b) all.set(key, instance);
  return all;
}

export function byAddress(instances: Iterable<Instance>): Map<string, Instance> {
  const map = new Map<string, Instance>();
  for (const instance of instances) map.set(hostPort(instance), instance);
  return map;
}

/**
 * Owns one followed service: its last list, who listens, and for which connection the server was told. Used by the
 * subscriptions, which do the talking. A list of an older connection, or an older one of the same, changes nothing.
 */
import { ClosedError } from '../errors.js';
import type { SubscriptionFact } from '../live-facts.js';
import type { Logger } from '../logger.js';
import { groupedName, type ServiceDiff, type ServiceRef, type ServiceSnapshot } from '../model.js';
import type { SnapshotListener } from '../naming-api.js';
import { asError, createDeferred, type Deferred } from '../util/deferred.js';
import type { ServiceInfo } from '../wire/messages/naming.js';
import { applyServiceInfo } from './snapshots.js';

/** One `subscribe` call; the same function given twice is two followers. */
export interface Follower {
  readonly listener: SnapshotListener | undefined;
  /** The first list, for `ready`. Made anew after a refusal, since a later attempt may succeed. */
  first: Deferred<ServiceSnapshot>;
}

export class Topic {
  readonly service: ServiceRef;
  /** The connection that has confirmed the subscription; 0: none. */
  confirmedEpoch = 0;
  /** The connection that may have it, confirmed or not. */
  askedEpoch = 0;
  /** Pending while requests are on the wire. */
  sending: Deferred<void> | undefined;
  /** Why the last request failed; undefined after one that did not. */
  failure: Error | undefined;
  readonly #logger: Logger;
  readonly #lastRevision: number;
  readonly #followers = new Set<Follower>();
  #snapshot: ServiceSnapshot | undefined;
  /** The server's clock at the last list, and its connection: clocks of two servers do not compare (trap 13). */
  #lastRefTime = 0;
  #epoch = 0;

  /** Revisions start above `lastRevision`. */
  constructor(service: ServiceRef, logger: Logger, lastRevision = 0) {
    this.service = service;
    this.#logger = logger;
    this.#lastRevision = lastRevision;
  }

  get snapshot(): ServiceSnapshot | undefined {
    return this.#snapshot;
  }

  get fact(): SubscriptionFact {
    const { name, group } = this.service;
    const instances = this.#snapshot?.instances.length ?? 0;
    return { kind: 'subscription', service: name, group, instances };
  }

  get isWanted(): boolean {
    return this.#followers.size > 0;
  }

  has(follower: Follower): boolean {
    return this.#followers.has(follower);
  }

  /** A listener that comes late hears the present list first, never inside its own subscribe call. */
  join(listener: SnapshotListener | undefined): Follower {
    const follower: Follower = { listener, first: createDeferred() };
    this.#followers.add(follower);
    if (this.#snapshot !== undefined) {
      queueMicrotask(() => {
        const snapshot = this.#snapshot;
        if (snapshot === undefined || !this.#followers.has(follower)) return;
        this.#call(follower, snapshot, wholeListOf(snapshot));
      });
    }
    return follower;
  }

  /** Returns false for one that has left already. */
  leave(follower: Follower): boolean {
    follower.first.reject(new ClosedError('the subscription is closed'));
    return this.#followers.delete(follower);
  }

  leaveAll(why: string): void {
    for (const { first } of this.#followers) first.reject(new ClosedError(why));
    this.#followers.clear();
  }

  /** The server refused for good: whoever waits for the first list hears why. */
  refuse(error: Error): void {
    for (const follower of this.#followers) {
      follower.first.reject(error);
      follower.first = createDeferred();
    }
  }

  /** Takes a list that came over the connection of `epoch`. */
  take(info: ServiceInfo, epoch: number): void {
    if (epoch < this.#epoch || (epoch === this.#epoch && info.lastRefTime < this.#lastRefTime)) {
      return;
    }
    this.#epoch = epoch;
    this.#lastRefTime = info.lastRefTime;
    const change = applyServiceInfo(this.service, this.#snapshot, info, this.#lastRevision);
    if (change === undefined) return;
    const { snapshot, diff } = change;
    this.#snapshot = snapshot;
    // A copy: a listener may subscribe or close, and who comes now hears the list anyway.
    for (const follower of [...this.#followers]) {
      follower.first.resolve(snapshot);
      if (this.#followers.has(follower)) this.#call(follower, snapshot, diff);
    }
  }

  #call({ listener }: Follower, snapshot: ServiceSnapshot, diff: ServiceDiff): void {
    const failed = (error: unknown): void => {
      const name = groupedName(this.service);
      this.#logger.error(`listener of ${name} failed: ${asError(error).message}`);
    };
    try {
      // Its type says void, yet an async function fits it.
      const result: unknown = listener?.(snapshot, diff);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

function wholeListOf(snapshot: ServiceSnapshot): ServiceDiff {
  return Object.freeze({
    added: snapshot.instances,
    removed: Object.freeze([]),
    changed: Object.freeze([]),
  });
}

/**
 * Owns which services are followed and the last list of each. Called by the naming client. One subscription per service on the
 * wire, whatever the number of listeners, always for all clusters (docs/protocol.md#trap-11). Lists survive a lost
 * connection; after a reconnect everything is subscribed again at once, and every 3 s until confirmed.
 *
 * States of a subscription: subscribing -first list-> live -disconnected-> stale -subscribed again-> live; any -close-> closed.
 */
import { ClosedError, ConnectionError } from '../errors.js';
import type { Logger } from '../logger.js';
import { groupedName, type ServiceRef, type ServiceSnapshot } from '../model.js';
import type {
  SnapshotListener,
  Subscription,
  SubscriptionState,
  WaitOptions,
} from '../naming-api.js';
import type { Session } from '../remote/session.js';
import type { Clock, Timer } from '../util/clock.js';
import {
  asError,
  createDeferred,
  runInBackground,
  waitWithin,
  type Deferred,
} from '../util/deferred.js';
import {
  NOTIFY_SUBSCRIBER_REQUEST,
  readServiceInfo,
  SUBSCRIBE_SERVICE_REQUEST,
  type ServiceInfo,
} from '../wire/messages/naming.js';
import { applyServiceInfo } from './snapshots.js';

export interface SubscriptionsOptions {
  readonly session: Pick<
    Session,
    'request' | 'handle' | 'isCurrent' | 'onReady' | 'onState' | 'state' | 'epoch'
  >;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

const RETRY_MS = 3000;

interface Topic {
  readonly service: ServiceRef;
  readonly listeners: Set<SnapshotListener | symbol>;
  snapshot: ServiceSnapshot | undefined;
  /** The server's clock at the last list, and the connection it came from: clocks of two servers do not compare. */
  lastRefTime: number;
  epoch: number;
  confirmedEpoch: number;
  sending: boolean;
  readonly first: Deferred<ServiceSnapshot>;
}

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #stopListening: () => void;
  #retry: Timer | undefined;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#stopListening = options.session.onReady(() => this.#flush());
    options.session.handle(NOTIFY_SUBSCRIBER_REQUEST, (body, connection) => {
      const info = readServiceInfo(body);
      if (info === undefined || !options.session.isCurrent(connection)) return;
      const topic = this.#topics.get(groupedName(info.service));
      if (topic !== undefined) this.#apply(topic, info, options.session.epoch);
    });
  }

  subscribe(service: ServiceRef, listener: SnapshotListener | undefined): Subscription {
    const key = groupedName(service);
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      topic = {
        service,
        listeners: new Set(),
        snapshot: undefined,
        lastRefTime: 0,
        epoch: 0,
        confirmedEpoch: 0,
        sending: false,
        first: createDeferred(),
      };
      if (this.#closed) topic.first.reject(new ClosedError('the client is closed'));
      else this.#topics.set(key, topic);
    }
    const handle = listener ?? Symbol('no listener');
    // The same function twice counts twice: wrap it, so that each close removes its own.
    const own: SnapshotListener | symbol =
      typeof handle === 'function' ? (snapshot, diff) => handle(snapshot, diff) : handle;
    topic.listeners.add(own);
    if (topic.snapshot !== undefined && typeof own === 'function') this.#later(topic, own);
    else this.#send(topic);
    return this.#handleOf(topic, own);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stopListening();
    for (const topic of this.#topics.values()) {
      topic.first.reject(new ClosedError('the client is closed'));
    }
    this.#topics.clear();
  }

  #handleOf(topic: Topic, own: SnapshotListener | symbol): Subscription {
    const close = async (): Promise<void> => {
      if (!topic.listeners.delete(own) || topic.listeners.size > 0) return;
      await this.#unsubscribe(topic);
    };
    const isClosed = (): boolean => this.#closed || !topic.listeners.has(own);
    const live = (): boolean =>
      this.#options.session.state === 'ready' &&
      topic.confirmedEpoch === this.#options.session.epoch;
    return {
      service: topic.service,
      get state(): SubscriptionState {
        if (isClosed()) return 'closed';
        if (topic.snapshot === undefined) return 'subscribing';
        return live() ? 'live' : 'stale';
      },
      get snapshot() {
        return topic.snapshot;
      },
      ready: (bounds: WaitOptions = {}) => {
        if (isClosed()) return Promise.reject(new ClosedError('the subscription is closed'));
        if (topic.snapshot !== undefined) return Promise.resolve(topic.snapshot);
        return waitWithin(topic.first.promise, {
          clock: this.#options.clock,
          timeoutMs: bounds.timeoutMs ?? this.#options.requestTimeoutMs,
          signal: bounds.signal,
          onTimeout: () =>
            new ConnectionError(
              'NOT_CONNECTED',
              `no list of ${groupedName(topic.service)} yet: Nacos did not answer in time`,
            ),
        });
      },
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** A listener that comes late hears the present list first, never inside its own subscribe call. */
  #later(topic: Topic, listener: SnapshotListener): void {
    queueMicrotask(() => {
      const { snapshot } = topic;
      if (snapshot === undefined || !topic.listeners.has(listener)) return;
      this.#call(topic, listener, snapshot, {
        added: snapshot.instances,
        removed: [],
        changed: [],
      });
    });
  }

  #flush(): void {
    for (const topic of this.#topics.values()) this.#send(topic);
  }

  #send(topic: Topic): void {
    const { session } = this.#options;
    if (topic.sending || this.#closed || session.state !== 'ready') return;
    if (topic.confirmedEpoch === session.epoch) return;
    topic.sending = true;
    runInBackground(this.#subscribe(topic, session.epoch));
  }

  async #subscribe(topic: Topic, epoch: number): Promise<void> {
    const { session, logger, clock } = this.#options;
    try {
      const body = await session.request(SUBSCRIBE_SERVICE_REQUEST, this.#body(topic, true), {
        holdsProcess: false,
      });
      if (session.epoch === epoch) topic.confirmedEpoch = epoch;
      const info = readServiceInfo(body);
      if (info !== undefined) this.#apply(topic, info, epoch);
    } catch (error) {
      if (this.#closed) return;
      logger.warn(
        `subscription of ${groupedName(topic.service)} is not confirmed: ${asError(error).message}; trying again`,
      );
      this.#retry ??= clock.after(RETRY_MS, () => {
        this.#retry = undefined;
        this.#flush();
      });
    } finally {
      topic.sending = false;
      // A new connection may have come up meanwhile.
      if (session.state === 'ready' && session.epoch !== epoch) this.#send(topic);
    }
  }

  async #unsubscribe(topic: Topic): Promise<void> {
    const key = groupedName(topic.service);
    if (this.#topics.get(key) === topic) this.#topics.delete(key);
    topic.first.reject(new ClosedError('the subscription is closed'));
    const { session, logger } = this.#options;
    if (this.#closed || session.state !== 'ready' || topic.confirmedEpoch !== session.epoch) return;
    try {
      await session.request(SUBSCRIBE_SERVICE_REQUEST, this.#body(topic, false));
    } catch (error) {
      // The server goes on pushing a list that nobody reads, until the connection ends: harmless.
      logger.debug(`unsubscribe of ${key} failed: ${asError(error).message}`);
    }
    // Somebody may have subscribed again while the request was under way.
    const again = this.#topics.get(key);
    if (again !== undefined) {
      again.confirmedEpoch = 0;
      this.#send(again);
    }
  }

  #apply(topic: Topic, info: ServiceInfo, epoch: number): void {
    const outdated = topic.epoch === epoch && info.lastRefTime < topic.lastRefTime;
    if (outdated) return;
    topic.epoch = epoch;
    topic.lastRefTime = info.lastRefTime;
    const change = applyServiceInfo(topic.service, topic.snapshot, info);
    if (change === undefined) return;
    topic.snapshot = change.snapshot;
    topic.first.resolve(change.snapshot);
    for (const listener of topic.listeners) {
      if (typeof listener === 'function') this.#call(topic, listener, change.snapshot, change.diff);
    }
  }

  #call(topic: Topic, listener: SnapshotListener, ...change: Parameters<SnapshotListener>): void {
    try {
      listener(...change);
    } catch (error) {
      this.#options.logger.error(
        `listener of ${groupedName(topic.service)} failed: ${asError(error).message}`,
      );
    }
  }

  #body(topic: Topic, subscribe: boolean): Record<string, unknown> {
    return {
      namespace: this.#options.namespace,
      serviceName: topic.service.name,
      groupName: topic.service.group,
      subscribe,
      clusters: '',
    };
  }
}

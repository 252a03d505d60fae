/**
 * Owns which services are followed and the last list of each. Called by the naming client. One subscription per service on the
 * wire, whatever the number of listeners, always for all clusters (docs/protocol.md#trap-11). Lists survive a lost
 * connection; after a reconnect everything is subscribed again at once, and every 3 s until confirmed. Requests of one
 * service never overlap, so that an unsubscribe cannot overtake the subscribe that follows it.
 *
 * States of a subscription: subscribing -first list-> live -disconnected-> stale -subscribed again-> live; any -close-> closed.
 */
import { ClosedError, ConnectionError, isNacosError, RequestTimeoutError } from '../errors.js';
import { answerLiveFacts } from '../live-facts.js';
import type { Logger } from '../logger.js';
import { groupedName, type ServiceRef, type ServiceSnapshot } from '../model.js';
import type {
  SnapshotListener,
  Subscription,
  SubscriptionState,
  WaitOptions,
} from '../naming-api.js';
import type { PushReader } from '../remote/push.js';
import type { Session } from '../remote/session.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, waitWithin } from '../util/deferred.js';
import { Lane } from '../util/lane.js';
import {
  NOTIFY_SUBSCRIBER_REQUEST,
  readServiceInfo,
  SUBSCRIBE_SERVICE_REQUEST,
  subscribeBody,
  type ServiceInfo,
} from '../wire/messages/naming.js';
import { PushedLists } from './pushed-lists.js';
import { tellPush } from './push-news.js';
import { Topic, type Follower } from './topic.js';

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
/** As many as the ledger's: see there. */
const MAX_IN_FLIGHT = 64;

export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #topics = new Map<string, Topic>();
  readonly #lists = new PushedLists();
  readonly #stopListening: () => void;
  #stopAnswering: (() => void) | undefined;
  readonly #lane = new Lane(MAX_IN_FLIGHT);
  #retry: Timer | undefined;
  /** The highest revision of a topic that is gone: a service followed again goes on from there. */
  #lastRevision = 0;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#stopListening = options.session.onReady(() => this.#flush());
    const read: PushReader<ServiceInfo | undefined> = (bytes, type) =>
      this.#lists.read(bytes, type);
    options.session.handle(NOTIFY_SUBSCRIBER_REQUEST, read, (info, connection) => {
      if (info === undefined) return;
      const topic = this.#topics.get(groupedName(info.service));
      if (topic === undefined) this.#lists.forget(info.service);
      if (!options.session.isCurrent(connection)) return;
      tellPush(info, options, () => topic?.take(info, options.session.epoch));
    });
  }

  subscribe(service: ServiceRef, listener: SnapshotListener | undefined): Subscription {
    const key = groupedName(service);
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      topic = new Topic(service, this.#options.logger, this.#lastRevision);
      if (!this.#closed) this.#topics.set(key, topic);
    }
    const follower = topic.join(listener);
    if (this.#closed) topic.leave(follower);
    else {
      this.#stopAnswering ??= answerLiveFacts((tell) => {
        for (const each of this.#topics.values()) if (each.isWanted) tell(each.fact);
      });
      this.#send(topic);
    }
    return this.#handleOf(topic, follower);
  }

  /** What is followed, in order of group and name. */
  services(): readonly ServiceRef[] {
    return [...this.#topics.values()]
      .filter((topic) => topic.isWanted)
      .map(({ service }) => service)
      .sort((a, b) => (groupedName(a) < groupedName(b) ? -1 : 1));
  }

  /** The list of a followed service, while the server keeps it up to date. */
  live(service: ServiceRef): ServiceSnapshot | undefined {
    const topic = this.#topics.get(groupedName(service));
    return topic !== undefined && this.#isLive(topic) ? topic.snapshot : undefined;
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stopListening();
    this.#stopAnswering?.();
    for (const topic of this.#topics.values()) {
      topic.leaveAll('the client is closed');
      topic.sending?.resolve();
    }
    this.#topics.clear();
    this.#lists.clear();
    this.#lane.clear();
  }

  #handleOf(topic: Topic, follower: Follower): Subscription {
    const close = async (): Promise<void> => {
      if (!topic.leave(follower) || topic.isWanted) return;
      this.#send(topic);
      await this.#through(topic);
    };
    const isLive = (): boolean => this.#isLive(topic);
    return {
      service: topic.service,
      get state(): SubscriptionState {
        if (!topic.has(follower)) return 'closed';
        if (topic.snapshot === undefined) return 'subscribing';
        return isLive() ? 'live' : 'stale';
      },
      get snapshot() {
        return topic.snapshot;
      },
      ready: (bounds: WaitOptions = {}) => this.#ready(topic, follower, bounds),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  #isLive(topic: Topic): boolean {
    const epoch = this.#epoch();
    return epoch !== 0 && topic.confirmedEpoch === epoch && topic.isWanted;
  }

  async #ready(topic: Topic, follower: Follower, bounds: WaitOptions): Promise<ServiceSnapshot> {
    if (!topic.has(follower)) throw new ClosedError('the subscription is closed');
    if (topic.snapshot !== undefined) return topic.snapshot;
    const timeoutMs = bounds.timeoutMs ?? this.#options.requestTimeoutMs;
    return waitWithin(follower.first.promise, {
      clock: this.#options.clock,
      timeoutMs,
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () => {
        const text = `no list of ${groupedName(topic.service)} within ${String(timeoutMs)} ms`;
        const { failure: cause } = topic;
        return this.#epoch() === 0
          ? new ConnectionError('NOT_CONNECTED', `${text}: no connection to Nacos`, { cause })
          : new RequestTimeoutError(text, { cause });
      },
    });
  }

  /** Waits for the requests of a topic; a user's code awaits it, so it holds the process, but not for ever. */
  #through(topic: Topic): Promise<void> {
    if (topic.sending === undefined) return Promise.resolve();
    const { clock, requestTimeoutMs } = this.#options;
    return waitWithin(topic.sending.promise, {
      clock,
      timeoutMs: 2 * requestTimeoutMs,
      onTimeout: () => new RequestTimeoutError('the server was not told in time'),
    }).catch(() => undefined); // The listener is off in any case; the server is told when it answers again.
  }

  /** 0 while there is no connection, which no topic is confirmed for. */
  #epoch(): number {
    return this.#options.session.state === 'ready' ? this.#options.session.epoch : 0;
  }

  #flush(): void {
    for (const topic of this.#topics.values()) this.#send(topic);
  }

  #send(topic: Topic): void {
    if (topic.sending !== undefined || this.#closed) return;
    topic.sending = createDeferred();
    this.#lane.run(() => this.#reconcile(topic));
  }

  /** Brings what the server thinks in line with what is followed here. */
  async #reconcile(topic: Topic): Promise<void> {
    let goesOn = true;
    while (goesOn && !this.#closed) {
      const epoch = this.#epoch();
      if (epoch === 0) break;
      if (topic.isWanted) {
        if (topic.confirmedEpoch === epoch) break;
        goesOn = await this.#subscribe(topic, epoch);
      } else {
        if (topic.askedEpoch !== epoch) break;
        await this.#unsubscribe(topic);
      }
    }
    topic.sending?.resolve();
    topic.sending = undefined;
    if (topic.isWanted) return;
    this.#topics.delete(groupedName(topic.service));
    this.#lists.forget(topic.service);
    this.#lastRevision = Math.max(this.#lastRevision, topic.snapshot?.revision ?? 0);
  }

  /** Returns false when the topic has to wait before it is sent again. */
  async #subscribe(topic: Topic, epoch: number): Promise<boolean> {
    const { session } = this.#options;
    topic.askedEpoch = epoch;
    try {
      const answer = await session.request(SUBSCRIBE_SERVICE_REQUEST, this.#body(topic, true), {
        holdsProcess: false,
      });
      const info = readServiceInfo(answer);
      if (info !== undefined && topic.isWanted) topic.take(info, epoch);
      topic.failure = undefined;
      const isSame = this.#epoch() === epoch;
      if (isSame) topic.confirmedEpoch = epoch;
      // The answer may have come over the new connection: then that one has to be told as well, if nobody listens any more.
      else topic.askedEpoch = this.#epoch();
      return true;
    } catch (thrown) {
      const error = asError(thrown);
      const moved = this.#epoch() !== epoch;
      if (moved) topic.askedEpoch = this.#epoch();
      if (moved || !topic.isWanted) return true;
      this.#retryLater(topic, error);
      return false;
    }
  }

  async #unsubscribe(topic: Topic): Promise<void> {
    topic.askedEpoch = 0;
    topic.confirmedEpoch = 0;
    try {
      await this.#options.session.request(SUBSCRIBE_SERVICE_REQUEST, this.#body(topic, false), {
        holdsProcess: false,
      });
    } catch (error) {
      // The server goes on pushing a list that nobody reads, until the connection ends: harmless.
      this.#options.logger.debug(
        `unsubscribe of ${groupedName(topic.service)} failed: ${asError(error).message}`,
      );
    }
  }

  #retryLater(topic: Topic, error: Error): void {
    if (this.#closed) return;
    const { logger, clock } = this.#options;
    // Once per trouble; and that there is no connection, the session says for all of us.
    const isLoud = topic.failure === undefined && !(error instanceof ConnectionError);
    const text = `subscription of ${groupedName(topic.service)} is not confirmed: ${error.message}; trying again`;
    if (isLoud) logger.warn(text);
    else logger.debug(text);
    topic.failure = error;
    if (isNacosError(error) && !error.retryable) topic.refuse(error);
    this.#retry ??= clock.after(RETRY_MS, () => {
      this.#retry = undefined;
      this.#flush();
    });
  }

  #body(topic: Topic, subscribe: boolean): ReturnType<typeof subscribeBody> {
    const { namespace } = this.#options;
    return subscribeBody({ namespace, service: topic.service }, subscribe);
  }
}

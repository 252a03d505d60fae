/**
 * Owns the config API over one session: checks what users pass in, then asks the server or hands it to the listening. Built by
 * `client/client.ts`; settings and commands see it as ConfigApi only.
 */
import type {
  ConfigApi,
  ConfigKey,
  ConfigListener,
  ConfigSubscription,
  ConfigSubscriptionState,
  ConfigVersion,
  GetConfigOptions,
  PublishConfigOptions,
  RemoveConfigOptions,
} from '../config-api.js';
import { ClosedError, ConnectionError, RequestTimeoutError, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ConnectionState, WaitOptions } from '../naming-api.js';
import type { Session } from '../remote/session.js';
import type { Clock } from '../util/clock.js';
import { waitWithin } from '../util/deferred.js';
import {
  CONFIG_PUBLISH_REQUEST,
  CONFIG_REMOVE_REQUEST,
  configPublishBody,
  configRemoveBody,
} from '../wire/messages/config.js';
import { iterateConfig } from './config-iterator.js';
import { ConfigReader } from './config-reader.js';
import { checkContent, checkKey, checkPublishOptions, checkTag } from './config-rules.js';
import { typeOfDataId } from './config-type.js';
import { Listening, type Listener } from './listening.js';

export interface ConfigClientOptions {
  readonly session: Session;
  readonly namespace: string;
  readonly appName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

export class ConfigClient implements Omit<
  ConfigApi,
  'watchPattern' | 'list' | 'history' | 'historyEntry'
> {
  readonly #options: ConfigClientOptions;
  readonly #session: Session;
  readonly #reader: ConfigReader;
  readonly #listening: Listening;

  constructor(options: ConfigClientOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#reader = new ConfigReader(options);
    this.#listening = new Listening({
      ...options,
      read: (key) => this.#reader.read(key, { holdsProcess: false }),
    });
  }

  get connectionState(): ConnectionState {
    return this.#session.state;
  }

  onConnectionState(listener: (state: ConnectionState) => void): () => void {
    return this.#session.onState(listener);
  }

  async get(
    dataId: string,
    group?: string,
    options: GetConfigOptions = {},
  ): Promise<ConfigVersion | undefined> {
    const key = this.#key(dataId, group);
    checkTag(options.tag);
    this.#session.start();
    return this.#reader.read(key, options, options.tag);
  }

  async publish(
    dataId: string,
    group: string | undefined,
    content: string,
    options: PublishConfigOptions = {},
  ): Promise<void> {
    const key = this.#key(dataId, group);
    checkContent(content);
    checkPublishOptions(options);
    this.#session.start();
    const body = configPublishBody(key, content, this.#additions(dataId, options), options.casMd5);
    try {
      await this.#session.request(CONFIG_PUBLISH_REQUEST, body, options);
    } catch (error) {
      throw options.casMd5 === undefined ? error : conflictOr(error, key);
    }
  }

  async remove(dataId: string, group?: string, options: RemoveConfigOptions = {}): Promise<void> {
    const key = this.#key(dataId, group);
    checkTag(options.tag);
    this.#session.start();
    await this.#session.request(CONFIG_REMOVE_REQUEST, configRemoveBody(key, options.tag), options);
  }

  listen(dataId: string, group?: string, listener?: ConfigListener): ConfigSubscription {
    const key = this.#key(dataId, group);
    this.#session.start();
    return this.#subscriptionOf(this.#listening.listen(key, listener));
  }

  /** Stops listening; called before the session closes. */
  close(): void {
    this.#listening.close();
  }

  #key(dataId: string, group: string | undefined): ConfigKey {
    return checkKey(this.#options.namespace, dataId, group);
  }

  #additions(dataId: string, options: PublishConfigOptions): Readonly<Record<string, string>> {
    const { type = typeOfDataId(dataId), appName = this.#options.appName } = options;
    const { betaIps, tag, tags, description } = options;
    return {
      type,
      appName,
      ...(betaIps === undefined ? {} : { betaIps: betaIps.join(',') }),
      ...(tag === undefined ? {} : { tag }),
      ...(tags === undefined ? {} : { config_tags: tags.join(',') }),
      ...(description === undefined ? {} : { desc: description }),
    };
  }

  #subscriptionOf(listener: Listener): ConfigSubscription {
    const { config, follower } = listener;
    const listening = this.#listening;
    const close = (): Promise<void> => this.#leave(listener);
    return {
      key: config.key,
      get state(): ConfigSubscriptionState {
        if (!config.has(follower)) return 'closed';
        if (!config.isKnown) return 'subscribing';
        return listening.isLive(config) ? 'live' : 'stale';
      },
      get current() {
        return config.current;
      },
      ready: (bounds: WaitOptions = {}) => this.#ready(listener, bounds),
      close,
      [Symbol.asyncDispose]: close,
      [Symbol.asyncIterator]: () => iterateConfig(config, follower),
    };
  }

  async #ready(
    { config, follower }: Listener,
    bounds: WaitOptions,
  ): Promise<ConfigVersion | undefined> {
    if (!config.has(follower)) throw new ClosedError('the subscription is closed');
    if (config.isKnown) return config.current;
    const timeoutMs = bounds.timeoutMs ?? this.#options.requestTimeoutMs;
    return waitWithin(follower.first.promise, {
      clock: this.#options.clock,
      timeoutMs,
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () => {
        const { group, dataId } = config.key;
        const text = `no answer about ${group}/${dataId} within ${String(timeoutMs)} ms`;
        const { failure: cause } = config;
        return this.#session.state === 'ready'
          ? new RequestTimeoutError(text, { cause })
          : new ConnectionError('NOT_CONNECTED', `${text}: no connection to Nacos`, { cause });
      },
    });
  }

  /** A user's code awaits it, so it holds the process, but not for ever. */
  #leave(listener: Listener): Promise<void> {
    const { clock, requestTimeoutMs } = this.#options;
    return waitWithin(this.#listening.leave(listener), {
      clock,
      timeoutMs: 2 * requestTimeoutMs,
      onTimeout: () => new RequestTimeoutError('the server was not told in time'),
    }).catch(() => undefined); // The listener is off in any case; what comes for it is ignored.
  }
}

/** A lost compare-and-set has no number of its own, only this text (docs/protocol.md#config). */
function conflictOr(error: unknown, { group, dataId }: ConfigKey): unknown {
  if (!(error instanceof ServerError) || !/cas publish fail/i.test(error.message)) return error;
  const { resultCode, errorCode } = error;
  return new ServerError(
    'CAS_CONFLICT',
    `${group}/${dataId} was not published: its content is not the expected one any more`,
    { resultCode, errorCode },
    { cause: error },
  );
}

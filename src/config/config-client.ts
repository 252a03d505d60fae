/**
 * Owns the config API over one session: checks what users pass in, then asks the server or hands it to the lookup, the listening or the
 * watches. Built by `client/client.ts`; settings and commands see it as ConfigApi only.
 */
import type {
  ConfigApi,
  ConfigCipher,
  ConfigHistoryEntry,
  ConfigHistoryPage,
  ConfigKey,
  ConfigListener,
  ConfigPage,
  ConfigPageOptions,
  ConfigPattern,
  ConfigPatternListener,
  ConfigPatternWatch,
  ConfigSubscription,
  ConfigSubscriptionState,
  ConfigVersion,
  GetConfigOptions,
  ListConfigsOptions,
  PublishConfigOptions,
  RemoveConfigOptions,
} from '../config-api.js';
import { ClosedError, ConnectionError, RequestTimeoutError, ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ConnectionState, WaitOptions } from '../naming-api.js';
import type { Session } from '../remote/session.js';
import type { Clock } from '../util/clock.js';
import { runInBackground, waitWithin } from '../util/deferred.js';
import { ERROR_NO_HANDLER, RESULT_FAIL } from '../wire/messages/common.js';
import {
  CONFIG_PUBLISH_REQUEST,
  CONFIG_REMOVE_REQUEST,
  configPublishBody,
  configRemoveBody,
} from '../wire/messages/config.js';
import { ConfigCiphers } from './ciphers.js';
import { ConfigConsole } from './config-console.js';
import { ConfigCopies } from './config-copies.js';
import { iterateConfig } from './config-iterator.js';
import { ConfigLookup } from './config-lookup.js';
import { ConfigReader } from './config-reader.js';
import {
  checkContent,
  checkKey,
  checkPaging,
  checkPattern,
  checkPublishOptions,
  checkSize,
  checkTag,
} from './config-rules.js';
import { typeOfDataId } from './config-type.js';
import { ConfigWatches } from './config-watches.js';
import { BETA, removeGray, removeTag } from './gray.js';
import type { HttpGet } from './http-get.js';
import { Listening, type Listener } from './listening.js';
import { OperatorFiles } from './operator-files.js';

export interface ConfigClientOptions {
  readonly session: Session;
  readonly namespace: string;
  readonly appName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
  /** Of the HTTP API. */
  readonly get: HttpGet;
  /** Besides AES. */
  readonly ciphers?: readonly ConfigCipher[] | undefined;
  /** Where copies are kept, and what tells the servers of this client from others. Default: none are. */
  readonly cache?: { readonly dir: string; readonly registry: string } | undefined;
  /** Where operators put files that count instead of what Nacos has. Default: nowhere. */
  readonly failoverDir?: string | undefined;
}

export class ConfigClient implements ConfigApi {
  readonly #options: ConfigClientOptions;
  readonly #session: Session;
  readonly #ciphers: ConfigCiphers;
  readonly #copies: ConfigCopies | undefined;
  readonly #files: OperatorFiles | undefined;
  readonly #lookup: ConfigLookup;
  readonly #listening: Listening;
  readonly #watches: ConfigWatches;
  readonly #console: ConfigConsole;

  constructor(options: ConfigClientOptions) {
    this.#options = options;
    this.#session = options.session;
    const { clock, logger, namespace, cache, failoverDir } = options;
    const ciphers = new ConfigCiphers(options.ciphers, clock);
    const copies = cache && new ConfigCopies({ ...cache, clock, logger });
    const reader = new ConfigReader({ session: options.session, clock, ciphers, copies });
    const files =
      failoverDir === undefined
        ? undefined
        : new OperatorFiles({
            dir: failoverDir,
            namespace,
            clock,
            logger,
            changed: (key) => this.#listening.fileChanged(key),
          });
    this.#ciphers = ciphers;
    this.#copies = copies;
    this.#files = files;
    this.#lookup = new ConfigLookup({ ...options, reader, files, hasCopies: copies !== undefined });
    this.#listening = new Listening({
      ...options,
      read: (key) => reader.read(key, { holdsProcess: false }),
      copyOf: (key) => reader.copyOf(key),
      fileOf: (key) => files?.of(key),
    });
    this.#watches = new ConfigWatches(options);
    this.#console = new ConfigConsole({
      ...options,
      open: (key, stored) => reader.open(key, stored, 'server'),
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
    if (options.tag !== undefined) await this.#needNacos('get with tag', options);
    return this.#lookup.get(key, options);
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
    const { casMd5, betaIps, tag } = options;
    if (casMd5 !== undefined) await this.#needNacos('publish with casMd5', options);
    if (betaIps !== undefined) await this.#needNacos('publish with betaIps', options);
    if (tag !== undefined) await this.#needNacos('publish with tag', options);
    const sealed = await this.#ciphers.seal(key, content);
    if (sealed.content !== content) checkSize(sealed.content);
    // Seen on 0.8.8: the key is thrown away, and the content could never be read again.
    if (sealed.encryptedDataKey !== '') await this.#needNacos('publish with a data key', options);
    const additions = this.#additions(dataId, options, sealed.encryptedDataKey);
    this.#session.start();
    try {
      await this.#session.request(
        CONFIG_PUBLISH_REQUEST,
        configPublishBody(key, sealed.content, additions, casMd5),
        casMd5 === undefined ? options : { ...options, once: true },
      );
    } catch (error) {
      throw casMd5 === undefined ? error : conflictOr(error, key);
    }
  }

  async remove(dataId: string, group?: string, options: RemoveConfigOptions = {}): Promise<void> {
    const key = this.#key(dataId, group);
    const { tag, beta = false } = options;
    checkTag(tag);
    this.#session.start();
    if (tag === undefined && !beta) {
      await this.#session.request(CONFIG_REMOVE_REQUEST, configRemoveBody(key), options);
      return;
    }
    if (tag !== undefined) {
      await this.#needNacos('remove with tag', options);
      await removeTag(this.#session, key, tag, options);
    }
    if (beta) {
      await this.#needNacos('remove with beta', options);
      await removeGray(this.#session, key, BETA, options);
    }
  }

  listen(dataId: string, group?: string, listener?: ConfigListener): ConfigSubscription {
    const key = this.#key(dataId, group);
    this.#session.start();
    if (this.#files !== undefined) runInBackground(this.#files.ready());
    return this.#subscriptionOf(this.#listening.listen(key, listener));
  }

  watchPattern(pattern: ConfigPattern, listener?: ConfigPatternListener): ConfigPatternWatch {
    const checked = checkPattern(pattern);
    this.#session.start();
    return this.#watches.watch(checked, listener);
  }

  async list(options: ListConfigsOptions = {}): Promise<ConfigPage> {
    checkPaging(options);
    return this.#console.list(checkPattern(options), options);
  }

  async history(
    dataId: string,
    group?: string,
    options: ConfigPageOptions = {},
  ): Promise<ConfigHistoryPage> {
    checkPaging(options);
    return this.#console.history(this.#key(dataId, group), options);
  }

  async historyEntry(entry: ConfigHistoryEntry, options: WaitOptions = {}): Promise<ConfigVersion> {
    return this.#console.historyEntry(entry, options);
  }

  /** Stops listening; called before the session closes. Resolves when the copies on disk are written. */
  async close(): Promise<void> {
    this.#listening.close();
    this.#watches.close();
    this.#files?.close();
    await this.#copies?.close();
  }

  /** What r-nacos would not do, or do for everybody. */
  async #needNacos(what: string, bounds: WaitOptions): Promise<void> {
    this.#session.start();
    await this.#session.ready(bounds);
    // Known by what it does to batches: it has no other mark (docs/protocol.md#differences).
    if (!this.#session.addsBatches) return;
    throw new ServerError(
      'SERVER_UNSUPPORTED',
      `${what}: r-nacos has no compare-and-set, no beta and tag configs and keeps no keys of encrypted ones; nothing was sent`,
      { resultCode: RESULT_FAIL, errorCode: ERROR_NO_HANDLER },
    );
  }

  #key(dataId: string, group: string | undefined): ConfigKey {
    return checkKey(this.#options.namespace, dataId, group);
  }

  #additions(
    dataId: string,
    options: PublishConfigOptions,
    encryptedDataKey: string,
  ): Readonly<Record<string, string>> {
    const { type = typeOfDataId(dataId), appName = this.#options.appName } = options;
    const { betaIps, tag, tags, description } = options;
    return {
      type,
      appName,
      ...(encryptedDataKey === '' ? {} : { encryptedDataKey }),
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

/**
 * Owns the interface of the config client: what `settings`, `runtime` and commands get passed in, so that they never see sessions or
 * the wire. Implemented by `config/config-client.ts` and by the in-memory one of `nacos-serving/testing`. Types only.
 */
import type { ConnectionState, WaitOptions } from './naming-api.js';

/** What Nacos knows as the type of a content; anything else is `text` to it. */
export type ConfigType =
  'text' | 'json' | 'yaml' | 'properties' | 'toml' | 'xml' | 'html' | 'unset';

/** Which config. The namespace is that of the client. */
export interface ConfigKey {
  /** `public` for the default one. */
  readonly namespace: string;
  readonly group: string;
  readonly dataId: string;
}

/** server: as Nacos has it now. failover: an operator's file. snapshot: what Nacos had when it last answered. */
export type ConfigSource = 'server' | 'failover' | 'snapshot';

/** One content of a config. Frozen. */
export interface ConfigVersion extends ConfigKey {
  /** Decrypted, when the data id is one of an encrypted config. */
  readonly content: string;
  /** As the server names it; see {@link ConfigType}. */
  readonly type: string;
  /** Of the content as it is stored; lower-case hex. What `casMd5` is compared with. */
  readonly md5: string;
  /** By the clock of the server, epoch ms; 0 when it does not say. */
  readonly lastModifiedMs: number;
  readonly source: ConfigSource;
}

/** A content as it is stored, with what the cipher needs to read it again. */
export interface EncryptedConfig {
  readonly content: string;
  /** Stored beside the content, and never shown in a console: usually the key of this content, itself encrypted. */
  readonly encryptedDataKey: string;
}

/**
 * Encrypts the configs whose data ids begin with `cipher-<algorithm>-`, before they leave the process, and decrypts what comes back. What either
 * throws, or does not finish within 10 s, becomes a ConfigError CIPHER_FAILED; its message must not hold a content.
 */
export interface ConfigCipher {
  /** `aes` is for `cipher-aes-app.yaml`; of several that fit, the longest counts. */
  readonly algorithm: string;
  /** Before a content is published. What it throws is the cause of CIPHER_FAILED. */
  encrypt(content: string): EncryptedConfig | Promise<EncryptedConfig>;
  /** After a content was read, from a server or a copy on disk. */
  decrypt(config: EncryptedConfig): string | Promise<string>;
}

/** How to read a config. */
export interface GetConfigOptions extends WaitOptions {
  /**
   * The content that was published for this tag; nothing when there is none. Asked of the server only.
   * @throws ServerError SERVER_UNSUPPORTED on r-nacos, which has no tags.
   */
  readonly tag?: string;
}

/** What is published along with a content, for whom, and on which condition. */
export interface PublishConfigOptions extends WaitOptions {
  /** Default: by the ending of the data id (`app.yaml` is yaml), else text. */
  readonly type?: ConfigType;
  /**
   * Publish only when the stored content still has this md5; what does not exist is created all the same. Such a request is sent once: when the
   * connection breaks meanwhile, CONNECTION_LOST leaves open whether it was done.
   * @throws ServerError CAS_CONFLICT otherwise; SERVER_UNSUPPORTED on r-nacos, which would ignore it.
   */
  readonly casMd5?: string;
  /**
   * Only for clients at these addresses, which the others do not see. A later publish to the same addresses replaces it; `remove` with `beta` ends it.
   * @throws ServerError SERVER_UNSUPPORTED on r-nacos, which would publish it to all.
   */
  readonly betaIps?: readonly string[];
  /** Only for clients that ask for this tag. @throws ServerError SERVER_UNSUPPORTED on r-nacos, which would publish it to all. */
  readonly tag?: string;
  /** Owner, as the console shows it. Default: the client's `appName`. */
  readonly appName?: string;
  /** At most 5, each at most 64 characters. */
  readonly tags?: readonly string[];
  /** At most 128 characters. */
  readonly description?: string;
}

/** What of a config is removed; without any of these, what all clients see. */
export interface RemoveConfigOptions extends WaitOptions {
  /** Removes what was published for this tag only. */
  readonly tag?: string;
  /** True: removes what was published with `betaIps` only. Nacos 2.5 and later. */
  readonly beta?: boolean;
}

/**
 * Called with the new content, or with undefined when the config was removed. One call at a time for each listener: while its promise is pending
 * nothing else is told to it, and then the newest. When it throws or rejects, that is logged and it is called again after 1 s, 2 s, 4 s and so on
 * up to 60 s, with what is the content then. The other listeners do not wait for it.
 */
export type ConfigListener = (
  version: ConfigVersion | undefined,
  key: ConfigKey,
) => void | Promise<void>;

/** subscribing: not known yet. live: the server tells us of changes. stale: disconnected, the last content stays. */
export type ConfigSubscriptionState = 'subscribing' | 'live' | 'stale' | 'closed';

/**
 * One listener's share of a config; the server sees one listener per config. Iterating it gives the content of now, then
 * each later one that differs; who iterates slowly gets the newest and not each between. Leaving the loop closes nothing; neither a listener nor a loop keeps the process alive.
 */
export interface ConfigSubscription
  extends AsyncDisposable, AsyncIterable<ConfigVersion | undefined> {
  readonly key: ConfigKey;
  readonly state: ConfigSubscriptionState;
  /** The content last seen; undefined until the first one arrived, and when there is none. */
  readonly current: ConfigVersion | undefined;
  /** Resolves with the content once it is known, at once when it is; whatever changes after that reaches the listener: no gap. */
  ready(options?: WaitOptions): Promise<ConfigVersion | undefined>;
  /** Stops the listener; with the last one of a config the server is told. Idempotent. */
  close(): Promise<void>;
}

/** A `*` stands for any characters, at the beginning, at the end or at both; elsewhere it is not allowed. Default of both: `*`. */
export interface ConfigPattern {
  readonly dataId?: string;
  readonly group?: string;
}

/** A config that matches a pattern came, changed or went. */
export interface ConfigPatternChange {
  /** changed: its content did; `get` has it. */
  readonly type: 'added' | 'changed' | 'removed';
  readonly key: ConfigKey;
}

/** Called with each change, one at a time; an exception is logged. */
export type ConfigPatternListener = (change: ConfigPatternChange) => void | Promise<void>;

/** What matches a pattern now, kept up to date by the server. */
export interface ConfigPatternWatch extends AsyncDisposable {
  readonly keys: readonly ConfigKey[];
  /** What matches, as far as it was told. Resolves when the server has told all, by default within 10 s. @throws ServerError SERVER_UNSUPPORTED before Nacos 3. */
  ready(options?: WaitOptions): Promise<readonly ConfigKey[]>;
  /** Ends it; with the last one of a pattern the server is told. Idempotent. */
  close(): Promise<void>;
}

/** Which page of a long list. */
export interface ConfigPageOptions extends WaitOptions {
  /** 1-based. Default 1. */
  readonly page?: number;
  /** At most 500. Default 100. */
  readonly pageSize?: number;
}

/** Which configs are listed, page by page. */
export interface ListConfigsOptions extends ConfigPageOptions {
  /** Patterns as in {@link ConfigPattern}. Default: all. */
  readonly dataId?: string;
  readonly group?: string;
}

/** One page of the configs of a namespace. */
export interface ConfigPage {
  /** All that match, not only those of this page. */
  readonly count: number;
  readonly configs: readonly ListedConfig[];
}

/** A config in a list, without its content. */
export interface ListedConfig extends ConfigKey {
  readonly type: string;
  /** '' when the server's list does not have it. */
  readonly md5: string;
}

/** One page of the history of a config, newest first. */
export interface ConfigHistoryPage {
  readonly count: number;
  readonly entries: readonly ConfigHistoryEntry[];
}

/** One change of a config. */
export interface ConfigHistoryEntry extends ConfigKey {
  /** Names the entry to `historyEntry`. */
  readonly id: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'unknown';
  /** It was about a version for some clients only (beta or tag). */
  readonly isGray: boolean;
  readonly modifiedMs: number;
  readonly user: string;
  readonly sourceIp: string;
}

/** Configs of one namespace, over a connection of its own. */
export interface ConfigApi {
  readonly connectionState: ConnectionState;
  /** Calls back on each change of `connectionState`; returns the function which stops that. */
  onConnectionState(listener: (state: ConnectionState) => void): () => void;
  /**
   * The content of now, or undefined when there is none. An operator's failover file comes first; when the server does not answer, the
   * snapshot on disk, unless it refused us. A group of undefined is `DEFAULT_GROUP`, here and below.
   */
  get(
    dataId: string,
    group?: string,
    options?: GetConfigOptions,
  ): Promise<ConfigVersion | undefined>;
  /** Resolves when the server has stored it. @throws ConfigError CONFIG_TOO_LARGE above 9 MiB, before anything is sent. */
  publish(
    dataId: string,
    group: string | undefined,
    content: string,
    options?: PublishConfigOptions,
  ): Promise<void>;
  /** Removing what is not there is no error. */
  remove(dataId: string, group?: string, options?: RemoveConfigOptions): Promise<void>;
  /**
   * Follows a config, through every outage, until the subscription is closed. The listener also gets the content of now, as soon as it is known;
   * a config that does not exist is no call until it does.
   */
  listen(dataId: string, group?: string, listener?: ConfigListener): ConfigSubscription;
  /** Follows which configs match. Nacos 3 only. */
  watchPattern(pattern: ConfigPattern, listener?: ConfigPatternListener): ConfigPatternWatch;
  /** By the HTTP API, which a server may not have. @throws ServerError SERVER_UNSUPPORTED */
  list(options?: ListConfigsOptions): Promise<ConfigPage>;
  /** Newest first; by the HTTP API like `list`. */
  history(dataId: string, group?: string, options?: ConfigPageOptions): Promise<ConfigHistoryPage>;
  /** What was inserted; of an update or a removal, what there was before it. */
  historyEntry(entry: ConfigHistoryEntry, options?: WaitOptions): Promise<ConfigVersion>;
}

/**
 * Owns which configs are listened to, and that the server knows. Called by the config client. One entry per config on the wire, whatever the
 * number of listeners; everything that has to be told goes in one request, cut into parts for thousands of them. A notice has no content:
 * it makes us ask at once, and have the server compare afterwards. After a reconnect everything is told again, and every
 * 3 min besides, for what a server may have forgotten to say (docs/protocol.md#listen, #trap-15, #trap-16).
 *
 * States of a subscription: subscribing -first content-> live -disconnected-> stale -confirmed again-> live; any -close-> closed.
 */
import type { ConfigKey, ConfigListener, ConfigVersion } from '../config-api.js';
import { ConnectionError, isNacosError } from '../errors.js';
import { answerLiveFacts } from '../live-facts.js';
import type { Logger } from '../logger.js';
import { readJsonPush } from '../remote/push.js';
import type { Session } from '../remote/session.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground } from '../util/deferred.js';
import { Lane } from '../util/lane.js';
import {
  CONFIG_BATCH_LISTEN_REQUEST,
  CONFIG_CHANGE_NOTIFY_REQUEST,
  configListenBody,
  readChangedConfigs,
  readConfigRef,
} from '../wire/messages/config.js';
import type { Follower } from './follower.js';
import { ListenedConfig } from './listened-config.js';

export interface ListeningParts {
  readonly session: Pick<Session, 'request' | 'handle' | 'onReady' | 'onState' | 'state' | 'epoch'>;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The content of now, from the server. undefined: there is none. */
  readonly read: (key: ConfigKey) => Promise<ConfigVersion | undefined>;
  /** What the server had before, for while it is away. undefined: that is not known. */
  readonly copyOf?: (key: ConfigKey) => Promise<ConfigVersion | undefined>;
  /** What counts instead of what the server has. */
  readonly fileOf?: (key: ConfigKey) => ConfigVersion | undefined;
}

export interface Listener {
  readonly config: ListenedConfig;
  readonly follower: Follower;
}

/** Of the longest names, a request has half a MiB: far from what a server takes. */
const MAX_CONTEXTS = 1000;
const MAX_READS = 64;
/** As Nacos' client since 2.3. */
const FULL_SYNC_MS = 180_000;
const RETRY_BASE_MS = 1000;
const RETRY_CAP_MS = 30_000;

export class Listening {
  readonly #parts: ListeningParts;
  readonly #configs = new Map<string, ListenedConfig>();
  /** What the server has to be told of. */
  readonly #due = new Set<ListenedConfig>();
  /** What failed, with the moment from which on it is tried again. */
  readonly #failed = new Map<ListenedConfig, number>();
  readonly #lane = new Lane(MAX_READS);
  readonly #stops: readonly (() => void)[];
  #stopAnswering: (() => void) | undefined;
  #telling: Promise<void> | undefined;
  #fullSync: Timer | undefined;
  #retry: Timer | undefined;
  /** Once is enough: what is away for one is away for all. */
  #saidCopy = false;
  #isClosed = false;

  constructor(parts: ListeningParts) {
    this.#parts = parts;
    this.#stops = [
      parts.session.onReady(() => this.#compareAll()),
      parts.session.onState((state) => {
        if (state !== 'ready') this.#forgetUnwanted();
        if (state === 'backoff') for (const config of this.#configs.values()) this.#useCopy(config);
      }),
    ];
    parts.session.handle(CONFIG_CHANGE_NOTIFY_REQUEST, readJsonPush, (body) => {
      const ref = readConfigRef(body);
      if (ref.namespace === parts.namespace) this.#changed(this.#configs.get(textOf(ref)));
    });
  }

  /** An operator's file has come, changed or gone. */
  fileChanged(key: ConfigKey): void {
    this.#configs.get(textOf(key))?.takeFile(this.#parts.fileOf?.(key));
  }

  listen(key: ConfigKey, listener: ConfigListener | undefined): Listener {
    const text = textOf(key);
    let config = this.#configs.get(text);
    if (config === undefined) {
      config = new ListenedConfig({ ...this.#parts, key });
      const file = this.#parts.fileOf?.(key);
      if (file !== undefined) config.takeFile(file);
      if (!this.#isClosed) this.#configs.set(text, config);
      if (this.#parts.session.state === 'backoff') this.#useCopy(config);
    }
    config.leaving?.resolve();
    config.leaving = undefined;
    const follower = config.join(listener);
    if (this.#isClosed) config.leave(follower);
    else {
      this.#stopAnswering ??= answerLiveFacts((tell) => {
        const counts = [...this.#configs.values()].map(({ listeners }) => listeners);
        const count = counts.reduce((sum, each) => sum + each, 0);
        tell({ kind: 'config-listeners', count });
      });
      this.#tell(config);
    }
    this.#fullSync ??= this.#isClosed
      ? undefined
      : this.#parts.clock.every(FULL_SYNC_MS, () => runInBackground(this.#compareAll()));
    return { config, follower };
  }

  /** Resolves when the server knows that nobody listens any more, or need not be told. */
  leave({ config, follower }: Listener): Promise<void> {
    if (!config.leave(follower) || config.isWanted) return Promise.resolve();
    if (this.#isClosed || config.askedEpoch !== this.#epoch() || config.askedEpoch === 0) {
      this.#forget(config);
      return Promise.resolve();
    }
    config.leaving ??= createDeferred();
    const { promise } = config.leaving;
    this.#tell(config);
    return promise;
  }

  isLive(config: ListenedConfig): boolean {
    const epoch = this.#epoch();
    return epoch !== 0 && config.confirmedEpoch === epoch;
  }

  close(): void {
    this.#isClosed = true;
    this.#stopAnswering?.();
    this.#fullSync?.cancel();
    this.#retry?.cancel();
    for (const stop of this.#stops) stop();
    for (const config of this.#configs.values()) config.leaveAll('the client is closed');
    this.#configs.clear();
    this.#due.clear();
    this.#failed.clear();
    this.#lane.clear();
  }

  /** 0 while there is no connection, which nothing is confirmed for. */
  #epoch(): number {
    return this.#parts.session.state === 'ready' ? this.#parts.session.epoch : 0;
  }

  /** Has the server compare everything. Resolves when it was told of all. */
  #compareAll(): Promise<void> {
    this.#saidCopy = false;
    for (const config of this.#configs.values()) {
      config.askedMd5 = undefined;
      this.#due.add(config);
    }
    return this.#start();
  }

  #tell(config: ListenedConfig): void {
    this.#due.add(config);
    runInBackground(this.#start());
  }

  /** One round at a time: what ends listening must not overtake what begins it. */
  #start(): Promise<void> {
    this.#telling ??= this.#tellAll();
    return this.#telling;
  }

  async #tellAll(): Promise<void> {
    // What else comes up in this turn goes along.
    await Promise.resolve();
    try {
      // Nothing may happen between the last look and the end: what came up then would be told by nobody.
      for (let epoch = this.#epochToTell(); epoch !== 0; epoch = this.#epochToTell()) {
        await this.#tellRound(epoch);
      }
    } finally {
      this.#telling = undefined;
    }
  }

  /** 0: there is nothing to be told, or nobody to tell. */
  #epochToTell(): number {
    return this.#isClosed || this.#due.size === 0 ? 0 : this.#epoch();
  }

  async #tellRound(epoch: number): Promise<void> {
    const due = [...this.#due];
    this.#due.clear();
    const unwanted = due.filter((config) => !config.isWanted);
    // Gone from here on: who listens again meanwhile has a new entry, and is told of in the next round.
    for (const config of unwanted) this.#configs.delete(textOf(config.key));
    await this.#inParts(
      unwanted.filter((config) => config.askedEpoch === epoch),
      (part) => this.#endListening(part),
    );
    for (const config of unwanted) config.leaving?.resolve();
    await this.#inParts(
      due.filter((config) => config.isWanted && needsTelling(config, epoch)),
      (part) => this.#beginListening(part, epoch),
    );
  }

  async #inParts(
    configs: readonly ListenedConfig[],
    send: (part: readonly ListenedConfig[]) => Promise<void>,
  ): Promise<void> {
    const sent: Promise<void>[] = [];
    for (let at = 0; at < configs.length; at += MAX_CONTEXTS) {
      sent.push(send(configs.slice(at, at + MAX_CONTEXTS)));
    }
    await Promise.all(sent);
  }

  async #beginListening(part: readonly ListenedConfig[], epoch: number): Promise<void> {
    const asked = part.map((config) => {
      const { md5 } = config;
      config.askedEpoch = epoch;
      config.askedMd5 = md5;
      return { config, md5 };
    });
    const contexts = asked.map(({ config, md5 }) => ({ ...config.key, md5 }));
    try {
      const answer = await this.#parts.session.request(
        CONFIG_BATCH_LISTEN_REQUEST,
        configListenBody(true, contexts),
        BACKGROUND,
      );
      if (this.#epoch() !== epoch) {
        // It may have been carried out on the new connection, or on none: that one is told again in any case.
        for (const config of part) this.#due.add(config);
        return;
      }
      const changed = new Set(readChangedConfigs(answer).map(textOf));
      for (const { config, md5 } of asked) {
        if (changed.has(textOf(config.key))) this.#read(config);
        else if (config.md5 === md5) this.#confirm(config, epoch);
      }
    } catch (error) {
      const moved = this.#epoch() !== epoch;
      for (const config of part) {
        config.askedMd5 = undefined;
        if (moved) this.#due.add(config);
        else this.#retryLater(config, asError(error));
      }
    }
  }

  async #endListening(part: readonly ListenedConfig[]): Promise<void> {
    const contexts = part.map((config) => {
      config.askedEpoch = 0;
      config.confirmedEpoch = 0;
      return { ...config.key, md5: config.md5 };
    });
    try {
      const body = configListenBody(false, contexts);
      await this.#parts.session.request(CONFIG_BATCH_LISTEN_REQUEST, body, BACKGROUND);
    } catch (error) {
      // The server goes on telling of changes that nobody listens for, until the connection ends: harmless.
      this.#parts.logger.debug(`the end of listening was not told: ${asError(error).message}`);
    }
  }

  /** The server has what we have. */
  #confirm(config: ListenedConfig, epoch: number): void {
    config.confirmedEpoch = epoch;
    config.failure = undefined;
    config.failures = 0;
    config.confirm();
  }

  #changed(config: ListenedConfig | undefined): void {
    if (config === undefined) return;
    config.askedMd5 = undefined;
    this.#read(config);
  }

  #read(config: ListenedConfig): void {
    config.isStale = true;
    if (config.isReading || this.#isClosed) return;
    config.isReading = true;
    this.#lane.run(() => this.#readAll(config));
  }

  async #readAll(config: ListenedConfig): Promise<void> {
    try {
      while (config.isStale && config.isWanted && !this.#isClosed) {
        config.isStale = false;
        const epoch = this.#epoch();
        const version = await this.#parts.read(config.key);
        if (this.#isClosed || !config.isWanted) break;
        config.failure = undefined;
        config.failures = 0;
        config.confirmedEpoch = epoch;
        config.take(version);
      }
    } catch (error) {
      config.askedMd5 = undefined;
      if (this.#epoch() !== 0) this.#retryLater(config, asError(error));
    } finally {
      config.isReading = false;
    }
    // So that the server compares: what it answered may have been older than its notice.
    if (!this.#failed.has(config) && config.isWanted) this.#tell(config);
  }

  #retryLater(config: ListenedConfig, error: Error): void {
    if (this.#isClosed) return;
    const { logger, clock } = this.#parts;
    // Once per trouble; and that there is no connection, the session says for all of us.
    const isLoud = this.#failed.size === 0 && config.failures === 0;
    const { group, dataId } = config.key;
    const text = `config ${group}/${dataId} is not up to date: ${error.message}; trying again`;
    if (isLoud && !(error instanceof ConnectionError)) logger.warn(text);
    else logger.debug(text);
    config.failures += 1;
    config.failure = error;
    if (isNacosError(error) && !error.retryable) config.refuse(error);
    else this.#useCopy(config);
    const waitMs = Math.min(RETRY_BASE_MS * 2 ** Math.min(config.failures - 1, 10), RETRY_CAP_MS);
    this.#failed.set(config, clock.nowMs() + waitMs);
    this.#retry ??= clock.every(RETRY_BASE_MS, () => this.#retryFailed());
  }

  /** Until the server answers, and not when it refuses us. */
  #useCopy(config: ListenedConfig): void {
    if (config.isStoredKnown) return;
    const take = async (): Promise<void> => {
      const copy = await this.#parts.copyOf?.(config.key);
      if (copy === undefined || config.isStoredKnown || !config.isWanted) return;
      const { group, dataId } = config.key;
      const text = `config ${group}/${dataId}: Nacos cannot be asked; the copy on disk is used until it answers`;
      if (this.#saidCopy) this.#parts.logger.debug(text);
      else this.#parts.logger.warn(text);
      this.#saidCopy = true;
      config.take(copy);
    };
    runInBackground(
      take().catch((error: unknown) => {
        this.#parts.logger.warn(asError(error).message);
      }),
    );
  }

  /** What failed together comes back together. */
  #retryFailed(): void {
    const nowMs = this.#parts.clock.nowMs();
    for (const [config, atMs] of this.#failed) {
      if (atMs > nowMs) continue;
      this.#failed.delete(config);
      if (config.isWanted) this.#due.add(config);
    }
    if (this.#failed.size === 0) {
      this.#retry?.cancel();
      this.#retry = undefined;
    }
    runInBackground(this.#start());
  }

  /** A lost connection has ended the listening on it: there is nobody to tell. */
  #forgetUnwanted(): void {
    for (const config of this.#due) if (!config.isWanted) this.#forget(config);
  }

  #forget(config: ListenedConfig): void {
    this.#due.delete(config);
    this.#failed.delete(config);
    const text = textOf(config.key);
    if (this.#configs.get(text) === config) this.#configs.delete(text);
    config.leaving?.resolve();
  }
}

/** What is being read is told of when it has arrived. */
function needsTelling(config: ListenedConfig, epoch: number): boolean {
  if (config.askedEpoch !== epoch) return true;
  return !config.isReading && config.askedMd5 !== config.md5;
}

/** Whoever waits has bounds of their own. */
const BACKGROUND = { holdsProcess: false } as const;

/** A `+` is in no name. */
function textOf({ dataId, group }: Pick<ConfigKey, 'dataId' | 'group'>): string {
  return `${dataId}+${group}`;
}

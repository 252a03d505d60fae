/**
 * Owns one config that is listened to: what is known of it, who follows it, and for which connection the server was told. Used by the
 * listening, which does the talking. An operator's file goes before what the server says, for as long as it is there.
 */
import type { ConfigKey, ConfigListener, ConfigVersion } from '../config-api.js';
import { ClosedError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Clock } from '../util/clock.js';
import type { Deferred } from '../util/deferred.js';
import { tellConfig } from './config-news.js';
import { Follower } from './follower.js';
import { isSameContent } from './versions.js';

export interface ListenedConfigParts {
  readonly key: ConfigKey;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class ListenedConfig {
  readonly key: ConfigKey;
  /** The connection that may know that we listen; 0: none. */
  askedEpoch = 0;
  /** The sum that was sent there; undefined when the server has to compare again. */
  askedMd5: string | undefined;
  /** The connection over which the server has said that what we have is right; 0: none. */
  confirmedEpoch = 0;
  /** The content is being asked for, or about to be. */
  isReading = false;
  /** A change was told while it was being asked for. */
  isStale = false;
  /** Why the last request failed; undefined after one that did not. */
  failure: Error | undefined;
  /** How many in a row. */
  failures = 0;
  /** Pending while the server has yet to be told that nobody listens any more. */
  leaving: Deferred<void> | undefined;
  readonly #parts: ListenedConfigParts;
  readonly #followers = new Set<Follower>();
  readonly #watchers = new Set<() => void>();
  #isKnown = false;
  #stored: ConfigVersion | undefined;
  #file: ConfigVersion | undefined;

  constructor(parts: ListenedConfigParts) {
    this.#parts = parts;
    this.key = parts.key;
  }

  /** What counts now. */
  get current(): ConfigVersion | undefined {
    return this.#file ?? this.#stored;
  }

  /** Whether `current` says something, if only that there is none. */
  get isKnown(): boolean {
    return this.#isKnown || this.#file !== undefined;
  }

  /** The same without the operator's file. */
  get isStoredKnown(): boolean {
    return this.#isKnown;
  }

  /** Of what the server had when it was asked last: '' for nothing (docs/protocol.md#trap-15). */
  get md5(): string {
    return this.#stored?.md5 ?? '';
  }

  get listeners(): number {
    return this.#followers.size;
  }

  get isWanted(): boolean {
    return this.#followers.size > 0;
  }

  has(follower: Follower): boolean {
    return this.#followers.has(follower);
  }

  /** A listener that comes late hears the present content first, never inside its own `listen` call. */
  join(listener: ConfigListener | undefined): Follower {
    const { key, clock, logger } = this.#parts;
    const follower = new Follower({ key, listener, clock, logger, current: () => this.current });
    this.#followers.add(follower);
    if (this.isKnown) queueMicrotask(() => follower.tell());
    return follower;
  }

  /** Returns false for one that has left already. */
  leave(follower: Follower): boolean {
    follower.close();
    follower.first.reject(new ClosedError('the subscription is closed'));
    const wasThere = this.#followers.delete(follower);
    this.#wake();
    return wasThere;
  }

  leaveAll(why: string): void {
    for (const follower of this.#followers) {
      follower.close();
      follower.first.reject(new ClosedError(why));
    }
    this.#followers.clear();
    this.leaving?.resolve();
    this.#wake();
  }

  /** The server, or the copy of what it said before. */
  take(version: ConfigVersion | undefined): void {
    const before = this.current;
    const isFirst = !this.isKnown;
    this.#isKnown = true;
    this.#stored = version;
    this.#changed(before, isFirst);
  }

  /** The server has what we have: a copy from disk has turned out to be right, or there is none. */
  confirm(): void {
    const stored = this.#stored;
    if (!this.#isKnown) this.take(undefined);
    else if (stored?.source === 'snapshot')
      this.take(Object.freeze({ ...stored, source: 'server' }));
  }

  /** The operator's file; undefined: there is none any more. */
  takeFile(version: ConfigVersion | undefined): void {
    const before = this.current;
    const isFirst = !this.isKnown;
    this.#file = version;
    if (this.isKnown) this.#changed(before, isFirst);
  }

  /** The server refused for good: whoever waits for the first content hears why. */
  refuse(error: Error): void {
    for (const follower of this.#followers) follower.refuse(error);
  }

  /** Calls at each change of the content, and when a follower has left; returns the function which stops that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #changed(before: ConfigVersion | undefined, isFirst: boolean): void {
    const { current } = this;
    if (!isFirst && isSameContent(before, current)) return;
    tellConfig(this.key, current, this.#followers.size);
    // A copy: a listener may listen or close, and who comes now hears the content anyway.
    for (const follower of [...this.#followers]) {
      if (isFirst) follower.first.resolve(current);
      if (this.#followers.has(follower)) follower.tell();
    }
    this.#wake();
  }

  #wake(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

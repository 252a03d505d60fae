/**
 * Owns one watched pattern: what is known to match, who watches, and for which connection the server was told. Used by the pattern
 * watches, which do the talking. What the server says twice is told once.
 */
import type { Logger } from '../logger.js';
import { asError, createDeferred, type Deferred } from '../util/deferred.js';
import { patternText, type PatternKey, type PatternNews } from '../wire/messages/fuzzy-watch.js';

/** Called with each key that is new, changed or gone; an exception is logged and changes nothing else. */
export type PatternListener = (news: PatternNews) => unknown;

/** One `watch` call; the same function given twice is two watchers. */
export interface Watcher {
  readonly listener: PatternListener | undefined;
  /** The end of the first news, for `ready`. Made anew after a refusal, since a later attempt may succeed. */
  settled: Deferred<void>;
  /** It was told what was known when it came; until then nothing else, or a key could be added to it after it was removed. */
  isCaughtUp: boolean;
}

export interface WatchedPatternParts {
  readonly logger: Logger;
  readonly keyText: (key: PatternKey) => string;
}

export class WatchedPattern {
  readonly pattern: PatternKey;
  readonly text: string;
  /** The connection that has confirmed the watch; 0: none. */
  confirmedEpoch = 0;
  /** The connection that may have it, confirmed or not. */
  askedEpoch = 0;
  /** Pending while requests are on the wire. */
  sending: Deferred<void> | undefined;
  /** Why the last request failed; undefined after one that did not. */
  failure: Error | undefined;
  /** The failure, when it is one that waiting does not change. */
  refusal: Error | undefined;
  readonly #parts: WatchedPatternParts;
  readonly #known = new Map<string, PatternKey>();
  readonly #watchers = new Set<Watcher>();
  #keys: readonly PatternKey[] | undefined;
  #isSettled = false;

  constructor(pattern: PatternKey, parts: WatchedPatternParts) {
    this.pattern = pattern;
    this.text = patternText(pattern);
    this.#parts = parts;
  }

  get isWanted(): boolean {
    return this.#watchers.size > 0;
  }

  /** All that matched when the watch began was told. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Frozen, in order of their text; the same list until it changes. */
  get keys(): readonly PatternKey[] {
    this.#keys ??= Object.freeze(
      [...this.#known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key),
    );
    return this.#keys;
  }

  has(watcher: Watcher): boolean {
    return this.#watchers.has(watcher);
  }

  /** Who comes late hears first what is known already, never inside its own `watch` call. */
  join(listener: PatternListener | undefined): Watcher {
    const isCaughtUp = this.#known.size === 0;
    const watcher: Watcher = { listener, settled: createDeferred(), isCaughtUp };
    this.#watchers.add(watcher);
    if (this.#isSettled) watcher.settled.resolve();
    if (!isCaughtUp) {
      queueMicrotask(() => {
        watcher.isCaughtUp = true;
        for (const key of this.keys) this.#call(watcher, { key, type: 'added' });
      });
    }
    return watcher;
  }

  /** Returns false for one that has left already. */
  leave(watcher: Watcher, why: Error): boolean {
    watcher.settled.reject(why);
    return this.#watchers.delete(watcher);
  }

  leaveAll(why: Error): void {
    for (const watcher of [...this.#watchers]) this.leave(watcher, why);
  }

  /** The server refused: whoever waits hears why. */
  refuse(error: Error): void {
    this.refusal = error;
    for (const watcher of this.#watchers) {
      watcher.settled.reject(error);
      watcher.settled = createDeferred();
    }
  }

  settle(): void {
    this.#isSettled = true;
    for (const watcher of this.#watchers) watcher.settled.resolve();
  }

  take({ key, type }: PatternNews): void {
    const text = this.#parts.keyText(key);
    const isKnown = this.#known.has(text);
    if (type === 'removed') {
      if (this.#known.delete(text)) this.#tell({ key, type });
    } else if (!isKnown) {
      // Also a change: of what our watchers have not heard of.
      this.#known.set(text, Object.freeze({ ...key }));
      this.#tell({ key, type: 'added' });
    } else if (type === 'changed') {
      this.#tell({ key, type });
    }
  }

  #tell(news: PatternNews): void {
    if (news.type !== 'changed') this.#keys = undefined;
    // A copy: a listener may watch or close, and who comes now hears what is known anyway.
    for (const watcher of [...this.#watchers]) this.#call(watcher, news);
  }

  #call(watcher: Watcher, news: PatternNews): void {
    if (!this.#watchers.has(watcher) || !watcher.isCaughtUp) return;
    const failed = (error: unknown): void => {
      this.#parts.logger.error(`listener of ${this.text} failed: ${asError(error).message}`);
    };
    try {
      const result: unknown = watcher.listener?.(news);
      if (result instanceof Promise) result.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

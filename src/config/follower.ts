/**
 * Owns one `listen` call: what its listener was told last, and telling it what is new. Used by the listened config. One call at a time: who
 * is slow gets the newest content and none of those between. A listener that fails is told the same content again later, which stops
 * neither the others nor itself.
 */
import type { ConfigKey, ConfigListener, ConfigVersion } from '../config-api.js';
import type { Logger } from '../logger.js';
import { backoffMs } from '../util/backoff.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground, type Deferred } from '../util/deferred.js';
import { tellConfigFailure } from './config-news.js';
import { isSameContent } from './versions.js';

export interface FollowerParts {
  readonly key: ConfigKey;
  readonly listener: ConfigListener | undefined;
  /** What there is now. */
  readonly current: () => ConfigVersion | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_BASE_MS = 1000;
const RETRY_CAP_MS = 60_000;

export class Follower {
  /** The first content, for `ready`. Made anew after a refusal, since a later attempt may succeed. */
  first: Deferred<ConfigVersion | undefined> = createDeferred();
  readonly #parts: FollowerParts;
  /** Of nothing to begin with: that a config does not exist is told to those only who knew it to. */
  #told: ConfigVersion | undefined;
  #isTelling = false;
  #failures = 0;
  #retry: Timer | undefined;
  #isClosed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
  }

  /** There may be something new. A listener that is free is called within this call. */
  tell(): void {
    if (this.#isTelling || this.#isClosed || this.#parts.listener === undefined) return;
    if (isSameContent(this.#told, this.#parts.current())) return;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#call(this.#parts.listener);
  }

  /** Whoever waits for the first content hears why it does not come. */
  refuse(error: Error): void {
    this.first.reject(error);
    this.first = createDeferred();
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
  }

  #call(listener: ConfigListener): void {
    const version = this.#parts.current();
    this.#isTelling = true;
    try {
      const result: unknown = listener(version, this.#parts.key);
      if (isThenable(result)) {
        runInBackground(this.#wait(result, version));
        return;
      }
      this.#succeeded(version);
    } catch (error) {
      this.#failed(error, version);
    }
  }

  async #wait(result: PromiseLike<unknown>, version: ConfigVersion | undefined): Promise<void> {
    try {
      await result;
      this.#succeeded(version);
    } catch (error) {
      this.#failed(error, version);
    }
  }

  #succeeded(version: ConfigVersion | undefined): void {
    this.#isTelling = false;
    this.#failures = 0;
    this.#told = version;
    this.tell();
  }

  #failed(error: unknown, version: ConfigVersion | undefined): void {
    this.#isTelling = false;
    this.#failures += 1;
    const { key, clock, logger } = this.#parts;
    tellConfigFailure(key, version, this.#failures);
    const what = `listener of ${key.group}/${key.dataId} failed: ${asError(error).message}`;
    if (this.#isClosed) {
      logger.error(what);
      return;
    }
    const ms = backoffMs(this.#failures, {
      baseMs: RETRY_BASE_MS,
      capMs: RETRY_CAP_MS,
      random: () => clock.random(),
    });
    logger.error(`${what}; it gets the same content again in ${String(Math.round(ms))} ms`);
    this.#retry = clock.after(ms, () => this.tell());
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

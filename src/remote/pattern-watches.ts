/**
 * Owns which patterns are watched and what is known to match each. Called by the naming and the config client, each with its own words
 * (`PatternMessages`). One watch per pattern on the wire, whatever the number of watchers. What is known survives a lost connection: after
 * a reconnect the server is told of it and answers with the difference, and so every 3 minutes, against a push that was lost.
 * A server without the ability is never asked; its watchers hear SERVER_UNSUPPORTED, and a later server may have it.
 * Source: docs/protocol.md#fuzzy-watch (Nacos `NamingFuzzyWatchServiceListHolder`, `ConfigFuzzyWatchGroupKeyHolder`).
 */
import {
  ClosedError,
  ConnectionError,
  isNacosError,
  RequestTimeoutError,
  ServerError,
} from '../errors.js';
import type { Logger } from '../logger.js';
import type { WaitOptions } from '../naming-api.js';
import type { Clock, Timer } from '../util/clock.js';
import { asError, createDeferred, runInBackground, waitWithin } from '../util/deferred.js';
import {
  CANCEL_WATCH,
  FUZZY_WATCH_ABILITY,
  matchesPattern,
  patternText,
  patternWatchBody,
  TOO_MANY_MATCHES,
  TOO_MANY_PATTERNS,
  WATCH,
  type PatternKey,
  type PatternMessages,
  type PatternNews,
} from '../wire/messages/fuzzy-watch.js';
import { ERROR_NO_HANDLER, RESULT_FAIL } from '../wire/messages/common.js';
import { readJsonPush } from './push.js';
import { WatchedPattern, type PatternListener, type Watcher } from './watched-pattern.js';
import type { Session } from './session.js';

export interface PatternWatchesOptions {
  readonly session: Pick<
    Session,
    'request' | 'handle' | 'isCurrent' | 'onReady' | 'state' | 'epoch' | 'serverAbilities'
  >;
  readonly messages: PatternMessages;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

/** One watcher's share of a pattern. */
export interface PatternWatch {
  /** What matches, as far as it was told; in order of their text. */
  readonly keys: readonly PatternKey[];
  /**
   * Resolves when the server has told all that matched at the beginning, at once when it has.
   * Default time: 10 s, for a server takes about a second before it begins.
   * @throws ServerError SERVER_UNSUPPORTED, ConnectionError, RequestTimeoutError, ClosedError, the signal's reason.
   */
  ready(bounds?: WaitOptions): Promise<readonly PatternKey[]>;
  /** With the last watcher of a pattern the server is told. Idempotent. */
  close(): Promise<void>;
}

const RETRY_MS = 3000;
/** As Nacos' own client: a server that has too many patterns or matches is left alone for this long. */
const OVER_LIMIT_RETRY_MS = 60_000;
const SYNC_EVERY_MS = 180_000;
const DEFAULT_READY_MS = 10_000;

export class PatternWatches {
  readonly #options: PatternWatchesOptions;
  readonly #patterns = new Map<string, WatchedPattern>();
  readonly #stopListening: () => void;
  #retry: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #sync: Timer | undefined;
  #closed = false;

  constructor(options: PatternWatchesOptions) {
    this.#options = options;
    const { session, messages } = options;
    this.#stopListening = session.onReady(() => this.#flush());
    session.handle(messages.syncRequest, readJsonPush, (body, connection) => {
      const sync = messages.readSync(body);
      if (!session.isCurrent(connection)) return;
      const watched = this.#patterns.get(sync.pattern);
      for (const news of sync.news) watched?.take(news);
      if (sync.isInitDone) watched?.settle();
    });
    session.handle(messages.changeRequest, readJsonPush, (body, connection) => {
      const news = messages.readChange(body);
      if (news !== undefined && session.isCurrent(connection)) this.#takeChange(news);
    });
  }

  /** `pattern` has been checked: a server takes any text, and one that it does not understand matches nothing. */
  watch(pattern: PatternKey, listener?: PatternListener): PatternWatch {
    const text = patternText(pattern);
    const { logger, messages } = this.#options;
    let watched = this.#patterns.get(text);
    if (watched === undefined) {
      watched = new WatchedPattern(pattern, { logger, keyText: messages.keyText });
      if (!this.#closed) this.#patterns.set(text, watched);
    }
    const watcher = watched.join(listener);
    if (this.#closed) watched.leave(watcher, new ClosedError('the client is closed'));
    else this.#send(watched);
    return this.#handleOf(watched, watcher);
  }

  close(): void {
    this.#closed = true;
    this.#retry?.timer.cancel();
    this.#sync?.cancel();
    this.#stopListening();
    for (const watched of this.#patterns.values()) {
      watched.leaveAll(new ClosedError('the client is closed'));
      watched.sending?.resolve();
    }
    this.#patterns.clear();
  }

  #handleOf(watched: WatchedPattern, watcher: Watcher): PatternWatch {
    return {
      get keys() {
        return watched.keys;
      },
      ready: (bounds: WaitOptions = {}) => this.#ready(watched, watcher, bounds),
      close: async () => {
        if (!watched.leave(watcher, new ClosedError('the watch is closed'))) return;
        if (watched.isWanted) return;
        this.#send(watched);
        await this.#through(watched);
      },
    };
  }

  async #ready(
    watched: WatchedPattern,
    watcher: Watcher,
    bounds: WaitOptions,
  ): Promise<readonly PatternKey[]> {
    if (!watched.has(watcher)) throw new ClosedError('the watch is closed');
    if (watched.isSettled) return watched.keys;
    // Who asks after the answer came must not wait for the next one to hear it.
    if (watched.refusal !== undefined) throw watched.refusal;
    const timeoutMs = bounds.timeoutMs ?? DEFAULT_READY_MS;
    await waitWithin(watcher.settled.promise, {
      clock: this.#options.clock,
      timeoutMs,
      signal: bounds.signal,
      holdsProcess: bounds.holdsProcess ?? true,
      onTimeout: () => {
        const text = `what matches ${watched.text} was not told within ${String(timeoutMs)} ms`;
        const { failure: cause } = watched;
        return this.#epoch() === 0
          ? new ConnectionError('NOT_CONNECTED', `${text}: no connection to Nacos`, { cause })
          : new RequestTimeoutError(text, { cause });
      },
    });
    return watched.keys;
  }

  /** A user's code awaits it, so it holds the process, but not for ever; the watcher is off in any case. */
  #through(watched: WatchedPattern): Promise<void> {
    if (watched.sending === undefined) return Promise.resolve();
    const { clock, requestTimeoutMs } = this.#options;
    return waitWithin(watched.sending.promise, {
      clock,
      timeoutMs: 2 * requestTimeoutMs,
      onTimeout: () => new RequestTimeoutError('the server was not told in time'),
    }).catch(() => undefined); // It forgets the pattern with the connection, or when it answers again.
  }

  #takeChange(news: PatternNews): void {
    for (const watched of this.#patterns.values()) {
      if (matchesPattern(watched.pattern, news.key)) watched.take(news);
    }
  }

  /** 0 while there is no connection, which no pattern is confirmed for. */
  #epoch(): number {
    return this.#options.session.state === 'ready' ? this.#options.session.epoch : 0;
  }

  async #flush(): Promise<void> {
    for (const watched of this.#patterns.values()) this.#send(watched);
    await Promise.all(
      [...this.#patterns.values()].flatMap(({ sending }) =>
        sending === undefined ? [] : [sending.promise],
      ),
    );
  }

  #send(watched: WatchedPattern): void {
    if (watched.sending !== undefined || this.#closed) return;
    watched.sending = createDeferred();
    runInBackground(this.#reconcile(watched));
  }

  /** Brings what the server watches for us in line with what is watched here; requests of one pattern never overlap. */
  async #reconcile(watched: WatchedPattern): Promise<void> {
    let goesOn = true;
    while (goesOn && !this.#closed) {
      const epoch = this.#epoch();
      if (epoch === 0) break;
      if (watched.isWanted) {
        if (watched.confirmedEpoch === epoch) break;
        goesOn = await this.#ask(watched, epoch);
      } else {
        if (watched.askedEpoch !== epoch) break;
        await this.#cancel(watched);
      }
    }
    watched.sending?.resolve();
    watched.sending = undefined;
    if (!watched.isWanted) this.#patterns.delete(watched.text);
    if (this.#patterns.size === 0) this.#stopTimers();
    else if (!this.#closed) this.#sync ??= this.#options.clock.every(SYNC_EVERY_MS, this.#resync);
  }

  /** Returns false when the pattern has to wait before it is asked for again. */
  async #ask(watched: WatchedPattern, epoch: number): Promise<boolean> {
    const { session } = this.#options;
    if (session.serverAbilities[FUZZY_WATCH_ABILITY] !== true) {
      // Nothing but another connection can change that.
      watched.confirmedEpoch = epoch;
      this.#warn(watched, unsupported(watched.text));
      return false;
    }
    watched.askedEpoch = epoch;
    watched.refusal = undefined;
    try {
      await session.request(this.#options.messages.watchRequest, this.#body(watched, WATCH), {
        holdsProcess: false,
      });
      watched.failure = undefined;
      if (this.#epoch() === epoch) watched.confirmedEpoch = epoch;
      else watched.askedEpoch = this.#epoch();
      return true;
    } catch (thrown) {
      const error = asError(thrown);
      const moved = this.#epoch() !== epoch;
      if (moved) watched.askedEpoch = this.#epoch();
      if (moved || !watched.isWanted) return true;
      this.#warn(watched, error);
      this.#retryIn(isOverLimit(error) ? OVER_LIMIT_RETRY_MS : RETRY_MS);
      return false;
    }
  }

  async #cancel(watched: WatchedPattern): Promise<void> {
    watched.askedEpoch = 0;
    watched.confirmedEpoch = 0;
    const { session, messages, logger } = this.#options;
    try {
      await session.request(messages.watchRequest, this.#body(watched, CANCEL_WATCH), {
        holdsProcess: false,
      });
    } catch (error) {
      // The server goes on telling what nobody hears, until the connection ends: harmless.
      logger.debug(`the watch of ${watched.text} was not ended: ${asError(error).message}`);
    }
  }

  /** Once per trouble; whoever waits hears what will not change by waiting. */
  #warn(watched: WatchedPattern, error: Error): void {
    const text = `${watched.text} is not watched: ${error.message}`;
    if (watched.failure === undefined) this.#options.logger.warn(text);
    else this.#options.logger.debug(text);
    watched.failure = error;
    if (isNacosError(error) && (!error.retryable || isOverLimit(error))) watched.refuse(error);
  }

  #retryIn(ms: number): void {
    const { clock } = this.#options;
    const dueMs = clock.nowMs() + ms;
    if (this.#closed || (this.#retry !== undefined && this.#retry.dueMs <= dueMs)) return;
    this.#retry?.timer.cancel();
    const timer = clock.after(ms, () => {
      this.#retry = undefined;
      runInBackground(this.#flush());
    });
    this.#retry = { timer, dueMs };
  }

  readonly #resync = (): void => {
    const { session } = this.#options;
    if (session.serverAbilities[FUZZY_WATCH_ABILITY] !== true) return;
    for (const watched of this.#patterns.values()) {
      watched.confirmedEpoch = 0;
      this.#send(watched);
    }
  };

  #stopTimers(): void {
    this.#sync?.cancel();
    this.#sync = undefined;
    this.#retry?.timer.cancel();
    this.#retry = undefined;
  }

  #body(watched: WatchedPattern, watchType: string): ReturnType<typeof patternWatchBody> {
    const { keyText } = this.#options.messages;
    return patternWatchBody({
      namespace: watched.pattern.namespace,
      pattern: watched.text,
      received: watchType === WATCH ? watched.keys.map(keyText) : [],
      watchType,
      initializing: watchType === WATCH && !watched.isSettled,
    });
  }
}

function isOverLimit(error: Error): boolean {
  return (
    error instanceof ServerError &&
    (error.errorCode === TOO_MANY_PATTERNS || error.errorCode === TOO_MANY_MATCHES)
  );
}

function unsupported(pattern: string): ServerError {
  return new ServerError(
    'SERVER_UNSUPPORTED',
    `this server cannot watch the pattern ${pattern}: that needs Nacos 3.0 or later`,
    { resultCode: RESULT_FAIL, errorCode: ERROR_NO_HANDLER },
  );
}

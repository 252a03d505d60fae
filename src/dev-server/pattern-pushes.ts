/**
 * Owns who watches which pattern, and telling them what matches. Called by the handlers and by the stores' changes; one for services and
 * one for configs, which say the same with other words. Measured on Nacos 3.0.3: the first news come a second after the request, in batches
 * that are all acknowledged before the end is told; a change comes by itself and without the pattern.
 * Source: docs/protocol.md#fuzzy-watch (Nacos `NamingFuzzyWatchContextService`, `NamingFuzzyWatchSyncNotifier`).
 */
import type { Clock, Timer } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import type { JsonObject } from '../wire/json.js';
import {
  CANCEL_WATCH,
  matchesPattern,
  parsePattern,
  SYNC_CHANGE,
  SYNC_DIFF,
  SYNC_INIT,
  SYNC_INIT_DONE,
  type PatternChangeType,
  type PatternKey,
  type PatternMessages,
  type PatternWatchRequest,
} from '../wire/messages/fuzzy-watch.js';
import type { Connections } from './connections.js';

/** What the two families call things. */
export interface PatternWords {
  readonly module: string;
  readonly messages: PatternMessages;
  readonly batchSize: number;
  /** `serviceKey` or `groupKey`. */
  readonly keyField: string;
  /** Of a change in a push about one key: `changedType` or `changeType`. */
  readonly changeField: string;
  readonly types: Readonly<Record<PatternChangeType, string>>;
  /** The same in a push about one key, where that differs. */
  readonly changeTypes: Readonly<Record<PatternChangeType, string>>;
}

export interface PatternPushParts {
  readonly clock: Clock;
  readonly connections: Connections;
  readonly words: PatternWords;
  /** All that there is now. */
  readonly keys: () => readonly PatternKey[];
  /** Before the first news of a pattern; a change of what matches takes a tenth. Default 1000, as real servers. */
  readonly delayMs?: number | undefined;
}

const DELAY_MS = 1000;
const CHANGE_SHARE = 0.1;
const RETRY_DELAY_MS = 1000;
const ACK_WAIT_MS = 5000;
/** Of all clients together. */
const MAX_PATTERNS = 20;

export class PatternPushes {
  readonly #parts: PatternPushParts;
  /** Pattern -> connection ids. */
  readonly #watchers = new Map<string, Set<string>>();
  readonly #timers = new Set<Timer>();
  readonly #delayMs: number;

  constructor(parts: PatternPushParts) {
    this.#parts = parts;
    this.#delayMs = parts.delayMs ?? DELAY_MS;
  }

  /** Returns false when the server has too many patterns. */
  take(connectionId: string, request: PatternWatchRequest): boolean {
    const watchers = this.#watchers.get(request.pattern);
    if (request.watchType === CANCEL_WATCH) {
      this.#leave(request.pattern, connectionId);
      return true;
    }
    if (watchers === undefined && this.#watchers.size >= MAX_PATTERNS) return false;
    if (watchers === undefined) this.#watchers.set(request.pattern, new Set([connectionId]));
    else watchers.add(connectionId);
    this.#later(this.#delayMs, () => runInBackground(this.#sync(connectionId, request)));
    return true;
  }

  /** Something is there now that was not, has other content, or is gone. */
  changed(key: PatternKey, type: PatternChangeType): void {
    const { keyField, changeField, changeTypes, messages, module } = this.#parts.words;
    const body = {
      module,
      syncType: SYNC_CHANGE,
      [keyField]: messages.keyText(key),
      [changeField]: changeTypes[type],
    };
    const told = new Set<string>();
    for (const [pattern, connectionIds] of this.#watchers) {
      if (!this.#matches(pattern, key)) continue;
      for (const connectionId of connectionIds) told.add(connectionId);
    }
    for (const connectionId of told) {
      this.#later(this.#delayMs * CHANGE_SHARE, () =>
        runInBackground(this.#push(connectionId, messages.changeRequest, body)),
      );
    }
  }

  dropConnection(connectionId: string): void {
    for (const pattern of [...this.#watchers.keys()]) this.#leave(pattern, connectionId);
  }

  clear(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#watchers.clear();
  }

  async #sync(connectionId: string, request: PatternWatchRequest): Promise<void> {
    if (this.#watchers.get(request.pattern)?.has(connectionId) !== true) return;
    const { words } = this.#parts;
    const contexts = this.#difference(request);
    const total = Math.ceil(contexts.length / words.batchSize);
    const syncType = request.initializing ? SYNC_INIT : SYNC_DIFF;
    const batches = Array.from({ length: total }, (_, index) => ({
      ...this.#syncBody(request.pattern, syncType),
      contexts: contexts.slice(index * words.batchSize, (index + 1) * words.batchSize),
      totalBatch: total,
      currentBatch: index + 1,
    }));
    const push = (body: JsonObject): Promise<boolean> =>
      this.#push(connectionId, words.messages.syncRequest, body);
    const isTold = (await Promise.all(batches.map(push))).every(Boolean);
    if (!isTold || !request.initializing) return;
    await push({
      ...this.#syncBody(request.pattern, SYNC_INIT_DONE),
      contexts: [],
      totalBatch: 1,
      currentBatch: 1,
    });
  }

  #syncBody(pattern: string, syncType: string): JsonObject {
    return { module: this.#parts.words.module, syncType, groupKeyPattern: pattern };
  }

  #difference({ pattern, received }: PatternWatchRequest): readonly JsonObject[] {
    const { messages, keyField, types } = this.#parts.words;
    const there = new Set(
      this.#parts
        .keys()
        .filter((key) => this.#matches(pattern, key))
        .map(messages.keyText),
    );
    const known = new Set(received);
    const added = [...there].filter((key) => !known.has(key));
    const removed = [...known].filter((key) => !there.has(key));
    return [
      ...added.map((key) => ({ [keyField]: key, changedType: types.added })),
      ...removed.map((key) => ({ [keyField]: key, changedType: types.removed })),
    ];
  }

  /** False when the connection is gone. */
  async #push(connectionId: string, type: string, body: JsonObject): Promise<boolean> {
    const connection = this.#parts.connections.byId(connectionId);
    if (connection === undefined) return false;
    const result = await connection.request(type, body, ACK_WAIT_MS);
    if (result === 'gone') return false;
    if (result === 'acked') return true;
    // Without limit, as long as the connection lives.
    return new Promise((resolve) => {
      this.#later(RETRY_DELAY_MS, () => resolve(this.#push(connectionId, type, body)));
    });
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }

  #leave(pattern: string, connectionId: string): void {
    const watchers = this.#watchers.get(pattern);
    watchers?.delete(connectionId);
    if (watchers?.size === 0) this.#watchers.delete(pattern);
  }

  #matches(pattern: string, key: PatternKey): boolean {
    const parsed = parsePattern(pattern);
    return parsed !== undefined && matchesPattern(parsed, key);
  }
}

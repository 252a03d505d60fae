/**
 * Owns who is told of changes. Used by `settings.ts`. What a listener throws or rejects is logged, and the others are told all the same.
 */
import type { Logger } from '../logger.js';
import { asError } from '../util/deferred.js';
import type { SettingsChange, SettingsListener } from './settings-options.js';

interface Entry<T> {
  readonly listener: SettingsListener<T>;
  /** Empty: any key. */
  readonly keys: readonly string[];
}

export class ChangeListeners<T> {
  readonly #logger: Logger;
  readonly #entries = new Set<Entry<T>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(listener: SettingsListener<T>, keys: readonly string[]): () => void {
    const entry = { listener, keys };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  tell(change: SettingsChange<T>): void {
    for (const entry of [...this.#entries]) {
      // One of them may take another one back.
      if (this.#entries.has(entry) && concerns(entry.keys, change.keys)) this.#call(entry, change);
    }
  }

  clear(): void {
    this.#entries.clear();
  }

  #call({ listener }: Entry<T>, change: SettingsChange<T>): void {
    const failed = (error: unknown): void => {
      this.#logger.error(`settings: a listener failed: ${asError(error).message}`);
    };
    try {
      const done = listener(change);
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}

/** One of the keys changed, what stands below it, or what it stands below. */
function concerns(wanted: readonly string[], changed: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  return wanted.some((key) =>
    changed.some((one) => one === key || isBelow(one, key) || isBelow(key, one)),
  );
}

function isBelow(key: string, holder: string): boolean {
  const next = key[holder.length];
  return key.startsWith(holder) && (next === '.' || next === '[');
}

/**
 * Owns the last contents that arrived, and what became of them. Used by `settings.ts` for the status. Holds no content.
 */
import type { SettingsHistoryEntry } from './settings-options.js';

const MAX_ENTRIES = 20;

export class History {
  #entries: readonly SettingsHistoryEntry[] = Object.freeze([]);

  /** Newest first. Frozen. */
  get entries(): readonly SettingsHistoryEntry[] {
    return this.#entries;
  }

  add(entry: SettingsHistoryEntry): void {
    this.#entries = Object.freeze(
      [Object.freeze({ ...entry }), ...this.#entries].slice(0, MAX_ENTRIES),
    );
  }
}

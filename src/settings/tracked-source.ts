/**
 * Owns what is known of one source while it is followed: the content that counts, the newest one, and why they differ. Used by `settings.ts`.
 *
 * States: see `SettingsSourceState`. `wanted` is the newest content that could be read; it counts once everything together is right.
 */
import type { SourceContent } from './effective.js';
import type { SettingsSourceState, SettingsSourceStatus } from './settings-options.js';
import type { Reading, Source, Stored } from './source.js';

export class TrackedSource {
  readonly source: Source;
  #state: SettingsSourceState = 'missing';
  #problem: string | undefined;
  /** The content that counts. */
  #good: SourceContent | undefined;
  #goodStored: Stored | undefined;
  #wanted: SourceContent | undefined;
  #wantedStored: Stored | undefined;
  /** What the newest content is worth: it is what is wanted, there is none and that is allowed, or what counts stays. */
  #newest: 'readable' | 'absent' | 'unusable' = 'unusable';
  /** The newest content, whatever it is worth; null: none has been seen. */
  #seen: string | undefined | null = null;

  constructor(source: Source) {
    this.source = source;
  }

  get name(): string {
    return this.source.plan.name;
  }

  get good(): SourceContent | undefined {
    return this.#good;
  }

  get wanted(): SourceContent | undefined {
    return this.#wanted;
  }

  /** undefined: nothing is wrong with it that somebody should look at. */
  get problem(): string | undefined {
    const { mayBeMissing, optional } = this.source.plan;
    const isAllowed = this.#state === 'missing' && (mayBeMissing || optional);
    return isAllowed ? undefined : this.#problem;
  }

  get status(): SettingsSourceStatus {
    return Object.freeze({
      name: this.name,
      state: this.#state,
      problem: this.#problem,
      refresh: this.source.plan.refresh,
      from: this.#goodStored?.from,
      md5: this.#goodStored?.md5,
    });
  }

  /** Is this another content than the newest one? */
  isNews(stored: Stored | undefined): boolean {
    return this.#seen !== stored?.text;
  }

  /**
   * What a reading means. False: it changes nothing but the state, because there is nothing to be put in place of what counts. A source that has to be there keeps its last
   * good content when it is removed.
   */
  take(reading: Reading): boolean {
    const isSeen = reading.stored !== undefined || reading.state === 'missing';
    if (isSeen) this.#seen = reading.stored?.text;
    if (reading.state === 'loaded') {
      this.#want(reading.content, reading.stored);
      return true;
    }
    const { optional, mayBeMissing } = this.source.plan;
    this.#newest = 'unusable';
    this.#state = reading.state;
    this.#problem = reading.problem;
    if (reading.state !== 'missing' || !(optional || mayBeMissing)) {
      this.#wanted = this.#good;
      this.#wantedStored = this.#goodStored;
      return false;
    }
    this.#newest = 'absent';
    this.#wanted = undefined;
    this.#wantedStored = undefined;
    return this.#good !== undefined;
  }

  /** What was wanted counts from now on. */
  accept(): void {
    this.#good = this.#wanted;
    this.#goodStored = this.#wantedStored;
    if (this.#newest === 'unusable') return;
    const isThere = this.#newest === 'readable';
    this.#state = isThere ? 'loaded' : 'missing';
    this.#problem = isThere ? undefined : `${this.name} is missing`;
  }

  /** Everything together was not right with what was wanted. */
  refuse(problem: string): void {
    this.#state = 'broken';
    this.#problem = problem;
  }

  #want(content: SourceContent, stored: Stored): void {
    this.#newest = 'readable';
    this.#wanted = content;
    this.#wantedStored = stored;
  }
}

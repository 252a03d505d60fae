/**
 * Owns the configs: what was published, and what is served. Used by the config handlers, the HTTP side and the change
 * pushes, which are told when what is served changes. As on real servers a publish is confirmed before it is served:
 * a short moment later it shows in queries, and then the listeners are told. Kept over a restart fault.
 * Source: docs/protocol.md#config (Nacos `ConfigOperationService`, `ConfigCacheService`).
 */
import { createHash } from 'node:crypto';

import type { Clock, Timer } from '../../util/clock.js';
import type { ConfigRef } from '../../wire/messages/config.js';

export interface StoredConfig {
  readonly ref: ConfigRef;
  readonly content: string;
  readonly contentType: string;
  /** Lower-case hex, of the content as stored. */
  readonly md5: string;
  readonly encryptedDataKey: string;
  /** Epoch ms. */
  readonly lastModifiedMs: number;
}

export interface ConfigDraft {
  readonly ref: ConfigRef;
  readonly content: string;
  readonly contentType: string;
  readonly encryptedDataKey: string;
}

export interface ConfigStoreOptions {
  readonly clock: Clock;
  /** From a confirmed write to its being served. */
  readonly dumpDelayMs: number;
}

export class ConfigStore {
  readonly #options: ConfigStoreOptions;
  readonly #stored = new Map<string, StoredConfig>();
  readonly #served = new Map<string, StoredConfig>();
  readonly #dumps = new Map<string, Timer>();
  readonly #changeListeners: ((ref: ConfigRef) => void)[] = [];

  constructor(options: ConfigStoreOptions) {
    this.#options = options;
  }

  /** Called when other content is served than before, or none any more. */
  onChange(listener: (ref: ConfigRef) => void): void {
    this.#changeListeners.push(listener);
  }

  /**
   * `casMd5` '' writes in any case; else only over content with this md5, but also where there is none at all (trap 27).
   * @returns false when the md5 does not fit.
   */
  publish(draft: ConfigDraft, casMd5: string): boolean {
    const known = this.#stored.get(textOf(draft.ref));
    if (casMd5 !== '' && known !== undefined && known.md5 !== casMd5) return false;
    this.#stored.set(
      textOf(draft.ref),
      Object.freeze({
        ...draft,
        md5: md5Of(draft.content),
        lastModifiedMs: this.#options.clock.wallMs(),
      }),
    );
    this.#dumpLater(draft.ref);
    return true;
  }

  /** Removing what is not there is fine (trap 27). */
  remove(ref: ConfigRef): void {
    if (this.#stored.delete(textOf(ref))) this.#dumpLater(ref);
  }

  /** What queries see. */
  served(ref: ConfigRef): StoredConfig | undefined {
    return this.#served.get(textOf(ref));
  }

  /** md5 of what is served; '' for a config that is not there (trap 15). */
  servedMd5(ref: ConfigRef): string {
    return this.served(ref)?.md5 ?? '';
  }

  /** How many configs of a namespace are stored. */
  count(namespace: string): number {
    return [...this.#stored.values()].filter(({ ref }) => ref.namespace === namespace).length;
  }

  namespaces(): readonly string[] {
    return [...new Set([...this.#stored.values()].map(({ ref }) => ref.namespace))].sort();
  }

  /** Stops the timers. */
  close(): void {
    for (const timer of this.#dumps.values()) timer.cancel();
    this.#dumps.clear();
  }

  #dumpLater(ref: ConfigRef): void {
    const text = textOf(ref);
    if (this.#dumps.has(text)) return;
    const { clock, dumpDelayMs } = this.#options;
    this.#dumps.set(
      text,
      clock.after(dumpDelayMs, () => this.#dump(ref)),
    );
  }

  #dump(ref: ConfigRef): void {
    const text = textOf(ref);
    this.#dumps.delete(text);
    const before = this.servedMd5(ref);
    const stored = this.#stored.get(text);
    if (stored === undefined) this.#served.delete(text);
    else this.#served.set(text, stored);
    if (before === this.servedMd5(ref)) return;
    for (const listener of this.#changeListeners) listener(ref);
  }
}

function md5Of(content: string): string {
  return createHash('md5').update(content, 'utf8').digest('hex');
}

function textOf(ref: ConfigRef): string {
  return `${ref.dataId}+${ref.group}+${ref.namespace}`;
}

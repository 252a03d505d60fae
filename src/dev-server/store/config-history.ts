/**
 * Owns what was done to configs. Written by the config store, read by the HTTP side. As on real servers an entry holds what was inserted or, of
 * an update or a removal, what there was before it. Only so many entries are kept, the newest ones.
 */
import type { Clock } from '../../util/clock.js';
import type { ConfigRef } from '../../wire/messages/config.js';
import type { StoredConfig } from './stored-config.js';

/** Inserted, updated, deleted. */
export type Operation = 'I' | 'U' | 'D';

export interface HistoryEntry {
  readonly id: number;
  readonly operation: Operation;
  readonly config: StoredConfig;
  /** Name of the gray content; '' for what all see. */
  readonly grayName: string;
  /** Epoch ms. */
  readonly atMs: number;
}

const MAX_ENTRIES = 10_000;

export class ConfigHistory {
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #entries: HistoryEntry[] = [];
  #lastId = 0;

  constructor(clock: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
  }

  add(operation: Operation, config: StoredConfig, grayName: string): void {
    this.#lastId += 1;
    const atMs = this.#clock.wallMs();
    this.#entries.push({ id: this.#lastId, operation, config, grayName, atMs });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  /** Newest first. */
  of(ref: ConfigRef): readonly HistoryEntry[] {
    return this.#entries.filter(({ config }) => isSame(config.ref, ref)).reverse();
  }
}

function isSame(one: ConfigRef, other: ConfigRef): boolean {
  return (
    one.dataId === other.dataId && one.group === other.group && one.namespace === other.namespace
  );
}

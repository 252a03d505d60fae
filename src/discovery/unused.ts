/**
 * Owns the end of subscriptions that nobody calls any more. Started by `entries.ts` with its first entry. A pick only leaves a mark; a slow timer
 * collects the marks, so that no call reads a clock.
 */
import type { Clock, Timer } from '../util/clock.js';

/** Something that may fall out of use. */
export interface Usable {
  /** Was it used since the last question? */
  takeUsed(): boolean;
}

export interface UnusedParts<T extends Usable> {
  readonly clock: Pick<Clock, 'every'>;
  /** 0: nothing ever falls out of use. */
  readonly afterMs: number;
  readonly all: () => Iterable<T>;
  /** False while nothing may be dropped; the time goes on. */
  readonly mayDrop: () => boolean;
  readonly drop: (one: T) => void;
}

/** So many looks in a row without use; what is dropped was unused for `afterMs` at least and a quarter more at most. */
const LOOKS = 4;

export class UnusedSweep<T extends Usable> {
  readonly #parts: UnusedParts<T>;
  /** How many looks in a row found it unused. */
  readonly #idle = new Map<T, number>();
  #timer: Timer | undefined;

  constructor(parts: UnusedParts<T>) {
    this.#parts = parts;
  }

  /** Idempotent. */
  start(): void {
    const { clock, afterMs } = this.#parts;
    if (afterMs > 0) this.#timer ??= clock.every(afterMs / LOOKS, () => this.#look());
  }

  close(): void {
    this.#timer?.cancel();
    this.#idle.clear();
  }

  #look(): void {
    const all = new Set(this.#parts.all());
    for (const one of this.#idle.keys()) if (!all.has(one)) this.#idle.delete(one);
    for (const one of all) {
      // The look that finds it used says nothing of the time since: counting begins with the next one.
      const looks = one.takeUsed() ? 0 : (this.#idle.get(one) ?? 0) + 1;
      this.#idle.set(one, looks);
      if (looks < LOOKS || !this.#parts.mayDrop()) continue;
      this.#idle.delete(one);
      this.#parts.drop(one);
    }
  }
}

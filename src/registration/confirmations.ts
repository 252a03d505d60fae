/**
 * Owns who waits until a wish has become true in the registry. Used by one registration. Wishes are numbered; what is confirmed of a later one
 * is confirmed of all before it, since the last wish wins.
 */
import { createDeferred, type Deferred } from '../util/deferred.js';

interface Waiter {
  readonly revision: number;
  readonly done: Deferred<void>;
}

export class Confirmations {
  #waiters: readonly Waiter[] = [];

  wait(revision: number): Promise<void> {
    const done = createDeferred<void>();
    this.#waiters = [...this.#waiters, { revision, done }];
    return done.promise;
  }

  isAwaited(revision: number): boolean {
    return this.#waiters.some((waiter) => waiter.revision <= revision);
  }

  /** With an error it came to nothing. */
  settle(revision: number, error?: Error): void {
    const settled = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { done } of settled) {
      if (error === undefined) done.resolve();
      else done.reject(error);
    }
  }
}

/**
 * Owns how many background tasks run at the same time. Used by the replays after a reconnect: thousands of services must not put
 * thousands of requests on one connection at once, or the last ones time out behind the first.
 */
import { asError, runInBackground } from './deferred.js';

export class Lane {
  readonly #width: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;
  readonly #ended = (): void => {
    this.#running -= 1;
    this.#next();
  };

  constructor(width: number) {
    this.#width = width;
  }

  /** Starts the task at once while there is room, else in its turn. A task handles its own failures. */
  run(task: () => Promise<void>): void {
    this.#waiting.push(task);
    this.#next();
  }

  /** Forgets what has not started. */
  clear(): void {
    this.#waiting.length = 0;
  }

  #next(): void {
    while (this.#running < this.#width) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      this.#running += 1;
      task().then(this.#ended, (error: unknown) => {
        this.#ended();
        runInBackground(Promise.reject(asError(error)));
      });
    }
  }
}

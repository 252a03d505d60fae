/**
 * Owns the promise whose ends are held outside, and the bounded wait on one. Used wherever a caller waits for
 * something that an event decides. A wait always ends: by value, by signal or by time.
 */
import type { Clock } from './clock.js';

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function createDeferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // Nobody may be waiting when it fails; each waiter gets the rejection through its own promise.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

export interface WaitBounds {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The error for running out of time. */
  readonly onTimeout: () => Error;
  /** False for waits of our own, which must not keep the process alive. Default true. */
  readonly holdsProcess?: boolean;
}

/**
 * Waits for `promise` within bounds. The wait holds the process while it lasts, since a user's code awaits it.
 * @throws the signal's reason, or what `onTimeout` makes.
 */
export function waitWithin<T>(promise: Promise<T>, bounds: WaitBounds): Promise<T> {
  const { clock, timeoutMs, signal, onTimeout } = bounds;
  if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
  return new Promise<T>((resolve, reject) => {
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      done();
      reject(asError(signal?.reason));
    };
    const timer = clock.after(
      timeoutMs,
      () => {
        done();
        reject(onTimeout());
      },
      { holdsProcess: bounds.holdsProcess ?? true },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        done();
        resolve(value);
      },
      (error: unknown) => {
        done();
        reject(asError(error));
      },
    );
  });
}

/** Waits `ms`. @throws the signal's reason. */
export function delay(
  clock: Clock,
  ms: number,
  options: { readonly signal?: AbortSignal | undefined; readonly holdsProcess?: boolean } = {},
): Promise<void> {
  const { signal } = options;
  if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.cancel();
      reject(asError(signal?.reason));
    };
    const timer = clock.after(
      ms,
      () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      },
      { holdsProcess: options.holdsProcess ?? false },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/**
 * For promises that handle their own failures: a rejection here is a defect of ours, and is reported as a
 * process warning rather than thrown into the host.
 */
export function runInBackground(task: Promise<unknown>): void {
  task.catch((error: unknown) => {
    process.emitWarning(asError(error), { type: 'NacosServingWarning' });
  });
}

/**
 * Owns the promise whose ends are held outside, and the bounded wait on one. Used wherever a caller waits for
 * something that an event decides. A wait always ends: by value, by signal or by time, and then it leaves nothing
 * behind: not on the promise, which may be pending for as long as Nacos is away, and not on the signal.
 */
import { onAbort } from './abort.js';
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
      stopSignal();
      stopWaiting();
    };
    const timer = clock.after(
      timeoutMs,
      () => {
        done();
        reject(onTimeout());
      },
      { holdsProcess: bounds.holdsProcess ?? true },
    );
    const stopSignal = onAbort(signal, () => {
      done();
      reject(asError(signal?.reason));
    });
    const stopWaiting = onSettled(promise, () => {
      done();
      resolve(promise);
    });
  });
}

export interface DelayOptions {
  readonly signal?: AbortSignal | undefined;
  /** The end of whoever waits, like a session: ends the wait in the same way. */
  readonly owner?: AbortSignal | undefined;
  /** Default false. */
  readonly holdsProcess?: boolean;
}

/** Waits `ms`. @throws the reason of a signal. */
export function delay(clock: Clock, ms: number, options: DelayOptions = {}): Promise<void> {
  const signals = [options.owner, options.signal];
  const aborted = signals.find((signal) => signal?.aborted === true);
  if (aborted !== undefined) return Promise.reject(asError(aborted.reason));
  return new Promise((resolve, reject) => {
    const done = (): void => {
      timer.cancel();
      for (const stop of stops) stop();
    };
    const timer = clock.after(
      ms,
      () => {
        done();
        resolve();
      },
      { holdsProcess: options.holdsProcess ?? false },
    );
    const stops = signals.map((signal) =>
      onAbort(signal, () => {
        done();
        reject(asError(signal?.reason));
      }),
    );
  });
}

const settling = new WeakMap<Promise<unknown>, Set<() => void>>();

/**
 * Calls `run` when the promise settles; returns the function which stops that. A reaction to a promise cannot be taken back,
 * so each promise gets one of ours, and thousands of waits that ran out of time leave nothing on it.
 */
function onSettled(promise: Promise<unknown>, run: () => void): () => void {
  let callbacks = settling.get(promise);
  if (callbacks === undefined) {
    const added = new Set<() => void>();
    const tell = (): void => {
      settling.delete(promise);
      for (const call of [...added]) if (added.has(call)) call();
    };
    promise.then(tell, tell);
    settling.set(promise, added);
    callbacks = added;
  }
  const own = callbacks;
  own.add(run);
  return () => own.delete(run);
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

/**
 * Owns how a request is watched while its call is under way: `emit` and `destroy` are covered on this one object, and taken off again. A
 * listener would not do: Node drops a response that nobody listens to, and a request without a socket tells nobody that it was
 * destroyed. Called by `http-call.cts`. Requests that are no calls by name are not touched.
 */
import type { HookedRequest } from './http-request.cjs';

export interface Watcher {
  /** Before the caller sees an event; true when the caller must not see it. */
  swallows(event: unknown, value: unknown): boolean;
  /** The caller destroys the request, with this error. */
  destroyed(error: Error | undefined): void;
  /** Node has done what it does for that. */
  afterDestroy(): void;
}

const WATCHER = Symbol('nacos-serving.watcher');

type Method = (...args: readonly unknown[]) => unknown;

export function coverRequest(request: HookedRequest, watcher: Watcher): void {
  const flags = { writable: true, configurable: true, enumerable: false };
  Object.defineProperty(request, WATCHER, { ...flags, value: watcher });
  Object.defineProperty(request, 'emit', { ...flags, value: emit });
  Object.defineProperty(request, 'destroy', { ...flags, value: destroy });
}

/** Whoever has covered the methods since keeps what they have: without a watcher ours only hand on. */
export function uncoverRequest(request: HookedRequest): void {
  Reflect.deleteProperty(request, WATCHER);
  if (Object.getOwnPropertyDescriptor(request, 'destroy')?.value === destroy) {
    Reflect.deleteProperty(request, 'destroy');
  }
  if (Object.getOwnPropertyDescriptor(request, 'emit')?.value === emit) {
    Reflect.deleteProperty(request, 'emit');
  }
}

export function watcherOf(request: object): Watcher | undefined {
  // Only this file knows the symbol, so what stands under it is what it put there.
  return Reflect.get(request, WATCHER) as Watcher | undefined;
}

function emit(this: object, ...args: unknown[]): unknown {
  const watcher = watcherOf(this);
  // Node reads a response itself when it is told that nobody listened.
  if (watcher?.swallows(args[0], args[1]) === true) return args[0] !== 'response';
  return Reflect.apply(below(this, 'emit'), this, args);
}

function destroy(this: object, ...args: unknown[]): unknown {
  const watcher = watcherOf(this);
  watcher?.destroyed(args[0] instanceof Error ? args[0] : undefined);
  const result = Reflect.apply(below(this, 'destroy'), this, args);
  watcher?.afterDestroy();
  return result;
}

function below(request: object, name: 'emit' | 'destroy'): Method {
  // Both are methods of every request.
  return Reflect.get(Object.getPrototypeOf(request) as object, name) as Method;
}

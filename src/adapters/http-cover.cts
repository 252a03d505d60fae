/**
 * Owns how a request is watched while its call is under way: a prototype of ours, with `emit` and `destroy`, stands in front of its own. A
 * listener would not do: Node drops a response that nobody listens to, and a request without a socket tells nobody that it was destroyed.
 * Fields of its own would be seen, and taking them off makes an object slow. Called by `http-call.cts`. Requests that are no calls by name
 * are not touched.
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

/** Prototype of requests -> what stands in front of it. Nearly always there is one: that of Node. */
const covers = new WeakMap<object, object>();

export function coverRequest(request: HookedRequest, watcher: Watcher): void {
  const own = Object.getPrototypeOf(request) as object;
  let cover = covers.get(own);
  if (cover === undefined) {
    cover = makeCover(own);
    covers.set(own, cover);
  }
  Object.defineProperty(request, WATCHER, { value: watcher, writable: true });
  Object.setPrototypeOf(request, cover);
}

/** The call is over: the prototype stays, and only hands on. */
export function unwatchRequest(request: HookedRequest): void {
  Reflect.set(request, WATCHER, undefined);
}

/** The request was never one of ours. */
export function uncoverRequest(request: HookedRequest): void {
  const cover = Object.getPrototypeOf(request) as object;
  const own = Object.getPrototypeOf(cover) as object;
  // Whoever has set another one since keeps it: without a watcher ours only hands on.
  if (covers.get(own) === cover) Object.setPrototypeOf(request, own);
}

export function watcherOf(request: object): Watcher | undefined {
  // Only this file knows the symbol, so what stands under it is what it put there.
  return Reflect.get(request, WATCHER) as Watcher | undefined;
}

function makeCover(own: object): object {
  // Both are methods of every request. They are looked up at each call, since others may cover them as well.
  const below = (name: 'emit' | 'destroy'): Method => Reflect.get(own, name) as Method;

  function emit(this: object, ...args: unknown[]): unknown {
    // Node reads a response itself when it is told that nobody listened.
    if (watcherOf(this)?.swallows(args[0], args[1]) === true) return args[0] !== 'response';
    return Reflect.apply(below('emit'), this, args);
  }
  function destroy(this: object, ...args: unknown[]): unknown {
    const watcher = watcherOf(this);
    watcher?.destroyed(args[0] instanceof Error ? args[0] : undefined);
    const result = Reflect.apply(below('destroy'), this, args);
    watcher?.afterDestroy();
    return result;
  }
  const flags = { writable: true, configurable: true, enumerable: false };
  return Object.create(own, {
    emit: { ...flags, value: emit },
    destroy: { ...flags, value: destroy },
  }) as object;
}

/**
 * Owns how a request is watched while its call is under way: `emit` and `destroy` of Node's class ask for a watcher, and hand on where there is
 * none. A listener would not do: Node drops a response that nobody listens to, and a request without a socket tells nobody that it was
 * destroyed. Called by `http-call.cts`; the class is covered with the first call by name. A request of a class of somebody else gets a prototype
 * of ours in front of its own, which is right as well, but makes all that touches the request slow.
 */
import { ClientRequest } from 'node:http';

import { Fields, type Watcher } from './http-fields.cjs';
import type { HookedRequest } from './http-request.cjs';

export type { Watcher } from './http-fields.cjs';

type Method = (...args: readonly unknown[]) => unknown;

/** Prototype of requests -> what stands in front of it. */
const covers = new WeakMap<object, object>();
let isClassCovered = false;

export function coverRequest(request: HookedRequest, watcher: Watcher): void {
  Fields.setWatcher(request, watcher);
  const own = Object.getPrototypeOf(request) as object;
  if (own === ClientRequest.prototype) {
    if (!isClassCovered) coverClass();
    isClassCovered = true;
    return;
  }
  let cover = covers.get(own);
  if (cover === undefined) {
    // Both are methods of every request.
    cover = Object.create(own, coversOf({ emit: own, destroy: own } as MethodsBelow)) as object;
    covers.set(own, cover);
  }
  Object.setPrototypeOf(request, cover);
}

/** The call is over: what stands in front of the request only hands on. */
export function unwatchRequest(request: HookedRequest): void {
  Fields.setWatcher(request, undefined);
}

/** The request was never one of ours. */
export function uncoverRequest(request: HookedRequest): void {
  Fields.setWatcher(request, undefined);
  const cover = Object.getPrototypeOf(request) as object;
  const own = Object.getPrototypeOf(cover) as object;
  // Whoever has set another one since keeps it: without a watcher ours only hands on.
  if (covers.get(own) === cover) Object.setPrototypeOf(request, own);
}

export function watcherOf(request: object): Watcher | undefined {
  return Fields.watcherOf(request);
}

/** Once, and for good: others may have covered ours by then. */
function coverClass(): void {
  const { prototype } = ClientRequest;
  // `emit` is inherited: what others put in its place later still has its turn. Both are methods of every request.
  const { emit, destroy } = prototype as unknown as MethodsBelow['emit'] & MethodsBelow['destroy'];
  const above = Object.getPrototypeOf(prototype) as MethodsBelow['emit'];
  const emitter = Object.hasOwn(prototype, 'emit') ? { emit } : above;
  Object.defineProperties(prototype, coversOf({ emit: emitter, destroy: { destroy } }));
  // After such a change V8 looks up each method of each request in a table, until something is made of the prototype again.
  Object.create(prototype);
}

/** Where the methods of before are: looked up there at each call, since others may cover them as well. */
interface MethodsBelow {
  readonly emit: { readonly emit: Method };
  readonly destroy: { readonly destroy: Method };
}

function coversOf(below: MethodsBelow): PropertyDescriptorMap {
  function emit(this: object, ...args: unknown[]): unknown {
    const watcher = Fields.watcherOf(this);
    // Node reads a response itself when it is told that nobody listened.
    if (watcher?.swallows(args[0], args[1]) === true) return args[0] !== 'response';
    return Reflect.apply(below.emit.emit, this, args);
  }
  function destroy(this: object, ...args: unknown[]): unknown {
    const watcher = Fields.watcherOf(this);
    watcher?.destroyed(args[0] instanceof Error ? args[0] : undefined);
    const result = Reflect.apply(below.destroy.destroy, this, args);
    watcher?.afterDestroy();
    return result;
  }
  const flags = { writable: true, configurable: true, enumerable: false };
  return { emit: { ...flags, value: emit }, destroy: { ...flags, value: destroy } };
}

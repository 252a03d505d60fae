/**
 * Owns what the fetch hook touches of the global object: `fetch` itself, and the dispatchers which all copies of undici in a process
 * share. Called by `fetch-hook.cts` only. It loads undici only when told to, by reading a global that needs it.
 */

const HOOKED = Symbol.for('nacos-serving.fetch-hook');
/** The keys of undici up to 7 (legacy handlers) and from 7.29 and 8 on. Writable, but not configurable. */
const DISPATCHERS = [
  Symbol.for('undici.globalDispatcher.1'),
  Symbol.for('undici.globalDispatcher.2'),
];
/** Reading one of these makes Node load its undici, which then sets a dispatcher. A mock may stand in some place. */
const UNDICI_GLOBALS = ['Headers', 'Response', 'FormData', 'Request'];

type Fetch = (...args: unknown[]) => unknown;

/** Calls `before` with the arguments of each call of the global fetch, once per process; fetch keeps its looks. */
export function coverFetch(before: (args: readonly unknown[]) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  const original: unknown = descriptor?.value;
  if (descriptor?.configurable !== true || typeof original !== 'function') return;
  if (Reflect.get(globalThis, HOOKED) !== undefined) return;

  const fetch: Fetch = function (this: unknown, ...args) {
    before(args);
    return Reflect.apply(original, this, args);
  };
  for (const key of ['name', 'length']) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own !== undefined) Object.defineProperty(fetch, key, own);
  }
  Object.defineProperty(globalThis, 'fetch', { ...descriptor, value: fetch });
  Object.defineProperty(globalThis, HOOKED, { value: true });
}

/** Puts each global dispatcher through `change` and sets what comes back, if that is another one. Loads undici if need be. */
export function changeDispatchers(change: (dispatcher: unknown) => unknown): void {
  for (const name of UNDICI_GLOBALS) {
    if (DISPATCHERS.some((key) => Reflect.get(globalThis, key) !== undefined)) break;
    void Reflect.get(globalThis, name);
  }
  for (const key of DISPATCHERS) {
    const dispatcher: unknown = Reflect.get(globalThis, key);
    // A key that is not there stays so: undici decides by it what it sets.
    if (dispatcher === undefined) continue;
    const changed = change(dispatcher);
    if (changed !== dispatcher) Reflect.set(globalThis, key, changed);
  }
}

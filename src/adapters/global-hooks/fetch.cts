/** Owns the place of ours in `globalThis.fetch`. Called by `fetch-hook.cts` at preload; nobody else sets it. */

const HOOKED = Symbol.for('nacos-serving.fetch-hook');

type Fetch = (...args: unknown[]) => unknown;

/** Calls `before` with both arguments of each call of the global fetch, once per process; fetch keeps its looks. */
export function coverFetch(before: (input: unknown, init: unknown) => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  const original: unknown = descriptor?.value;
  if (descriptor?.configurable !== true || typeof original !== 'function') return;
  if (Reflect.get(globalThis, HOOKED) !== undefined) return;

  const fetch: Fetch = function (this: unknown, ...args) {
    try {
      before(args[0], args[1]);
    } catch {
      // A dispatcher that is none of undici's, most likely. The call goes on as if we were not here.
    }
    return Reflect.apply(original, this, args);
  };
  for (const key of ['name', 'length']) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own !== undefined) Object.defineProperty(fetch, key, own);
  }
  Object.defineProperty(globalThis, 'fetch', { ...descriptor, value: fetch });
  Object.defineProperty(globalThis, HOOKED, { value: true });
}

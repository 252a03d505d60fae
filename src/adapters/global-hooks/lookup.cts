/**
 * Owns the place of ours in `dns.lookup`, which every client of Node asks for the address of a host. Called by `lookup-hint.cts`; nobody else sets it. Only
 * look-ups that failed are seen: they may be held for a moment, so that their error can say more.
 */
import type * as dns from 'node:dns';

const HOOKED = Symbol.for('nacos-serving.lookup-hook');

/** What a look-up is told: an error, or an address. */
type Done = (...args: readonly unknown[]) => unknown;
/** Of a host that DNS does not know. undefined: nothing is to be waited for. Must not reject. */
export type Failed = (host: string, error: Error) => Promise<void> | undefined;

/** Once per process; `lookup` keeps its looks. */
export function coverLookup(failed: Failed): void {
  if (Reflect.get(globalThis, HOOKED) !== undefined) return;
  const module = require('node:dns') as typeof dns;
  const original: unknown = Reflect.get(module, 'lookup');
  if (typeof original !== 'function') return;
  const lookup = function (this: unknown, ...args: unknown[]): unknown {
    const [host] = args;
    const done = args.at(-1);
    if (typeof host !== 'string' || typeof done !== 'function') {
      return Reflect.apply(original, this, args);
    }
    const covered = coverDone(host, done as Done, failed);
    return Reflect.apply(original, this, [...args.slice(0, -1), covered]);
  };
  for (const key of Reflect.ownKeys(original)) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own !== undefined && key !== 'prototype') Object.defineProperty(lookup, key, own);
  }
  Reflect.set(module, 'lookup', lookup);
  Object.defineProperty(globalThis, HOOKED, { value: true });
}

function coverDone(host: string, done: Done, failed: Failed): Done {
  return function (this: unknown, ...told) {
    const [error] = told;
    const wait = error instanceof Error ? failed(host, error) : undefined;
    if (wait === undefined) return Reflect.apply(done, this, told);
    // Not within the promise: what the caller throws is the caller's own.
    const tell = (): void => process.nextTick(() => Reflect.apply(done, this, told));
    wait.then(tell, tell);
    return undefined;
  };
}

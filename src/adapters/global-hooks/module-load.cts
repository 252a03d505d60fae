/**
 * Owns the place of ours in the loading of CommonJS modules. Called by `undici-hook.cts` at preload; nobody else uses it. A package that is CommonJS
 * comes by here when it is imported, too.
 */
import type * as modules from 'node:module';

type Load = (...args: unknown[]) => unknown;

const HOOKED = Symbol.for('nacos-serving.load-hook');

/** Calls `found` with the exports of each module whose name or path is like `wanted`, once per process; loading stays as it is. */
export function coverModuleLoad(wanted: RegExp, found: (exports: unknown) => void): void {
  const { Module } = require('node:module') as typeof modules;
  const original: unknown = Reflect.get(Module, '_load');
  if (typeof original !== 'function' || Reflect.get(globalThis, HOOKED) !== undefined) return;
  const load = function (this: unknown, ...args: unknown[]): unknown {
    const exports: unknown = Reflect.apply(original as Load, this, args);
    const [request] = args;
    if (typeof request === 'string' && wanted.test(request)) {
      try {
        found(exports);
      } catch {
        // A copy that is not as we know it: the app goes on as if we were not here.
      }
    }
    return exports;
  };
  for (const key of ['name', 'length']) {
    const own = Object.getOwnPropertyDescriptor(original, key);
    if (own !== undefined) Object.defineProperty(load, key, own);
  }
  Reflect.set(Module, '_load', load);
  Object.defineProperty(globalThis, HOOKED, { value: true });
}

/** Exports of modules that are loaded already, whose path is like `wanted`. */
export function loadedModules(wanted: RegExp): readonly unknown[] {
  const { Module } = require('node:module') as typeof modules;
  const cache: unknown = Reflect.get(Module, '_cache');
  if (typeof cache !== 'object' || cache === null) return [];
  const found: unknown[] = [];
  for (const file in cache) {
    if (!wanted.test(file)) continue;
    const module: unknown = Reflect.get(cache, file);
    if (typeof module === 'object' && module !== null) found.push(Reflect.get(module, 'exports'));
  }
  return found;
}

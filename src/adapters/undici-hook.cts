/**
 * Owns noticing that a process loads undici from npm. Installed at preload by `fetch-hook.cts`, also in processes that never do: so it is one look at
 * the name of each module, and what it does is loaded with the first undici (`undici-classes.cts`).
 */
import type { ProcessHub } from '../process-hub.js';
import { coverModuleLoad, loadedModules } from './global-hooks/module-load.cjs';

type Classes = typeof import('./undici-classes.cjs');

/** `undici`, also under an alias like `undici-6`, and the path that an import has become. */
const UNDICI = /(?:^|[\\/])undici[-\w]*(?:[\\/]index(?:\.js)?)?$/;

export function installUndiciHook(hub: ProcessHub): void {
  const found = (exports: unknown): void => {
    (require('./undici-classes.cjs') as Classes).coverCopy(hub, exports);
  };
  // Code that registers later may come after its imports.
  for (const exports of loadedModules(UNDICI)) found(exports);
  coverModuleLoad(UNDICI, found);
}

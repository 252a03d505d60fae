/**
 * Owns the place of calls by name in the global fetch. Installed at preload by `entry/register.cts`, also in processes that never call
 * anything: so it is little, and what it does is loaded at the first call (`fetch-calls.cts`). Who replaces fetch later, as
 * mocks do, has the last word.
 */
import type { ProcessHub } from '../process-hub.js';
import { coverFetch } from './global-hooks/fetch.cjs';

type FetchCalls = typeof import('./fetch-calls.cjs');

export function installFetchHook(hub: ProcessHub): void {
  let calls: FetchCalls | undefined;
  coverFetch((args) => {
    calls ??= load();
    calls.beforeFetch(hub, args);
  });
}

/**
 * Makes the dispatchers that are there know services, and loads none. To be called when the runtime is loaded: an app may use undici
 * from npm, and never fetch.
 */
export function interceptUndici(hub: ProcessHub): void {
  load().interceptDispatchers(hub);
}

function load(): FetchCalls {
  return require('./fetch-calls.cjs') as FetchCalls;
}

/**
 * Owns the place of calls by name in the global fetch. Installed at preload by `entry/register.cts`, also in processes that never call
 * anything: so it is little, and what it does is loaded at the first call (`fetch-calls.cts`). Who replaces fetch later, as
 * mocks do, has the last word.
 */
import type { ProcessHub } from '../process-hub.js';
import { coverFetch } from './global-hooks/fetch.cjs';
import { installUndiciHook } from './undici-hook.cjs';

type FetchCalls = typeof import('./fetch-calls.cjs');

export function installFetchHook(hub: ProcessHub): void {
  let calls: FetchCalls | undefined;
  coverFetch((input, init) => {
    calls ??= require('./fetch-calls.cjs') as FetchCalls;
    calls.beforeFetch(hub, input, init);
  });
  installUndiciHook(hub);
}

/**
 * Owns where explicit client adapters get their router from: the discovery that their user gives, or the one of the process, which is opened by
 * the first call. Used by the adapters of HTTP clients (fetch, undici, http, axios and so on). It hooks nothing.
 */
import type { Discovery } from '../discovery/discovery.js';
import type { CallRouter } from '../process-hub.js';
import { findHub } from './hooks.js';

/** Options that every explicit client adapter has. */
export interface CallSourceOptions {
  /** Default: that of the process, with the options of command line, variables and option file. */
  readonly discovery?: Discovery;
}

export interface CallSource {
  /** undefined until `load` is through. */
  readonly current: CallRouter | undefined;
  /** Never rejects; undefined when the process has no usable options, which was logged: calls then go on without us. */
  load(): Promise<CallRouter | undefined>;
}

export function callSource({ discovery }: CallSourceOptions): CallSource {
  if (discovery !== undefined) {
    const { explicitCalls } = discovery;
    return { current: explicitCalls, load: () => Promise.resolve(explicitCalls) };
  }
  const hub = findHub();
  return {
    get current() {
      return hub.runtime?.explicitCalls;
    },
    load: async () => (await hub.load())?.explicitCalls,
  };
}

/**
 * Owns the call router of a process until somebody calls by name. Used by the runtime: a process that only serves never loads
 * discovery, which would make its registration later for nothing. The first call waits for the module as it waits for its list.
 */
import type { CallRouter } from '../process-hub.js';
import { asError } from '../util/deferred.js';

const NOTHING_IS_OURS: CallRouter = {
  pickNow: () => null,
  resolve: () => Promise.resolve(null),
  nextAttempt: () => undefined,
  settle: () => undefined,
  timeoutMs: () => 0,
  headersToAdd: () => [],
  onGone: () => () => undefined,
};

/** `open` is called once, at the first call. Should it fail, which `failed` is told, then all hosts are left to DNS. */
export function createLazyCalls(
  open: () => Promise<CallRouter>,
  failed: (error: Error) => void,
): CallRouter {
  let calls: CallRouter | undefined;
  let opening: Promise<void> | undefined;
  const opened = async (): Promise<void> => {
    try {
      calls = await open();
    } catch (error) {
      failed(asError(error));
      calls = NOTHING_IS_OURS;
    }
  };
  /** Listeners that came before there was anything to listen to, and how to stop those that are handed on. */
  const goneListeners = new Map<GoneListener, (() => void) | undefined>();
  return {
    // undefined: the hook then asks `resolve`.
    pickNow: (name, info) => (calls === undefined ? undefined : calls.pickNow(name, info)),
    async resolve(name, info, signal) {
      opening ??= opened();
      await opening;
      for (const [listener, stop] of goneListeners) {
        if (stop === undefined) goneListeners.set(listener, calls?.onGone(listener));
      }
      return calls === undefined ? null : calls.resolve(name, info, signal);
    },
    nextAttempt: (failed) => calls?.nextAttempt(failed),
    settle: (target, ended) => calls?.settle(target, ended),
    timeoutMs: (name) => calls?.timeoutMs(name) ?? 0,
    headersToAdd: (info) => calls?.headersToAdd(info) ?? [],
    onGone(listener) {
      goneListeners.set(listener, calls?.onGone(listener));
      return () => {
        goneListeners.get(listener)?.();
        goneListeners.delete(listener);
      };
    },
  };
}

type GoneListener = Parameters<CallRouter['onGone']>[0];

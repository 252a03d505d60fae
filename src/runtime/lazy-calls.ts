/**
 * Owns the call router of a process until somebody calls by name. Used by the runtime: a process that only serves never loads
 * discovery, which would make its registration later for nothing. The first call waits for the module as it waits for its list.
 */
import type { Discovery } from '../discovery/discovery.js';
import type { CallRouter } from '../process-hub.js';
import { asError } from '../util/deferred.js';

const NOTHING_IS_OURS: CallRouter = {
  pickNow: () => null,
  resolve: () => Promise.resolve(null),
  pickOther: () => undefined,
};

/** `open` is called once, at the first call. Should it fail, which `failed` is told, then all hosts are left to DNS. */
export function createLazyCalls(
  open: () => Promise<Discovery>,
  failed: (error: Error) => void,
): CallRouter {
  let calls: CallRouter | undefined;
  let opening: Promise<void> | undefined;
  const opened = async (): Promise<void> => {
    try {
      calls = (await open()).calls;
    } catch (error) {
      failed(asError(error));
      calls = NOTHING_IS_OURS;
    }
  };
  return {
    // undefined: the hook then asks `resolve`.
    pickNow: (name) => (calls === undefined ? undefined : calls.pickNow(name)),
    async resolve(name, signal) {
      opening ??= opened();
      await opening;
      return calls === undefined ? null : calls.resolve(name, signal);
    },
    pickOther: (name, tried) => calls?.pickOther(name, tried),
  };
}

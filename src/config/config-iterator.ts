/**
 * Owns the loop over a listened config: the content of now, then each one that differs from the last that was given. Made for each `for await`.
 * Nothing is stored up: who iterates slowly gets the newest.
 */
import type { ConfigVersion } from '../config-api.js';
import { createDeferred } from '../util/deferred.js';
import type { Follower } from './follower.js';
import type { ListenedConfig } from './listened-config.js';
import { isSameContent } from './versions.js';

type Step = IteratorResult<ConfigVersion | undefined, undefined>;

const DONE: Step = { done: true, value: undefined };

/** Ends with the follower, or when it is told to; an error is never thrown. */
export function iterateConfig(
  config: ListenedConfig,
  follower: Follower,
): AsyncIterator<ConfigVersion | undefined, undefined> {
  let given: { readonly version: ConfigVersion | undefined } | undefined;
  let isOver = false;
  let changed = createDeferred<void>();
  const wake = (): void => {
    changed.resolve();
    changed = createDeferred();
  };
  const stopWatching = config.watch(wake);
  const stop = (): void => {
    isOver = true;
    stopWatching();
    wake();
  };
  const next = async (): Promise<Step> => {
    for (;;) {
      if (!isOver && !config.has(follower)) stop();
      if (isOver) return DONE;
      const { current, isKnown } = config;
      if (isKnown && (given === undefined || !isSameContent(given.version, current))) {
        given = { version: current };
        return { done: false, value: current };
      }
      await changed.promise;
    }
  };
  return {
    next,
    return: () => {
      stop();
      return Promise.resolve(DONE);
    },
  };
}

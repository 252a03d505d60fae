/**
 * Owns the wait of commands that watch: until Ctrl-C, SIGTERM, or a reader of stdout that has seen enough. Nothing of a client keeps a process alive, so
 * it does.
 */
import { systemClock } from '../../util/clock.js';
import { createDeferred } from '../../util/deferred.js';

/** The longest that a timer takes; Ctrl-C comes first. */
const FOREVER_MS = 2_147_483_647;
const ENDS = ['SIGINT', 'SIGTERM'] as const;

export async function untilEnded(): Promise<void> {
  const ended = createDeferred<undefined>();
  const end = (): void => ended.resolve(undefined);
  for (const signal of ENDS) process.on(signal, end);
  // `| head` has seen enough.
  process.stdout.on('error', end);
  const hold = systemClock.after(FOREVER_MS, end, { holdsProcess: true });
  await ended.promise;
  hold.cancel();
  for (const signal of ENDS) process.removeListener(signal, end);
}

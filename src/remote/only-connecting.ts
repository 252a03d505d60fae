/**
 * Owns the question whether connects under way are all that keeps this process alive. The system knows no connect that does not hold its
 * process, so whoever makes one on his own account has to ask, and to give it up. Used by the transport. It ends nothing itself.
 */
import type { Clock } from '../util/clock.js';

const LOOK_EVERY_MS = 200;
/** One look may come between two steps of the app. */
const LOOKS = 2;
/** As Node names it. A socket that holds the process adds a name of its own. */
const CONNECT = /ConnectWrap$/i;
/** Of stdout and stderr, which hold nothing; of other pipes as well, so that this is a guess. */
const STREAM = /^(Pipe|TTY)Wrap$/i;
const STREAMS = 2;

/** Calls `run` once when nothing else seems to be left. Returns what ends the looking. */
export function onOnlyConnecting(clock: Clock, run: () => void): () => void {
  let looks = 0;
  const timer = clock.every(LOOK_EVERY_MS, () => {
    looks = isOnlyConnecting(process.getActiveResourcesInfo()) ? looks + 1 : 0;
    if (looks < LOOKS) return;
    timer.cancel();
    run();
  });
  return () => timer.cancel();
}

function isOnlyConnecting(holding: readonly string[]): boolean {
  const others = holding.filter((name) => !CONNECT.test(name));
  return others.length <= STREAMS && others.every((name) => STREAM.test(name));
}

/**
 * Owns the clock of the benches: milliseconds with fractions that mean the same in every process of this machine. The
 * CommonJS twin for subjects is subjects/say.cjs.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export const nowMs = () => performance.timeOrigin + performance.now();

/** Asks `check` again and again until it gives something. @throws after `timeoutMs`. */
export async function until(check, { what, everyMs = 2, timeoutMs = 30_000 }) {
  const deadlineMs = nowMs() + timeoutMs;
  for (;;) {
    const answer = await check();
    if (answer !== undefined && answer !== false) return answer;
    if (nowMs() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(everyMs);
  }
}

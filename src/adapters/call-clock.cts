/**
 * Owns time for the client hooks, which are CommonJS and run before any clock of ours is loaded: what a call took, and waits of a call that is
 * under way. Used by the hooks of undici and of node:http.
 */

/** Monotonic. */
export function nowMs(): number {
  return performance.now();
}

/**
 * Runs `run` after `ms`; returns what takes that back. `holdsProcess`: true for a wait that a caller waits for, when nothing else may be
 * under way; a bound of something that is under way holds nothing.
 */
export function after(ms: number, run: () => void, holdsProcess: boolean): () => void {
  const timer = setTimeout(run, ms);
  if (!holdsProcess) timer.unref();
  return () => clearTimeout(timer);
}

/** In ms since 1970, for dates that others give. */
export function wallMs(): number {
  return Date.now();
}

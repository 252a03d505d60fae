/**
 * Owns listening to abort signals. Used by every wait. Node prints a warning when one signal has more than ten listeners, and a
 * user may well pass one signal to a hundred calls: each signal gets one listener of ours, however many wait on it.
 */
interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `run` once when the signal aborts, never for one that has aborted already. Returns the function which stops that;
 * nothing stays behind on a signal that outlives its waits. `run` must not throw.
 */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined;
  // The same function may wait twice: each call has an entry of its own.
  const entry = (): void => run();
  const { callbacks, listener } = waiting.get(signal) ?? listenTo(signal);
  callbacks.add(entry);
  return () => {
    callbacks.delete(entry);
    if (callbacks.size > 0 || waiting.get(signal)?.callbacks !== callbacks) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listenTo(signal: AbortSignal): Waiting {
  const callbacks = new Set<() => void>();
  const listener = (): void => {
    waiting.delete(signal);
    // One of them may take another one back.
    for (const call of [...callbacks]) if (callbacks.has(call)) call();
    callbacks.clear();
  };
  const added = { callbacks, listener };
  waiting.set(signal, added);
  signal.addEventListener('abort', listener, { once: true });
  return added;
}

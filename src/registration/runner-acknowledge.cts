/**
 * Owns one courtesy to tsx. Its parent process kills the app by SIGKILL when the app's side has not said within 30 ms that
 * it got a signal, and the listener that says so would only be called when we let the signal through. Called by the
 * signal gate when it starts to hold one. It never throws, and does nothing where tsx is not there.
 */

/** The listener of tsx, which it hides from `listeners` and `listenerCount`, but not from `rawListeners`. */
const TSX_LISTENER = 'hiddenHandler';

/** Calls that listener, which would end the process if it believed that the app has no listener of its own. */
export function acknowledgeToRunner(signal: 'SIGTERM' | 'SIGINT'): void {
  const listener = process.rawListeners(signal).find(({ name }) => name === TSX_LISTENER);
  if (listener === undefined) return;
  const before = Object.getOwnPropertyDescriptor(process, 'listenerCount');
  try {
    Object.defineProperty(process, 'listenerCount', { value: () => 1, configurable: true });
    Reflect.apply(listener, process, [signal]);
  } catch {
    // Then tsx has not been told, and ends the app as it does when it hears nothing.
  } finally {
    if (before === undefined) Reflect.deleteProperty(process, 'listenerCount');
    else Object.defineProperty(process, 'listenerCount', before);
  }
}

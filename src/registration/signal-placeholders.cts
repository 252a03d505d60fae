/**
 * Owns the listeners that make Node watch SIGTERM and SIGINT for us while the app has none. Used by the signal gate only, from its first hold on.
 * Libraries ask "am I the only listener?" before they end the process, so the app does not see ours: not in
 * `listenerCount`, `listeners` and `rawListeners`. It goes when the app has two, so that it never brings a
 * MaxListenersExceededWarning, and comes back when the app removes its last one, as Node then stops watching.
 */
export type HeldSignal = 'SIGTERM' | 'SIGINT';

export interface Placeholders {
  add(): void;
  remove(): void;
  /** Runs with the placeholders deaf. */
  muted<T>(run: () => T): T;
}

const HELD_SIGNALS: readonly HeldSignal[] = ['SIGTERM', 'SIGINT'];

function isHeldSignal(event: unknown): event is HeldSignal {
  return event === 'SIGTERM' || event === 'SIGINT';
}

/** `onCalled` hears of signals that came past `process.emit`, because somebody replaced it without calling ours. */
export function createPlaceholders(
  onCalled: (signal: HeldSignal, args: readonly unknown[]) => void,
): Placeholders {
  let added = false;
  let deaf = false;
  let moving = false;
  let hidden = false;
  const listenerOf = (signal: HeldSignal) => {
    return (...args: unknown[]): void => {
      if (!deaf) onCalled(signal, args);
    };
  };
  const listeners = { SIGTERM: listenerOf('SIGTERM'), SIGINT: listenerOf('SIGINT') };

  const move = (step: () => void): void => {
    moving = true;
    try {
      step();
    } finally {
      moving = false;
    }
  };
  // Not with its first one: Node would stop watching in between, and lose a signal that is on its way.
  const onAdding = (event: unknown): void => {
    if (moving || !isHeldSignal(event) || process.listenerCount(event) === 0) return;
    move(() => process.removeListener(event, listeners[event]));
  };
  const onRemoved = (event: unknown): void => {
    if (!added || moving || !isHeldSignal(event) || process.listenerCount(event) > 0) return;
    move(() => {
      process.removeListener(event, listeners[event]);
      process.on(event, listeners[event]);
    });
  };

  const hide = (): void => {
    hidden = true;
    process.on('newListener', onAdding);
    process.on('removeListener', onRemoved);
    const list = process.rawListeners.bind(process);
    const shows = (event: unknown): event is HeldSignal =>
      isHeldSignal(event) && list(event).includes(listeners[event]);
    const withoutOurs = (event: HeldSignal, found: unknown): unknown =>
      Array.isArray(found) ? found.filter((one) => one !== listeners[event]) : found;
    replace('listenerCount', (args, found) =>
      shows(args[0]) && args[1] === undefined ? Number(found) - 1 : found,
    );
    replace('listeners', (args, found) => (shows(args[0]) ? withoutOurs(args[0], found) : found));
    replace('rawListeners', (args, found) =>
      shows(args[0]) ? withoutOurs(args[0], found) : found,
    );
  };

  return {
    add() {
      if (added) return;
      added = true;
      if (!hidden) hide();
      for (const signal of HELD_SIGNALS) {
        if (process.listenerCount(signal) === 0) process.on(signal, listeners[signal]);
      }
    },
    remove() {
      added = false;
      for (const signal of HELD_SIGNALS) process.removeListener(signal, listeners[signal]);
    },
    muted(run) {
      const before = deaf;
      deaf = true;
      try {
        return run();
      } finally {
        deaf = before;
      }
    },
  };
}

/** Puts a step behind a method of `process`; the proxy keeps its name and length. */
function replace(
  method: 'listenerCount' | 'listeners' | 'rawListeners',
  after: (args: readonly unknown[], found: unknown) => unknown,
): void {
  const original: unknown = Reflect.get(process, method);
  if (typeof original !== 'function') return;
  const value = new Proxy(original, {
    apply(target, self: unknown, args: unknown[]): unknown {
      const found: unknown = Reflect.apply(target, self, args);
      return self === process ? after(args, found) : found;
    },
  });
  Object.defineProperty(process, method, { value, writable: true, configurable: true });
}

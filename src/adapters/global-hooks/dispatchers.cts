/**
 * Owns the dispatchers which all copies of undici in a process share under the global object. Called by `fetch-calls.cts`. It loads
 * undici only when told to, by reading a global that needs it.
 */

/** The key of undici up to 7, with handlers of the old shape. Both are writable, but not configurable. */
const LEGACY = Symbol.for('undici.globalDispatcher.1');
/** The key of undici from 7.29 and 8 on. */
const CURRENT = Symbol.for('undici.globalDispatcher.2');
/** Reading one of these makes Node load its undici, which then sets a dispatcher. A mock may stand in some place. */
const UNDICI_GLOBALS = ['Headers', 'Response', 'FormData', 'Request'];

/** That of Node sets a current dispatcher when it is loaded, whatever another copy has set under the old key. */
const IS_NODES_CURRENT = Number.parseInt(process.versions['undici'] ?? '0', 10) >= 8;

/** Makes Node load its undici, unless the one that its fetch uses is there. */
export function loadUndici(): void {
  for (const name of UNDICI_GLOBALS) {
    if (hasDispatcherOfFetch()) return;
    Reflect.get(globalThis, name);
  }
}

function hasDispatcherOfFetch(): boolean {
  return currentOne() !== undefined || (!IS_NODES_CURRENT && legacyOne() !== undefined);
}

/** What both keys had when that of fetch was there and all had been put through: nothing is to be done until one has something else. */
let left: { readonly current: unknown; readonly legacy: unknown } | undefined;

/** Asked before each call of fetch. */
export function areUnchanged(): boolean {
  if (left === undefined) return false;
  if (left.current === currentOne() && left.legacy === legacyOne()) return true;
  // Nothing of ours keeps a dispatcher that was replaced.
  left = undefined;
  return false;
}

/** Puts each global dispatcher through `change` and sets what comes back, if that is another one. False when that of Node's fetch is not there. */
export function changeDispatchers(change: (dispatcher: unknown) => unknown): boolean {
  const current = currentOne();
  const isSame = changeOne(CURRENT, current, change);
  const legacy = legacyOne();
  // undici 8 sets both: the old key has a wrapper, which calls the dispatcher of the new one and hides what that is.
  if (current === undefined || !isSame || !isWrapper(legacy)) changeOne(LEGACY, legacy, change);
  const isComplete = hasDispatcherOfFetch();
  left = isComplete ? { current: currentOne(), legacy: legacyOne() } : undefined;
  return isComplete;
}

/** The dispatcher for handlers of the current or of the old shape; undefined before undici is loaded. */
export function globalDispatcher(isCurrent: boolean): object | undefined {
  const dispatcher = isCurrent ? (currentOne() ?? legacyOne()) : (legacyOne() ?? currentOne());
  return typeof dispatcher === 'object' && dispatcher !== null ? dispatcher : undefined;
}

/** True when the same dispatcher stays in place. */
function changeOne(
  key: symbol,
  dispatcher: unknown,
  change: (dispatcher: unknown) => unknown,
): boolean {
  // A key that is not there stays so: undici decides by it what it sets.
  if (dispatcher === undefined) return true;
  const changed = change(dispatcher);
  if (changed !== dispatcher) Reflect.set(globalThis, key, changed);
  return changed === dispatcher;
}

let wasTrapSet = false;
/** The trap may be there. */
let isTrapped = false;
/** It is we who look, and set off no trap. */
let isLooking = false;

/**
 * Runs `run` right after another copy of undici 8 was loaded, as that of Node 26 is by an import of node:http: it replaces what older copies have set. It
 * looks for its key first, which is there for nobody else, and then sets it in place of ours.
 */
export function whenReplaced(run: () => void): void {
  if (wasTrapSet || Object.hasOwn(globalThis, CURRENT)) return;
  wasTrapSet = true;
  isTrapped = true;
  Object.defineProperty(globalThis, CURRENT, {
    configurable: true,
    enumerable: false,
    get: () => {
      if (isLooking) return undefined;
      queueMicrotask(run);
      return undefined;
    },
    set: (value: unknown) =>
      Object.defineProperty(globalThis, CURRENT, { value, writable: true, enumerable: false }),
  });
}

/** By plain access, with the key as a constant: it is read before each call by name, and anything else takes ten times as long. */
function legacyOne(): unknown {
  return (globalThis as Record<symbol, unknown>)[LEGACY];
}

function currentOne(): unknown {
  if (!isTrapped) return (globalThis as Record<symbol, unknown>)[CURRENT];
  isLooking = true;
  try {
    const dispatcher = (globalThis as Record<symbol, unknown>)[CURRENT];
    // It was set in place of the trap.
    if (dispatcher !== undefined) isTrapped = false;
    return dispatcher;
  } finally {
    isLooking = false;
  }
}

function isWrapper(dispatcher: unknown): boolean {
  if (typeof dispatcher !== 'object' || dispatcher === null) return false;
  const { constructor } = dispatcher;
  return typeof constructor === 'function' && constructor.name === 'Dispatcher1Wrapper';
}

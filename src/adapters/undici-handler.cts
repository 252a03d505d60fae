/**
 * Owns what we see of an undici request under way: only whether it was begun before it failed. Called by `undici-dispatcher.cts`. A
 * handler has one of two shapes, by the version of undici: `onConnect`, `onHeaders`, `onError` and so on, or `onRequestStart`,
 * `onResponseStart`, `onResponseError`. Everything is handed on as it comes.
 */

/** What system call failed, when that says that there never was a connection. */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);
/** Other failures of a connection on its way. TLS failures are none: a wrong certificate must be seen, not passed over. */
const CONNECT_CODES: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ETIMEDOUT']);

/** Begin and failure, by shape. In the first the error comes alone, in the second after the controller. */
const LEGACY = { begin: 'onConnect', fail: 'onError' } as const;
const CURRENT = { begin: 'onRequestStart', fail: 'onResponseError' } as const;

/** All methods that either shape has; undici asks which ones are there. */
const METHODS = [
  'onConnect',
  'onUpgrade',
  'onHeaders',
  'onData',
  'onComplete',
  'onError',
  'onRequestStart',
  'onRequestUpgrade',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
  'onResponseStarted',
  'onBodySent',
  'onRequestSent',
] as const;

/**
 * A handler that passes everything to `handler`, but for a failure to connect: `retry` may take care of that and return true. Nothing
 * was sent then, and the body was not touched.
 */
export function watchHandler(handler: object, retry: () => boolean): object {
  const { begin, fail } = shapeOf(handler);
  let isBegun = false;
  let isSent = false;
  const watched: Record<string, (...args: readonly unknown[]) => unknown> = {};
  for (const name of METHODS) {
    const method: unknown = Reflect.get(handler, name);
    if (typeof method !== 'function') continue;
    watched[name] = (...args) => Reflect.apply(method, handler, args) as unknown;
  }
  const { [begin]: start, [fail]: pass, onBodySent, onRequestSent } = watched;
  watched[begin] = (...args) => {
    isBegun = true;
    return start?.(...args);
  };
  watched['onBodySent'] = (...args) => {
    isSent = true;
    return onBodySent?.(...args);
  };
  watched['onRequestSent'] = (...args) => {
    isSent = true;
    return onRequestSent?.(...args);
  };
  watched[fail] = (...args) => {
    const error = fail === 'onError' ? args[0] : args[1];
    // A RetryAgent says "begun" to us before it begins: then only the error itself can tell.
    const isUnsent = !isSent && (isRefused(error) || (!isBegun && isCutShort(error)));
    return isUnsent && retry() ? undefined : pass?.(...args);
  };
  return watched;
}

/** Tells the handler of a failure before anything was dispatched. */
export function failHandler(handler: object, error: unknown): void {
  const { fail } = shapeOf(handler);
  const method: unknown = Reflect.get(handler, fail);
  if (typeof method !== 'function') return;
  Reflect.apply(method, handler, fail === 'onError' ? [error] : [null, error]);
}

function shapeOf(handler: object): typeof LEGACY | typeof CURRENT {
  return typeof Reflect.get(handler, 'onRequestStart') === 'function' ? CURRENT : LEGACY;
}

function isRefused(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return (
    CONNECT_CALLS.has(Reflect.get(error, 'syscall')) ||
    Reflect.get(error, 'code') === 'UND_ERR_CONNECT_TIMEOUT'
  );
}

function isCutShort(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && CONNECT_CODES.has(Reflect.get(error, 'code'))
  );
}

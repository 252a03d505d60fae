/**
 * Owns what we see of an undici request under way: only whether it was begun before it failed. Called by `undici-dispatcher.cts`. A
 * handler has one of two shapes, by the version of undici: `onConnect`, `onHeaders`, `onError` and so on, or `onRequestStart`,
 * `onResponseStart`, `onResponseError`. Everything is handed on as it comes.
 */

/**
 * Failures of a connection that is not there yet. TLS failures are none of them: an instance with a wrong certificate must be seen,
 * not passed over.
 */
const CONNECT_FAILURES: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

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
  const watched: Record<string, (...args: readonly unknown[]) => unknown> = {};
  for (const name of METHODS) {
    const method: unknown = Reflect.get(handler, name);
    if (typeof method !== 'function') continue;
    watched[name] = (...args) => Reflect.apply(method, handler, args) as unknown;
  }
  const pass = watched[fail];
  const start = watched[begin];
  watched[begin] = (...args) => {
    isBegun = true;
    return start?.(...args);
  };
  watched[fail] = (...args) => {
    const error = fail === 'onError' ? args[0] : args[1];
    if (!isBegun && isConnectFailure(error) && retry()) return undefined;
    return pass?.(...args);
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

function isConnectFailure(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && CONNECT_FAILURES.has(Reflect.get(error, 'code'))
  );
}

/**
 * Owns what we see of an undici request under way: only whether it was begun before it failed. Called by `undici-dispatcher.cts`. A
 * handler has one of two shapes, by the version of undici: `onConnect`, `onHeaders`, `onError` and so on, or `onRequestStart`,
 * `onResponseStart`, `onResponseError`. Everything is handed on as it comes.
 */

/** What system call failed, when that says that there never was a connection. */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);
/** Other failures of a connection on its way. TLS failures are none: a wrong certificate must be seen, not passed over. */
const CONNECT_CODES: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ETIMEDOUT']);

type Method = (...args: readonly unknown[]) => unknown;
/** What undici may call; a handler has some of these. */
type Handler = Readonly<Partial<Record<string, Method>>>;
type Retry = () => boolean;

/**
 * A handler that passes everything to `handler`, but for a failure to connect: `retry` may take care of that and return true. Nothing
 * was sent then, and the body was not touched.
 */
export function watchHandler(handler: object, retry: Retry): object {
  // Each method is looked at before it is called, by `?.`: undici leaves some of them to the caller.
  const known = handler as Handler;
  return isCurrent(handler) ? new CurrentWatch(known, retry) : new LegacyWatch(known, retry);
}

/** Classes rather than objects of closures: one of these is made for each call by name. */
abstract class Watch {
  protected readonly handler: Handler;
  protected readonly retry: Retry;
  protected isBegun = false;
  #isSent = false;

  constructor(handler: Handler, retry: Retry) {
    this.handler = handler;
    this.retry = retry;
  }

  onBodySent(chunk: unknown, total: unknown): unknown {
    this.#isSent = true;
    return this.handler['onBodySent']?.(chunk, total);
  }

  onRequestSent(): unknown {
    this.#isSent = true;
    return this.handler['onRequestSent']?.();
  }

  onResponseStarted(): unknown {
    return this.handler['onResponseStarted']?.();
  }

  /** True when another instance gets the call. */
  protected retries(error: unknown): boolean {
    // A RetryAgent says "begun" to us before it begins: then only the error itself can tell.
    const isUnsent = !this.#isSent && (isRefused(error) || (!this.isBegun && isCutShort(error)));
    return isUnsent && this.retry();
  }
}

class LegacyWatch extends Watch {
  onConnect(abort: unknown, context: unknown): unknown {
    this.isBegun = true;
    return this.handler['onConnect']?.(abort, context);
  }

  onUpgrade(status: unknown, headers: unknown, socket: unknown): unknown {
    return this.handler['onUpgrade']?.(status, headers, socket);
  }

  onHeaders(status: unknown, headers: unknown, resume: unknown, text: unknown): unknown {
    return this.handler['onHeaders']?.(status, headers, resume, text);
  }

  onData(chunk: unknown): unknown {
    return this.handler['onData']?.(chunk);
  }

  onComplete(trailers: unknown): unknown {
    return this.handler['onComplete']?.(trailers);
  }

  onError(error: unknown): unknown {
    return this.retries(error) ? undefined : this.handler['onError']?.(error);
  }
}

class CurrentWatch extends Watch {
  onRequestStart(controller: unknown, context: unknown): unknown {
    this.isBegun = true;
    return this.handler['onRequestStart']?.(controller, context);
  }

  onRequestUpgrade(
    controller: unknown,
    status: unknown,
    headers: unknown,
    socket: unknown,
  ): unknown {
    return this.handler['onRequestUpgrade']?.(controller, status, headers, socket);
  }

  onResponseStart(controller: unknown, status: unknown, headers: unknown, text: unknown): unknown {
    return this.handler['onResponseStart']?.(controller, status, headers, text);
  }

  onResponseData(controller: unknown, chunk: unknown): unknown {
    return this.handler['onResponseData']?.(controller, chunk);
  }

  onResponseEnd(controller: unknown, trailers: unknown): unknown {
    return this.handler['onResponseEnd']?.(controller, trailers);
  }

  onResponseError(controller: unknown, error: unknown): unknown {
    return this.retries(error) ? undefined : this.handler['onResponseError']?.(controller, error);
  }
}

/** Tells the handler of a failure before anything was dispatched. */
export function failHandler(handler: object, error: unknown): void {
  const known = handler as Handler;
  if (isCurrent(handler)) known['onResponseError']?.(null, error);
  else known['onError']?.(error);
}

function isCurrent(handler: object): boolean {
  return typeof Reflect.get(handler, 'onRequestStart') === 'function';
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

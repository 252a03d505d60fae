/**
 * Owns what an error of undici says about the attempt that it ended. Called by `undici-handler.cts`. When in doubt, something was sent: only
 * what surely was not may go to another instance whatever its method.
 */
import type { CallOutcome } from '../process-hub.js';

/** What is known of an attempt besides its error. */
export interface AttemptState {
  /** There was a connection, and writing was about to begin. */
  readonly isBegun: boolean;
  /** Something of the body, or the whole request, was written. */
  readonly isSent: boolean;
}

/** What system call failed, when that says that there never was a connection. */
const CONNECT_CALLS: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo']);
/** A connection that was lost, or that said nothing for too long. Other errors are the caller's own, or say that something is wrong with the request. */
const LOST: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);
/** Failures of TLS: nothing was sent, but what stands behind them must be seen, not passed over. */
const TLS =
  /^(?:ERR_(?:TLS|SSL)_|CERT_|UNABLE_TO_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH$)/;
/** What is no HTTP. */
const NO_HTTP = /^HPE_/;

export function outcomeOf(error: unknown, { isBegun, isSent }: AttemptState): CallOutcome {
  const code = codeOf(error);
  // A RetryAgent says "begun" to us before it begins: then only the error itself can tell.
  const isRefused =
    CONNECT_CALLS.has(Reflect.get(Object(error), 'syscall')) || code === 'UND_ERR_CONNECT_TIMEOUT';
  if (isRefused && !isSent) return 'unsent';
  if (TLS.test(code) || NO_HTTP.test(code)) return 'broken';
  if (!LOST.has(code)) return 'abandoned';
  return isBegun || isSent ? 'broken' : 'unsent';
}

export function isTlsFailure(error: unknown): boolean {
  return TLS.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  return typeof code === 'string' ? code : '';
}

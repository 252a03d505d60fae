/**
 * Owns the errors by which a handler refuses a request. The request order turns them into an ErrorResponse whose two
 * codes are the same number, as an exception in a handler of a real server does. Called by handlers and shape checks.
 */
import { ServerError } from '../errors.js';

/** `errorCode` as real servers use it for what went wrong, like 400 or -401. */
export function rejection(errorCode: number, message: string): ServerError {
  return new ServerError('SERVER_REJECTED', message, { resultCode: errorCode, errorCode });
}

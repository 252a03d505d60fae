/**
 * Owns the verdict on an answer: which class it must have, and which error a failure becomes. Called by the session. The
 * verdict never uses gRPC status, which is always OK, nor `success`, which r-nacos leaves out
 * (docs/protocol.md#trap-1, #trap-5, #trap-19).
 */
import { AuthError, isNacosError, ProtocolError, ServerError } from '../errors.js';
import { failureKind } from '../wire/failures.js';
import type { JsonObject } from '../wire/json.js';
import { ERROR_RESPONSE, readResponseHead, RESULT_SUCCESS } from '../wire/messages/common.js';
import { RESPONSE_OF } from '../wire/type-map.js';

/** @throws AuthError, ServerError, ProtocolError unless the answer is of the right class and says success. */
export function checkResponse(requestType: string, responseType: string, body: JsonObject): void {
  const untyped = responseType === ERROR_RESPONSE;
  if (!untyped && responseType !== RESPONSE_OF[requestType]) {
    throw new ProtocolError(
      'UNEXPECTED_RESPONSE',
      `${requestType} was answered by ${responseType || 'a message without a type'}`,
    );
  }
  // Almost every answer: nothing more has to be read.
  if (!untyped && body['resultCode'] === RESULT_SUCCESS) return;
  const head = readResponseHead(body);
  const kind = failureKind(responseType, head);
  if (kind === undefined) return;
  const text = `${requestType} failed: ${head.message || 'no reason given'} (code ${String(head.errorCode)})`;
  const numbers = { resultCode: head.resultCode, errorCode: head.errorCode };
  switch (kind) {
    case 'forbidden':
      throw new AuthError(text);
    case 'invalid':
      throw new ServerError('SERVER_REJECTED', text, numbers);
    case 'unsupported':
      throw new ServerError('SERVER_UNSUPPORTED', text, numbers);
    default:
      // Only what failed outside its handler is worth repeating at once.
      throw new ServerError('SERVER_FAILED', text, numbers, { details: { untyped } });
  }
}

/** A lost connection and an ErrorResponse may be repeated; a timeout has used up the time, a typed failure is final. */
export function isRepeatable(error: Error, isOnce = false): boolean {
  if (!isNacosError(error)) return false;
  return (
    // It may have been carried out before the connection broke.
    (error.code === 'CONNECTION_LOST' && !isOnce) ||
    (error.code === 'SERVER_FAILED' && error.details['untyped'] === true)
  );
}

/**
 * Owns what a failed answer means. Called by the session and the clients above it; pure. The number alone does not
 * say: 300 and 400 mean one thing in an ErrorResponse and another in a ConfigQueryResponse, so the type of
 * the response decides first (docs/protocol.md#trap-5).
 */
import {
  ERROR_CLIENT_DISCONNECTED,
  ERROR_FORBIDDEN,
  ERROR_INVALID_PARAM,
  ERROR_NO_HANDLER,
  ERROR_OVER_THRESHOLD,
  ERROR_RESPONSE,
  ERROR_SERVER_STARTING,
  ERROR_UNREGISTERED,
  isSuccess,
  type ResponseHead,
} from './messages/common.js';
import {
  CONFIG_BEING_CHANGED,
  CONFIG_NOT_FOUND,
  CONFIG_QUERY_RESPONSE,
} from './messages/config.js';

/**
 * starting: ask again later. unregistered: this connection needs a new handshake. unsupported: the server has no
 * handler for the request. invalid: the request itself is wrong. forbidden: no right, or no valid login. limited:
 * too many requests. missing, changing: of a config. failed: anything else.
 */
export type FailureKind =
  | 'starting'
  | 'unregistered'
  | 'unsupported'
  | 'invalid'
  | 'forbidden'
  | 'limited'
  | 'missing'
  | 'changing'
  | 'failed';

/** What the answer of class `type` says went wrong; undefined when it is a success. */
export function failureKind(type: string, head: ResponseHead): FailureKind | undefined {
  if (type === ERROR_RESPONSE) return kindOfErrorResponse(head.errorCode);
  if (isSuccess(head)) return undefined;
  if (type === CONFIG_QUERY_RESPONSE) {
    if (head.errorCode === CONFIG_NOT_FOUND) return 'missing';
    if (head.errorCode === CONFIG_BEING_CHANGED && !isParamCheck(head)) return 'changing';
  }
  return kindOfCode(head.errorCode);
}

/** A refused parameter of a config query has the code of a config being changed; its text alone is different. */
function isParamCheck(head: ResponseHead): boolean {
  return head.message.startsWith('Param check invalid');
}

function kindOfErrorResponse(errorCode: number): FailureKind {
  switch (errorCode) {
    case ERROR_SERVER_STARTING:
      return 'starting';
    case ERROR_UNREGISTERED:
      return 'unregistered';
    case ERROR_NO_HANDLER:
      return 'unsupported';
    default:
      return kindOfCode(errorCode);
  }
}

function kindOfCode(errorCode: number): FailureKind {
  switch (errorCode) {
    case ERROR_INVALID_PARAM:
      return 'invalid';
    case ERROR_FORBIDDEN:
      return 'forbidden';
    case ERROR_OVER_THRESHOLD:
      return 'limited';
    case ERROR_CLIENT_DISCONNECTED:
      return 'unregistered';
    default:
      return 'failed';
  }
}

/**
 * Owns what every request and response has in common, and the codes of failures. Used by the session, the
 * naming client and the dev server. Source: docs/protocol.md#responses (Nacos `Request`, `Response`, `NacosException`).
 */
import { readNumber, readString, type JsonObject } from '../json.js';

/** Success and failure of `resultCode`. */
export const RESULT_SUCCESS = 200;
export const RESULT_FAIL = 500;

/** `errorCode` values that change what a client does next. 300 and 400 have a second meaning by response type. */
export const ERROR_SERVER_STARTING = 300;
export const ERROR_UNREGISTERED = 301;
export const ERROR_NO_HANDLER = 302;
export const ERROR_INVALID_PARAM = 400;
export const ERROR_FORBIDDEN = 403;
export const ERROR_BAD_GATEWAY = 502;
export const ERROR_OVER_THRESHOLD = 503;
export const ERROR_CLIENT_DISCONNECTED = -401;

/** The answer to anything that failed before or outside its handler. */
export const ERROR_RESPONSE = 'ErrorResponse';

export interface ResponseHead {
  readonly resultCode: number;
  readonly errorCode: number;
  readonly message: string;
  readonly requestId: string;
}

/** `success` is not read: r-nacos leaves it out (docs/protocol.md#trap-19). */
export function readResponseHead(body: JsonObject): ResponseHead {
  return {
    resultCode: readNumber(body, 'resultCode', RESULT_SUCCESS),
    errorCode: readNumber(body, 'errorCode', 0),
    message: readString(body, 'message'),
    requestId: readString(body, 'requestId'),
  };
}

export function isSuccess(head: ResponseHead): boolean {
  return head.resultCode === RESULT_SUCCESS;
}

/** The three flags which peers judge success by, always in agreement (docs/protocol.md#trap-24). */
export function successBody(extra: JsonObject = {}): JsonObject {
  return { resultCode: RESULT_SUCCESS, errorCode: 0, success: true, ...extra };
}

export function failureBody(
  errorCode: number,
  message: string,
  extra: JsonObject = {},
): JsonObject {
  return { resultCode: RESULT_FAIL, errorCode, message, success: false, ...extra };
}

/**
 * Owns what HTTP/2 headers and trailers say about a gRPC call. Used by the transport. Nacos answers every request with status 0
 * and tells failures in the message (docs/protocol.md#trap-1), so anything else is a broken call: a proxy, a wrong port,
 * a server that is going down.
 */
import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

const HTTP_OK = 200;
const GRPC_OK = '0';
const GRPC_TYPE = 'application/grpc';
/** The text goes into errors and logs: one line, and not a page. */
const MAX_TEXT_LENGTH = 500;

/** Why the head of a response is the end of the call; undefined when messages may follow. */
export function failureOfHead(headers: Head): Error | undefined {
  if (headers[':status'] !== HTTP_OK) {
    return new Error(`HTTP status ${String(headers[':status'])}, so this is no gRPC port`);
  }
  if (hasStatus(headers)) return failureOfTrailers(headers);
  const type = headers['content-type'] ?? GRPC_TYPE;
  if (type.startsWith(GRPC_TYPE)) return undefined;
  return new Error(`the answer is ${oneLine(type)}, so this is no gRPC port`);
}

/** An answer without a message carries its status in the head. */
export function hasStatus(headers: Head): boolean {
  return headers['grpc-status'] !== undefined;
}

/** undefined for success. */
export function failureOfTrailers(trailers: IncomingHttpHeaders): Error | undefined {
  const status = trailers['grpc-status'];
  if (status === GRPC_OK) return undefined;
  if (typeof status !== 'string') return new Error('the answer has no gRPC status');
  return new Error(oneLine(`gRPC status ${status} ${messageOf(trailers)}`));
}

function messageOf(trailers: IncomingHttpHeaders): string {
  const text = trailers['grpc-message'];
  if (typeof text !== 'string') return '';
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded as it should be: as it is, it still tells more than nothing.
    return text;
  }
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, MAX_TEXT_LENGTH)
    .trimEnd();
}

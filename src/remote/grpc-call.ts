/**
 * Owns one unary call on an HTTP/2 stream: one message out, one message and a status in. Used by the transport, which owns
 * the bounds. It settles exactly once, whatever order the events of the stream come in.
 */
import { constants, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';

import { asError } from '../util/deferred.js';
import { FrameReader } from './grpc-frames.js';
import { failureOfHead, failureOfTrailers, hasStatus } from './grpc-status.js';

export interface UnaryCall {
  /** Gives the call up; it never settles after that. */
  cancel(): void;
}

/** Exactly one of the two: the bytes of the reply, or why there is none. */
export type Settle = (reply: Buffer | undefined, failure: Error | undefined) => void;

export function startCall(stream: ClientHttp2Stream, framed: Buffer, settle: Settle): UnaryCall {
  const reader = new FrameReader();
  let reply: Buffer | undefined;
  let ended: { readonly failure: Error | undefined } | undefined;
  let isOver = false;

  const finish = (failure: Error | undefined): void => {
    if (isOver) return;
    isOver = true;
    if (failure === undefined && reply === undefined) settle(undefined, new Error('no message'));
    else if (failure === undefined) settle(reply, undefined);
    else settle(undefined, failure);
  };
  const giveUp = (failure: Error): void => {
    finish(failure);
    stream.close(constants.NGHTTP2_CANCEL);
  };
  stream.on('response', (headers) => {
    const failure = failureOfHead(headers);
    if (failure !== undefined) giveUp(failure);
    else if (hasStatus(headers)) ended = { failure: undefined };
  });
  stream.on('data', (chunk: Buffer) => {
    if (isOver) return;
    try {
      for (const message of reader.push(chunk)) reply = message;
    } catch (error) {
      giveUp(asError(error));
    }
  });
  stream.on('trailers', (trailers: IncomingHttpHeaders) => {
    ended = { failure: failureOfTrailers(trailers) };
  });
  // Comes after the trailers. Without them, or with a request that the server did not want to hear to its end, our side of
  // the stream would stay open for as long as the server likes.
  stream.on('end', () => {
    if (ended !== undefined) finish(ended.failure);
    if (ended === undefined || !stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('error', (error: Error) => finish(error));
  // The last of every stream, and the only one of some.
  stream.on('close', () => {
    finish(ended === undefined ? new Error('the stream ended without a status') : ended.failure);
  });
  stream.end(framed);
  return {
    cancel() {
      isOver = true;
      stream.close(constants.NGHTTP2_CANCEL);
    },
  };
}

/**
 * Owns gRPC's framing on an HTTP/2 stream: one byte for compression, four for the length, then the message. Used by the
 * transport, one reader per stream. A message that is not whole yet is kept as chunks and joined once, never chunk by
 * chunk: a message of 9 MiB comes in hundreds of them.
 */
import { ProtocolError } from '../errors.js';

/** What Nacos' own client and server allow (`DefaultGrpcClientConfig`: 10 MiB), with room for the headers. */
export const MAX_MESSAGE_BYTES = 11 * 1024 * 1024;
const HEAD_BYTES = 5;
const NONE: readonly Buffer[] = [];

export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEAD_BYTES + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEAD_BYTES);
  return framed;
}

export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;
  /** Bytes needed before it is worth looking again. */
  #wanted = HEAD_BYTES;

  /** The messages which are whole now, in order. @throws ProtocolError for one that is compressed or too long. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size < this.#wanted) return NONE;
    const [first = chunk] = this.#chunks;
    let rest = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#size);
    const whole: Buffer[] = [];
    for (;;) {
      this.#wanted = HEAD_BYTES + (rest.length < HEAD_BYTES ? 0 : lengthOf(rest));
      if (rest.length < HEAD_BYTES || rest.length < this.#wanted) break;
      whole.push(rest.subarray(HEAD_BYTES, this.#wanted));
      rest = rest.subarray(this.#wanted);
    }
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#size = rest.length;
    return whole;
  }
}

function lengthOf(framed: Buffer): number {
  if (framed[0] !== 0) {
    const what = framed[0] === 1 ? 'it is compressed, which was not offered' : 'no gRPC frame';
    throw new ProtocolError('MALFORMED_MESSAGE', `not a Nacos message: ${what}`);
  }
  const length = framed.readUInt32BE(1);
  if (length > MAX_MESSAGE_BYTES) {
    throw new ProtocolError(
      'MALFORMED_MESSAGE',
      `not a Nacos message: ${String(length)} bytes, more than ${String(MAX_MESSAGE_BYTES)}`,
    );
  }
  return length;
}

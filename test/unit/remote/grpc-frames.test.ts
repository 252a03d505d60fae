import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { ProtocolError } from '../../../src/errors.js';
import { FrameReader, frameMessage, MAX_MESSAGE_BYTES } from '../../../src/remote/grpc-frames.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** `bytes` in pieces that end at `cuts`. */
function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  let from = 0;
  return ends
    .sort((a, b) => a - b)
    .map((end) => {
      const piece = bytes.subarray(from, end);
      from = end;
      return piece;
    });
}

function readAll(pieces: readonly Buffer[]): string[] {
  const reader = new FrameReader();
  return pieces.flatMap((piece) => reader.push(piece)).map((message) => message.toString('hex'));
}

describe('the frame reader', () => {
  it('gives the same messages however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 }),
        fc.array(fc.nat(), { maxLength: 60 }),
        (messages, cuts) => {
          const bytes = Buffer.concat(messages.map(frameMessage));
          expect(readAll(split(bytes, cuts))).toEqual(
            messages.map((message) => Buffer.from(message).toString('hex')),
          );
        },
      ),
    );
  });

  it('reads byte by byte', () => {
    const messages = ['', 'a', 'long enough to be split', ''].map((text) => Buffer.from(text));
    const pieces = [...Buffer.concat(messages.map(frameMessage))].map((byte) =>
      Buffer.from([byte]),
    );
    expect(readAll(pieces)).toEqual(messages.map((message) => message.toString('hex')));
  });

  it('joins 9 MiB once, whatever comes before and after it', () => {
    const big = Buffer.alloc(9 * 1024 * 1024, 'b');
    const bytes = Buffer.concat([
      frameMessage(Buffer.from('a')),
      frameMessage(big),
      frameMessage(Buffer.from('c')),
    ]);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 16_384) pieces.push(bytes.subarray(at, at + 16_384));
    const concat = vi.spyOn(Buffer, 'concat');
    const reader = new FrameReader();
    const messages = pieces.flatMap((piece) => reader.push(piece));
    const joined = concat.mock.results.reduce(
      (sum, { value }) => sum + (value instanceof Buffer ? value.length : 0),
      0,
    );
    expect(messages.map((message) => message.length)).toEqual([1, big.length, 1]);
    expect(messages[1]?.equals(big)).toBe(true);
    expect(joined).toBeLessThan(big.length + 2 * 16_384);
  });

  it('waits for the rest of a head', () => {
    const reader = new FrameReader();
    const bytes = frameMessage(Buffer.from('whole'));
    expect(reader.push(bytes.subarray(0, 4))).toEqual([]);
    expect(reader.push(bytes.subarray(4, 5))).toEqual([]);
    expect(reader.push(Buffer.alloc(0))).toEqual([]);
    expect(String(reader.push(bytes.subarray(5))[0])).toBe('whole');
  });

  it('takes the longest message and refuses one byte more, before any of it has come', () => {
    const head = (length: number): Buffer => {
      const bytes = Buffer.alloc(5);
      bytes.writeUInt32BE(length, 1);
      return bytes;
    };
    expect(new FrameReader().push(head(MAX_MESSAGE_BYTES))).toEqual([]);
    for (const length of [MAX_MESSAGE_BYTES + 1, 0xffff_ffff]) {
      expect(() => new FrameReader().push(head(length))).toThrow(ProtocolError);
      expect(() => new FrameReader().push(head(length))).toThrow(String(length));
    }
  });

  it.each([
    [1, /it is compressed, which was not offered/],
    [2, /no gRPC frame/],
    ['<'.charCodeAt(0), /no gRPC frame/],
  ])('refuses a message with the flag %i', (flag, why) => {
    const bytes = frameMessage(Buffer.from('text'));
    bytes[0] = flag;
    expect(() => new FrameReader().push(bytes)).toThrow(why);
    // Also as the second one of a piece.
    const both = Buffer.concat([frameMessage(Buffer.from('good')), bytes]);
    expect(() => new FrameReader().push(both)).toThrow(ProtocolError);
  });
});

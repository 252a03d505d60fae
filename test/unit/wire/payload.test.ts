import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ProtocolError } from '../../../src/errors.js';
import { decodePayload, encodePayload, type Payload } from '../../../src/wire/payload.js';
import { oracleDecode, oracleEncode, type OracleMessage } from './oracle.js';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    '\uFEFFmarked',
    '__proto__',
    'constructor',
    'x'.repeat(128),
    '汉'.repeat(6000),
  ),
);
const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(127, 128, 16_383, 16_384).map((length) => new Uint8Array(length).fill(7)),
);
const anyPayload: fc.Arbitrary<Payload> = fc.record({
  type: anyText,
  headers: fc.dictionary(anyText, anyText, { maxKeys: 5 }),
  clientIp: anyText,
  body: anyBody,
});

/** Compared as lists, since `__proto__` may be one of the names. */
function facts(message: Payload | OracleMessage): unknown {
  return {
    type: message.type,
    headers: Object.entries(message.headers).sort(([a], [b]) => (a < b ? -1 : 1)),
    clientIp: message.clientIp,
    body: Buffer.from(message.body).toString('base64'),
  };
}

/** What decoding these bytes leads to: their facts, or the code of the error. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return facts(decodePayload(bytes));
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

const varint = (value: bigint): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
};

describe('payload codec against protobuf-es', () => {
  it('writes what protobuf-es reads, byte for byte as it would write it', () => {
    fc.assert(
      fc.property(anyPayload, (payload) => {
        const ours = encodePayload(payload);
        expect(facts(oracleDecode(ours))).toEqual(facts(payload));
        expect(ours.equals(oracleEncode(payload))).toBe(true);
      }),
    );
  });

  it('reads what protobuf-es writes, with or without a type_url', () => {
    fc.assert(
      fc.property(anyPayload, anyText, (payload, typeUrl) => {
        expect(facts(decodePayload(oracleEncode(payload, typeUrl)))).toEqual(facts(payload));
      }),
    );
  });

  it('trap 1: leaves type_url empty, the JSON is the value of the Any as it is', () => {
    const body = new TextEncoder().encode('{"a":1}');
    const read = oracleDecode(encodePayload({ type: 'T', headers: {}, clientIp: '', body }));
    expect(read.typeUrl).toBe('');
    expect(new TextDecoder().decode(read.body)).toBe('{"a":1}');
  });

  it('replaces lone surrogates, which UTF-8 cannot hold', () => {
    const broken = 'a\uD800b';
    const bytes = encodePayload({ type: broken, headers: {}, clientIp: '', body: Buffer.of() });
    expect(oracleDecode(bytes).type).toBe('a\uFFFDb');
  });

  it('carries 10 MiB', () => {
    const body = new Uint8Array(10 * 1024 * 1024).fill(0x61);
    const payload = { type: 'ConfigQueryResponse', headers: {}, clientIp: '', body };
    const bytes = encodePayload(payload);
    expect(bytes.equals(oracleEncode(payload))).toBe(true);
    expect(Buffer.from(decodePayload(bytes).body).equals(body)).toBe(true);
  });

  it('gives bytes which share no memory with other messages', () => {
    const bytes = encodePayload({ type: 'T', headers: {}, clientIp: '', body: Buffer.of(1) });
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});

type Record_ =
  | { readonly kind: 'text'; readonly no: number; readonly value: string }
  | { readonly kind: 'bytes'; readonly no: number; readonly value: Uint8Array }
  | { readonly kind: 'message'; readonly no: number; readonly fields: readonly Record_[] }
  | { readonly kind: 'varint'; readonly no: number; readonly value: bigint }
  | { readonly kind: 'fixed32' | 'fixed64'; readonly no: number }
  | { readonly kind: 'group'; readonly no: number; readonly fields: readonly Record_[] };

/** Field numbers that none of Nacos' messages uses. */
const unknownNo = fc.constantFrom(4, 5, 6, 9, 15, 16, 2047, 2048, 536_870_911);
const unknownLeaf: fc.Arbitrary<Record_> = fc.oneof(
  fc.record({ kind: fc.constant('varint'), no: unknownNo, value: fc.bigInt(0n, 2n ** 64n - 1n) }),
  fc.record({ kind: fc.constantFrom('fixed32', 'fixed64'), no: unknownNo }),
  fc.record({ kind: fc.constant('bytes'), no: unknownNo, value: fc.uint8Array({ maxLength: 20 }) }),
);
const unknownField: fc.Arbitrary<Record_> = fc.oneof(
  unknownLeaf,
  fc.record({
    kind: fc.constant('group'),
    no: unknownNo,
    fields: fc.array(
      fc.oneof(
        unknownLeaf,
        fc.record({
          kind: fc.constant('group'),
          no: unknownNo,
          fields: fc.array(unknownLeaf, { maxLength: 2 }),
        }),
      ),
      { maxLength: 3 },
    ),
  }),
);
const textField = (no: number): fc.Arbitrary<Record_> =>
  fc.record({ kind: fc.constant('text'), no: fc.constant(no), value: fc.string() });
const messageField = (no: number, ...of: fc.Arbitrary<Record_>[]): fc.Arbitrary<Record_> =>
  fc.record({
    kind: fc.constant('message'),
    no: fc.constant(no),
    fields: fc.array(fc.oneof(...of, unknownField), { maxLength: 6 }),
  });
/** Any order, repeated fields, missing fields, unknown fields: everything a valid message may be. */
const anyWireMessage = fc.array(
  fc.oneof(
    messageField(2, textField(3), textField(8), messageField(7, textField(1), textField(2))),
    messageField(
      3,
      textField(1),
      fc.record({ kind: fc.constant('bytes'), no: fc.constant(2), value: fc.uint8Array() }),
    ),
    unknownField,
  ),
  { maxLength: 6 },
);

function write(records: readonly Record_[], writer = new BinaryWriter()): BinaryWriter {
  for (const each of records) {
    switch (each.kind) {
      case 'text':
        writer.tag(each.no, WireType.LengthDelimited).string(each.value);
        break;
      case 'bytes':
        writer.tag(each.no, WireType.LengthDelimited).bytes(each.value);
        break;
      case 'message':
        writer.tag(each.no, WireType.LengthDelimited).fork();
        write(each.fields, writer).join();
        break;
      case 'varint':
        writer.tag(each.no, WireType.Varint).uint64(each.value);
        break;
      case 'fixed32':
        writer.tag(each.no, WireType.Bit32).fixed32(1);
        break;
      case 'fixed64':
        writer.tag(each.no, WireType.Bit64).fixed64(1);
        break;
      case 'group':
        writer.tag(each.no, WireType.StartGroup);
        write(each.fields, writer).tag(each.no, WireType.EndGroup);
    }
  }
  return writer;
}

describe('payload decoder on messages of other writers', () => {
  it('agrees with protobuf-es: unknown fields, groups, any order, repeated fields', () => {
    fc.assert(
      fc.property(anyWireMessage, (records) => {
        const bytes = write(records).finish();
        expect(facts(decodePayload(bytes))).toEqual(facts(oracleDecode(bytes)));
      }),
      { numRuns: 500 },
    );
  });

  it('merges a message field that comes twice; the last scalar and the last header win', () => {
    const header = (key: string, value: string): Record_ => ({
      kind: 'message',
      no: 7,
      fields: [
        { kind: 'text', no: 1, value: key },
        { kind: 'text', no: 2, value },
      ],
    });
    const bytes = write([
      { kind: 'message', no: 2, fields: [{ kind: 'text', no: 3, value: 'A' }, header('k', '1')] },
      { kind: 'message', no: 3, fields: [{ kind: 'bytes', no: 2, value: Buffer.from('old') }] },
      { kind: 'message', no: 2, fields: [{ kind: 'text', no: 3, value: 'B' }, header('k', '2')] },
      { kind: 'message', no: 2, fields: [header('other', '3')] },
      { kind: 'message', no: 3, fields: [{ kind: 'bytes', no: 2, value: Buffer.from('new') }] },
    ]).finish();
    const payload = decodePayload(bytes);
    expect(payload.type).toBe('B');
    expect({ ...payload.headers }).toEqual({ k: '2', other: '3' });
    expect(Buffer.from(payload.body).toString()).toBe('new');
    expect(facts(payload)).toEqual(facts(oracleDecode(bytes)));
  });

  it('reads no bytes as a message with nothing in it', () => {
    const payload = decodePayload(new Uint8Array(0));
    expect(facts(payload)).toEqual(facts(oracleDecode(new Uint8Array(0))));
  });

  it('takes a header named __proto__ as a header', () => {
    const headers = Object.fromEntries([['__proto__', 'evil']]);
    const payload = decodePayload(
      oracleEncode({ type: 'T', headers, clientIp: '', body: Buffer.of() }),
    );
    expect(Object.entries(payload.headers)).toEqual([['__proto__', 'evil']]);
    expect(Object.hasOwn(Object.prototype, 'evil')).toBe(false);
    expect(encodePayload(payload).equals(oracleEncode(payload))).toBe(true);
  });

  it('treats a known field number with another wire type as an unknown field', () => {
    const bytes = Buffer.of((2 << 3) | 0, 5, (3 << 3) | 5, 1, 2, 3, 4);
    expect(decodePayload(bytes).type).toBe('');
  });
});

describe('payload decoder on bytes that are no message', () => {
  const valid = encodePayload({
    type: 'InstanceRequest',
    headers: { app: 'demo', '': '' },
    clientIp: '10.0.0.1',
    body: new Uint8Array(200),
  });

  it('throws nothing but ProtocolError on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        outcome(bytes);
      }),
      { numRuns: 2000 },
    );
    expect(outcome(Buffer.of(0xff))).toBe('MALFORMED_MESSAGE');
  });

  it('throws nothing but ProtocolError when single bytes are changed', () => {
    fc.assert(
      fc.property(fc.nat(valid.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(valid);
        changed[at] = byte;
        outcome(changed);
      }),
      { numRuns: 2000 },
    );
    expect(outcome(valid)).toEqual(facts(oracleDecode(valid)));
  });

  it('refuses every truncation which protobuf-es refuses, and reads the others like it', () => {
    for (let length = 0; length < valid.length; length += 1) {
      const cut = valid.subarray(0, length);
      let expected: unknown;
      try {
        expected = facts(oracleDecode(cut));
      } catch {
        // Whatever protobuf-es throws: what counts is that it does not read these bytes.
        expected = 'MALFORMED_MESSAGE';
      }
      expect(outcome(cut)).toEqual(expected);
    }
  });

  it.each([
    ['a length of 2^31', [0x12, ...varint(2n ** 31n)]],
    ['a length of 2^32 + 1', [0x12, ...varint(2n ** 32n + 1n), 0]],
    ['a length of 2^53 + 1', [0x12, ...varint(2n ** 53n + 1n), 0]],
    ['a length of 2^64 - 1', [0x12, ...varint(2n ** 64n - 1n), 0]],
    ['an unknown field of 2^63 bytes', [0x22, ...varint(2n ** 63n)]],
    ['an inner length that leaves its message', [0x12, 2, 0x1a, 5, 97, 97, 97, 97, 97]],
    ['a number of eleven bytes', [0x20, ...new Array<number>(10).fill(0x80), 1]],
    ['a number without an end', [0x20, 0x80]],
    ['a tag of more than 32 bits', [...varint(2n ** 32n + 18n), 0]],
    ['field number 0', [0x02, 0]],
    ['wire type 6', [0x26]],
    ['wire type 7', [0x27]],
    ['the end of a group that was not open', [0x24]],
    ['a group without an end', [0x23, 0x08, 1]],
    ['a group that another one ends', [0x23, 0x2c]],
    ['a fixed32 that is cut off', [0x25, 1, 2, 3]],
    ['a fixed64 that is cut off', [0x21, 1, 2, 3]],
    ['a group that leaves its message', [0x12, 1, 0x23, 0x24]],
    ['a type that is not UTF-8', [0x12, 3, 0x1a, 1, 0xff]],
    ['a header name that is not UTF-8', [0x12, 5, 0x3a, 3, 0x0a, 1, 0xc0]],
    ['100000 groups in each other', new Array<number>(100_000).fill(0x23)],
  ])('refuses %s', (_what, bytes) => {
    expect(outcome(Uint8Array.from(bytes))).toBe('MALFORMED_MESSAGE');
  });

  it('skips 64-bit numbers and numbers with needless bytes', () => {
    const bytes = Uint8Array.from([
      ...[0x20, ...varint(2n ** 64n - 1n)],
      ...[0x20, 0x81, 0x80, 0x80, 0],
      ...[0x12, 0x83, 0x80, 0, 0x1a, 1, 0x41],
    ]);
    expect(decodePayload(bytes).type).toBe('A');
    expect(oracleDecode(bytes).type).toBe('A');
  });

  it('reads groups as deep as protobuf-es does', () => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.from([
        ...new Array<number>(depth).fill(0x23),
        ...new Array<number>(depth).fill(0x24),
      ]);
    expect(outcome(nested(100))).toEqual(facts(oracleDecode(new Uint8Array(0))));
    expect(outcome(nested(101))).toBe('MALFORMED_MESSAGE');
  });
});

/**
 * Owns the three protobuf messages of Nacos' gRPC service (Payload, Metadata, Any) as bytes. Called by the
 * transport and by the dev server; pure, no I/O. It never looks into the JSON that a body carries.
 * Field numbers: `nacos_grpc_service.proto` of Nacos; see docs/protocol.md#payload.
 */
import { ProtocolError } from '../errors.js';

/** One message of either direction. */
export interface Payload {
  /** Simple class name of the JSON body, like `InstanceRequest`. */
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The sender's own idea of its address; may be empty. */
  readonly clientIp: string;
  /** UTF-8 JSON. */
  readonly body: Uint8Array;
}

const PAYLOAD_METADATA = (2 << 3) | 2;
const PAYLOAD_BODY = (3 << 3) | 2;
const METADATA_TYPE = (3 << 3) | 2;
const METADATA_HEADERS = (7 << 3) | 2;
const METADATA_CLIENT_IP = (8 << 3) | 2;
const ENTRY_KEY = (1 << 3) | 2;
const ENTRY_VALUE = (2 << 3) | 2;
const ANY_VALUE = (2 << 3) | 2;

/** Largest tag protobuf allows: a field number of 29 bits and 3 bits of wire type. */
const MAX_TAG = 0xffff_ffff;
const GROUP_START = 3;
const GROUP_END = 4;
/** How deep groups of unknown fields may nest: the limit which protobuf's own readers have. */
const MAX_GROUP_DEPTH = 100;

// A leading U+FEFF belongs to the text of a protobuf string; it is no byte order mark there.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The message as bytes, in an ArrayBuffer of its own: nothing of other messages lies beside it. */
export function encodePayload(payload: Payload): Buffer<ArrayBuffer> {
  const headers = Object.entries(payload.headers);
  let metadataSize = textSize(payload.type) + textSize(payload.clientIp);
  for (const [key, value] of headers) metadataSize += blockSize(entrySize(key, value));
  const bodySize = payload.body.length === 0 ? 0 : blockSize(payload.body.length);
  const out = Buffer.allocUnsafeSlow(blockSize(metadataSize) + blockSize(bodySize));

  let at = putLength(out, 0, PAYLOAD_METADATA, metadataSize);
  at = putText(out, at, METADATA_TYPE, payload.type);
  for (const [key, value] of headers) {
    at = putLength(out, at, METADATA_HEADERS, entrySize(key, value));
    at = putText(out, at, ENTRY_KEY, key);
    at = putText(out, at, ENTRY_VALUE, value);
  }
  at = putText(out, at, METADATA_CLIENT_IP, payload.clientIp);
  at = putLength(out, at, PAYLOAD_BODY, bodySize);
  if (payload.body.length > 0) {
    at = putLength(out, at, ANY_VALUE, payload.body.length);
    out.set(payload.body, at);
  }
  return out;
}

/** A payload while it is read: a later occurrence of a field replaces an earlier one. */
interface Fields {
  type: string;
  readonly headers: Record<string, string>;
  clientIp: string;
  body: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Reads as protobuf demands: unknown fields are skipped, a message field that comes again is merged into the
 * first, the last value of a scalar wins. `body` is a view into `bytes`, not a copy.
 * @throws ProtocolError MALFORMED_MESSAGE for anything that is no Payload.
 */
export function decodePayload(bytes: Uint8Array): Payload {
  const reader = new Reader(bytes);
  // Header names come from the peer: no prototype, so that none of them can mean anything else.
  const headers = Object.create(null) as Record<string, string>;
  const into: Fields = { type: '', headers, clientIp: '', body: NO_BYTES };
  while (reader.at < bytes.length) {
    const tag = reader.tag();
    if (tag === PAYLOAD_METADATA) readMetadata(reader, into);
    else if (tag === PAYLOAD_BODY) readAny(reader, into);
    else reader.skip(tag);
  }
  return into;
}

function readMetadata(reader: Reader, into: Fields): void {
  const outer = reader.enter();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === METADATA_TYPE) into.type = reader.text();
    else if (tag === METADATA_CLIENT_IP) into.clientIp = reader.text();
    else if (tag === METADATA_HEADERS) readEntry(reader, into);
    else reader.skip(tag);
  }
  reader.end = outer;
}
function readEntry(reader: Reader, into: Fields): void {
  const outer = reader.enter();
  let key = '';
  let value = '';
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ENTRY_KEY) key = reader.text();
    else if (tag === ENTRY_VALUE) value = reader.text();
    else reader.skip(tag);
  }
  reader.end = outer;
  into.headers[key] = value;
}
function readAny(reader: Reader, into: Fields): void {
  const outer = reader.enter();
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag === ANY_VALUE) into.body = reader.bytes();
    else reader.skip(tag);
  }
  reader.end = outer;
}

/** A cursor over protobuf wire format that never reads past the block it is in. */
class Reader {
  readonly #bytes: Uint8Array;
  at = 0;
  end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.end = bytes.length;
  }

  /** Goes into a block; returns the end of the one around it. */
  enter(): number {
    const outer = this.end;
    this.end = this.block();
    return outer;
  }

  /** Reads a length and returns where the block ends. */
  block(): number {
    const length = this.#varint();
    const end = this.at + length;
    if (end > this.end) throw malformed('a field is longer than its message');
    return end;
  }

  bytes(): Uint8Array {
    const end = this.block();
    const part = this.#bytes.subarray(this.at, end);
    this.at = end;
    return part;
  }

  text(): string {
    try {
      return decoder.decode(this.bytes());
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      throw malformed('a string is not UTF-8', error);
    }
  }

  /** Steps over the value of a field that this reader has no use for. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#advance(8);
        return;
      case 2:
        this.at = this.block();
        return;
      case GROUP_START:
        this.#skipGroup(tag, depth + 1);
        return;
      case 5:
        this.#advance(4);
        return;
      default:
        throw malformed(`wire type ${String(tag & 7)}`);
    }
  }

  /** Groups are long deprecated and no Nacos message has one, but they are still legal as unknown fields. */
  #skipGroup(start: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw malformed('groups are nested too deep');
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) !== GROUP_END) this.skip(tag, depth);
      else if (tag >>> 3 === start >>> 3) return;
      else throw malformed('a group ends which was not open');
    }
  }

  tag(): number {
    const tag = this.#varint();
    if (tag > MAX_TAG) throw malformed('a field number has more than 29 bits');
    if (tag >>> 3 === 0) throw malformed('field number 0');
    return tag;
  }

  #advance(count: number): void {
    if (this.at + count > this.end) throw malformed('a field is cut off');
    this.at += count;
  }

  /** Up to 64 bits. Exact up to 2^53; larger ones are never used: as a tag or a length they are refused. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i += 1) {
      const byte = this.at < this.end ? this.#bytes[this.at] : undefined;
      if (byte === undefined) throw malformed('a number is cut off');
      this.at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed('a number has more than ten bytes');
  }
}

function malformed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('MALFORMED_MESSAGE', `not a Nacos message: ${what}`, { cause });
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

function blockSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Size of a string field; proto3 leaves empty ones out. */
function textSize(text: string): number {
  return text === '' ? 0 : blockSize(Buffer.byteLength(text));
}

function entrySize(key: string, value: string): number {
  return blockSize(Buffer.byteLength(key)) + blockSize(Buffer.byteLength(value));
}

function putLength(out: Buffer, start: number, tag: number, length: number): number {
  let at = start;
  out[at++] = tag;
  let rest = length;
  while (rest >= 128) {
    out[at++] = (rest % 128) + 128;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}

function putText(out: Buffer, start: number, tag: number, text: string): number {
  if (text === '' && tag !== ENTRY_KEY && tag !== ENTRY_VALUE) return start;
  const at = putLength(out, start, tag, Buffer.byteLength(text));
  return at + out.write(text, at);
}

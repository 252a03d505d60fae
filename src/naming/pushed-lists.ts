/**
 * Owns reading the lists that Nacos pushes. For each change of one instance it sends the list of all, so of a long list the bytes are kept, and what comes
 * again is not parsed again: it is the same object (`list-rows.ts`). Used by the subscriptions, which say when a service is followed no more.
 * What it does not understand is parsed as any other message.
 */
import { groupedName, type ServiceRef } from '../model.js';
import { readJsonPush, type ReadPush } from '../remote/push.js';
import { isJsonObject, readString, textOf, type JsonObject } from '../wire/json.js';
import { readServiceInfo, type ServiceInfo } from '../wire/messages/naming.js';
import { NO_ROWS, readRows, type Rows } from './list-rows.js';

/** Of a shorter message, to keep it costs more than to parse it. Some forty instances. */
const MIN_BYTES = 16 * 1024;
const BEGIN = '"hosts":[';
/** Stands for the rows, to see that it is the list of the service which was cut out. */
const PLACEHOLDER = 'rows';
/** The last row's end and the list's: whatever comes after them has no list. */
const END = '}]';

export class PushedLists {
  /** By `group@@name`. */
  readonly #known = new Map<string, Rows>();

  /** @throws ProtocolError MALFORMED_MESSAGE */
  read(bytes: Uint8Array, type: string): ReadPush<ServiceInfo | undefined> {
    const long = bytes.length < MIN_BYTES ? undefined : this.#readLong(bytes);
    if (long !== undefined) return long;
    const { requestId, body } = readJsonPush(bytes, type);
    const info = readServiceInfo(body);
    // What is kept is older than this, and may be much longer.
    if (info !== undefined) this.forget(info.service);
    return { requestId, body: info };
  }

  forget(service: ServiceRef): void {
    this.#known.delete(groupedName(service));
  }

  clear(): void {
    this.#known.clear();
  }

  /** undefined: it has to be parsed as a whole. */
  #readLong(body: Uint8Array): ReadPush<ServiceInfo> | undefined {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const begin = bytes.indexOf(BEGIN);
    const end = bytes.lastIndexOf(END) + 1;
    const from = begin + BEGIN.length;
    if (begin < 0 || end <= from) return undefined;
    const frame = parseFrame(bytes.subarray(0, from), bytes.subarray(end));
    const info = frame === undefined ? undefined : readServiceInfo(frame);
    if (frame === undefined || info === undefined) return undefined;
    const key = groupedName(info.service);
    const rows = readRows(bytes.subarray(from, end), this.#known.get(key) ?? NO_ROWS);
    if (rows === undefined) return undefined;
    this.#known.set(key, rows);
    return { requestId: readString(frame, 'requestId'), body: { ...info, hosts: rows.instances } };
  }
}

/** The message without its rows; undefined when they are not what was cut out of it. */
function parseFrame(head: Buffer, tail: Buffer): JsonObject | undefined {
  try {
    const frame: unknown = JSON.parse(`${textOf(head)}"${PLACEHOLDER}"${textOf(tail)}`);
    return isJsonObject(frame) && isPlaceheld(frame['serviceInfo']) ? frame : undefined;
  } catch {
    return undefined;
  }
}

function isPlaceheld(info: unknown): boolean {
  const hosts = isJsonObject(info) ? info['hosts'] : undefined;
  return Array.isArray(hosts) && hosts.length === 1 && hosts[0] === PLACEHOLDER;
}

/**
 * Owns reading the rows of a list of instances, a JSON object each, beside those of the list before: a row of the same bytes is the same instance, and is
 * not parsed. Called by `pushed-lists.ts`. Pure. Where the bytes are not as it takes them to be it gives up, and the caller parses the whole.
 *
 * Lists keep their order but for a few rows (Nacos has them in a hash set by content). So a row is looked for behind the one that was found before, in
 * runs that double; keys of rows, which would have to be made for each, are not needed.
 */
import type { Instance } from '../model.js';
import { isJsonObject, textOf, type JsonObject } from '../wire/json.js';
import { readInstance } from '../wire/messages/naming.js';

/** Rows as they came, and what was read of them. */
export interface Rows {
  /** `{..},{..},{..}` */
  readonly bytes: Buffer;
  /** Where each row begins; one more for where the next would. */
  readonly starts: readonly number[];
  readonly instances: readonly Instance[];
}

export const NO_ROWS: Rows = { bytes: Buffer.alloc(0), starts: [0], instances: [] };

const QUOTE = 34;
const COMMA = 44;
const BRACE = 123;
/** Of a list in another order each row would be looked for in vain. */
const MAX_MISSES = 64;
/** So many neighbours may have gone, or be others now. */
const LOOK_AHEAD = 8;

/** undefined: it gives up. */
export function readRows(bytes: Buffer, former: Rows): Rows | undefined {
  const border = borderOf(bytes);
  if (border === undefined) return undefined;
  try {
    return new RowReader(bytes, border, former).read();
  } catch {
    // Not JSON, most likely: parsed as a whole it is said so.
    return undefined;
  }
}

/** Between rows, with the first key of a row: `},{"instanceId":`. With its bare quote it can be in no JSON string. */
function borderOf(bytes: Buffer): Buffer | undefined {
  const keyEnd = bytes.indexOf('":');
  if (keyEnd < 0 || bytes[0] !== BRACE || bytes[1] !== QUOTE) return undefined;
  return Buffer.concat([Buffer.from('},'), bytes.subarray(0, keyEnd + 2)]);
}

class RowReader {
  readonly #bytes: Buffer;
  readonly #border: Buffer;
  readonly #former: Rows;
  readonly #starts: number[] = [];
  readonly #instances: Instance[] = [];
  /** Where the next row begins. */
  #at = 0;
  /** The former row that is expected there. */
  #expected = 0;
  /** Rows from here on have to be parsed. */
  #newFrom = 0;
  #newCount = 0;
  #misses = 0;

  constructor(bytes: Buffer, border: Buffer, former: Rows) {
    this.#bytes = bytes;
    this.#border = border;
    this.#former = former;
  }

  /** @throws SyntaxError, TypeError */
  read(): Rows | undefined {
    const { length } = this.#bytes;
    while (this.#at < length) {
      const count = this.#findKnown();
      if (count === 0) this.#stepOver();
      else if (!this.#parseNew() || !this.#takeKnown(count)) return undefined;
    }
    // Right behind where another comma would be; nowhere else does the last row end.
    if (!this.#parseNew() || this.#at !== length + 1) return undefined;
    this.#starts.push(this.#at);
    return { bytes: this.#bytes, starts: this.#starts, instances: this.#instances };
  }

  /** How many rows from here on are known, in the place where they are expected or a little further: what is between has gone, or is another now. */
  #findKnown(): number {
    if (this.#misses > MAX_MISSES) return 0;
    for (let skipped = 0; skipped <= LOOK_AHEAD; skipped += 1) {
      const count = this.#countSame(this.#expected + skipped);
      if (count === 0) continue;
      this.#expected += skipped;
      return count;
    }
    this.#misses += 1;
    return 0;
  }

  /** How many rows are the same as the former ones from `first` on. */
  #countSame(first: number): number {
    const most = this.#former.instances.length - first;
    let count = 0;
    let step = 1;
    while (step > 0) {
      const isSame = count + step <= most && this.#isSame(first, count, step);
      if (isSame) count += step;
      step = isSame ? step * 2 : step >> 1;
    }
    return count;
  }

  /** `step` rows more, behind `count` that are. Without the comma after them, which the last row of a list lacks. */
  #isSame(first: number, count: number, step: number): boolean {
    const { bytes, starts } = this.#former;
    const origin = starts[first] ?? 0;
    const from = starts[first + count] ?? 0;
    const to = (starts[first + count + step] ?? 0) - 1;
    const at = this.#at + from - origin;
    const end = at + to - from;
    return end <= this.#bytes.length && this.#bytes.compare(bytes, from, to, at, end) === 0;
  }

  /** False when something else than another row follows. */
  #takeKnown(count: number): boolean {
    const { starts, instances } = this.#former;
    const shift = this.#at - (starts[this.#expected] ?? 0);
    for (let left = count; left > 0; left -= 1, this.#expected += 1) {
      const instance = instances[this.#expected];
      const start = starts[this.#expected];
      if (instance === undefined || start === undefined) return false;
      this.#instances.push(instance);
      this.#starts.push(start + shift);
    }
    this.#at = (starts[this.#expected] ?? 0) + shift;
    this.#newFrom = this.#at;
    const end = this.#at - 1;
    return end === this.#bytes.length || this.#bytes[end] === COMMA;
  }

  /** A row that is not known. */
  #stepOver(): void {
    const border = this.#bytes.indexOf(this.#border, this.#at);
    this.#starts.push(this.#at);
    this.#newCount += 1;
    // Behind the brace there is a comma, or would be one.
    this.#at = border < 0 ? this.#bytes.length + 1 : border + 2;
  }

  /** False when these are not as many rows as it took them for. @throws SyntaxError, TypeError */
  #parseNew(): boolean {
    if (this.#newCount === 0) return true;
    // Decoding would drop a byte order mark.
    if (this.#bytes[this.#newFrom] !== BRACE) return false;
    const text = textOf(this.#bytes.subarray(this.#newFrom, this.#at - 1));
    const rows: unknown = JSON.parse(`[${text}]`);
    if (!Array.isArray(rows) || rows.length !== this.#newCount) return false;
    this.#newCount = 0;
    return rows.every((row: unknown) => {
      if (!isFlatRow(row)) return false;
      this.#instances.push(readInstance(row));
      return true;
    });
  }
}

/** With nothing but metadata inside no border can stand within a row: so where their number is right, each is one between rows. */
function isFlatRow(row: unknown): row is JsonObject {
  if (!isJsonObject(row)) return false;
  for (const key in row) {
    const value = row[key];
    if (isScalar(value)) continue;
    if (!isJsonObject(value)) return false;
    for (const inner in value) if (!isScalar(value[inner])) return false;
  }
  return true;
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

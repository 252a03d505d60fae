/**
 * Owns the reading of JSON with places, which `JSON.parse` does not tell. Called by `file.ts` for nacos.json and for a
 * package.json that has a `nacos` key. Strict JSON, but for a byte order mark in front.
 */
import {
  FileSyntaxError,
  MAX_DEPTH,
  type FileEntry,
  type FileNode,
  type Place,
} from './file-tree.js';

/** @throws FileSyntaxError */
export function parseJsonTree(text: string): FileNode {
  const reader = new JsonReader(text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text);
  return reader.document();
}

const SPACE = /[ \t\r\n]*/y;
// eslint-disable-next-line no-control-regex -- JSON allows no control characters in strings
const STRING = /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

class JsonReader {
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): FileNode {
    const node = this.#value(0);
    this.#match(SPACE);
    if (this.#offset < this.#text.length) throw this.#unexpected();
    return node;
  }

  #value(depth: number): FileNode {
    this.#match(SPACE);
    const place = this.#place();
    if (depth > MAX_DEPTH) throw new FileSyntaxError('nested too deep', place);
    if (this.#take('{')) return { kind: 'map', place, entries: this.#entries(depth) };
    if (this.#take('[')) return { kind: 'list', place, items: this.#items(depth) };
    if (this.#text[this.#offset] === '"') return { kind: 'scalar', place, text: this.#string() };
    const word = this.#match(WORD);
    if (word === undefined) throw this.#unexpected();
    return { kind: 'scalar', place, text: word === 'null' ? null : word };
  }

  #entries(depth: number): readonly FileEntry[] {
    const entries: FileEntry[] = [];
    if (this.#take('}')) return entries;
    do {
      this.#match(SPACE);
      const place = this.#place();
      const key = this.#string();
      if (!this.#take(':')) throw this.#unexpected();
      entries.push({ key, place, value: this.#value(depth + 1) });
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#unexpected();
    return entries;
  }

  #items(depth: number): readonly FileNode[] {
    const items: FileNode[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) throw this.#unexpected();
    return items;
  }

  #string(): string {
    const quoted = this.#match(STRING);
    if (quoted === undefined) throw this.#unexpected();
    return String(JSON.parse(quoted));
  }

  #take(sign: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#offset] !== sign) return false;
    this.#offset += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const found = pattern.exec(this.#text)?.[0];
    this.#offset += found?.length ?? 0;
    return found;
  }

  /** Places are asked for in the order of the text, so the count of lines goes on from the last one. */
  #place(): Place {
    let next = this.#text.indexOf('\n', this.#lineStart);
    while (next !== -1 && next < this.#offset) {
      this.#line += 1;
      this.#lineStart = next + 1;
      next = this.#text.indexOf('\n', this.#lineStart);
    }
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  #unexpected(): FileSyntaxError {
    const sign = this.#text[this.#offset];
    return new FileSyntaxError(
      sign === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(sign)}`,
      this.#place(),
    );
  }
}

/**
 * Owns which option file of the working directory counts and what its keys mean. Called by `load.ts`. The first of
 * nacos.yaml, nacos.yml, nacos.json, or else the key `nacos` of package.json. Areas stand at the root or under
 * `nacos`; keys may be snake_case or camelCase. It checks names only; values are checked by `validate.ts`.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '../errors.js';
import type { SpringEntry } from './borrowed.js';
import { FileSyntaxError, type FileEntry, type FileNode, type Place } from './file-tree.js';
import { oneLine, unknownName, type Given } from './given.js';
import { parseJsonTree } from './json-tree.js';
import { ALL_ROWS, camelCase, fileKey, splitPath, type OptionRow } from './schema.js';
import { parseYamlTree } from './yaml-tree.js';

export interface FileLayer {
  readonly given: readonly Given[];
  /** Keys of Spring, which borrowed.ts reads. */
  readonly spring: readonly SpringEntry[];
  readonly notices: readonly string[];
}

const FILE_NAMES = ['nacos.yaml', 'nacos.yml', 'nacos.json'];
const PACKAGE_FILE = 'package.json';
const ROOT_KEY = 'nacos';
const SPRING_KEY = 'spring';

/** @throws ConfigError UNREADABLE_FILE, UNKNOWN_OPTION, INVALID_OPTION */
export function readOptionFile(cwd: string): FileLayer {
  const found = FILE_NAMES.flatMap((name) => {
    const text = readIfThere(path.join(cwd, name), name);
    return text === undefined ? [] : [{ name, text }];
  });
  const [first, ...others] = found;
  if (first === undefined) return readPackageFile(cwd);
  const notices = others.map(({ name }) => `${name} is ignored because ${first.name} is there`);
  const tree = parse(first.name, first.text);
  return { ...new KeyReader(first.name).readFile(tree), notices };
}

/** A content of the same shape from elsewhere, with rows that may change at run time only. @throws ConfigError */
export function readLiveText(text: string, name: string): readonly Given[] {
  const isJson = name.endsWith('.json') || text.trimStart().startsWith('{');
  const { given, spring } = new KeyReader(name).readFile(parse(name, text, isJson));
  const [first] = spring;
  if (first !== undefined) {
    throw unknownName('key', { written: first.name, place: first.place }, []);
  }
  for (const { row, place } of given) {
    if (row.live === true) continue;
    const live = ALL_ROWS.filter((each) => each.live === true).map(fileKey);
    throw new ConfigError(
      'INVALID_OPTION',
      `${fileKey(row)} (${place}) cannot change at run time; what can: ${live.join(', ')}`,
      { details: { option: row.path, place } },
    );
  }
  return given;
}

function readPackageFile(cwd: string): FileLayer {
  const nothing = { given: [], spring: [], notices: [] };
  const text = readIfThere(path.join(cwd, PACKAGE_FILE), PACKAGE_FILE);
  // Not ours to complain about a package.json that does not mention us.
  if (text === undefined || !text.includes(`"${ROOT_KEY}"`)) return nothing;
  const tree = parse(PACKAGE_FILE, text);
  const own =
    tree.kind === 'map' ? tree.entries.find((entry) => entry.key === ROOT_KEY) : undefined;
  if (own === undefined) return nothing;
  return { ...new KeyReader(PACKAGE_FILE).readNacos(own), notices: [] };
}

function readIfThere(file: string, name: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    // ENOTDIR: the working directory is gone or odd; there is no file either way.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError('UNREADABLE_FILE', `${name} cannot be read: ${code}`, { cause: error });
  }
}

function parse(name: string, text: string, isJson = name.endsWith('.json')): FileNode {
  try {
    return isJson ? parseJsonTree(text) : parseYamlTree(text);
  } catch (error) {
    if (!(error instanceof FileSyntaxError)) throw error;
    throw new ConfigError(
      'UNREADABLE_FILE',
      `${at(name, error.place)}: not valid ${isJson ? 'JSON' : 'YAML'}: ${oneLine(error.message)}`,
      { cause: error },
    );
  }
}

/** The rows of each area by their key in camelCase; '' holds those directly under `nacos`. */
const AREAS = new Map<string, Map<string, OptionRow>>();
for (const row of ALL_ROWS) {
  const [area, key] = splitPath(row.path);
  const rows = AREAS.get(area) ?? new Map<string, OptionRow>();
  AREAS.set(area, rows.set(camelCase(key), row));
}

const AREA_NAMES = [ROOT_KEY, ...[...AREAS.keys()].filter((area) => area !== '')];

/** Walks one file and collects what it gives. */
class KeyReader {
  readonly #name: string;
  readonly #given = new Map<string, Given>();
  readonly #spring: SpringEntry[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  readFile(tree: FileNode): Omit<FileLayer, 'notices'> {
    for (const entry of this.#mapOf(tree, 'the file', 'areas like nacos and service')) {
      if (entry.key === ROOT_KEY) this.readNacos(entry);
      else if (entry.key.split('.', 1)[0] === SPRING_KEY) this.#readSpring(entry, entry.key);
      else if (!this.#readArea(entry)) throw this.#unknown(entry, '');
    }
    return this.#layer();
  }

  readNacos(nacos: FileEntry): Omit<FileLayer, 'notices'> {
    for (const entry of this.#mapOf(nacos.value, ROOT_KEY, 'server, namespace and areas')) {
      const row = AREAS.get('')?.get(camelCase(entry.key));
      if (row !== undefined) this.#give(row, entry);
      else if (!this.#readArea(entry)) throw this.#unknown(entry, `${ROOT_KEY}.`);
    }
    return this.#layer();
  }

  #layer(): Omit<FileLayer, 'notices'> {
    return { given: [...this.#given.values()], spring: this.#spring };
  }

  /** Each map too, since some keys of Spring hold one. */
  #readSpring({ value, place }: FileEntry, name: string): void {
    this.#spring.push({
      name,
      raw: toRaw(value, false),
      origin: `${this.#name}:${String(place.line)}`,
      place: at(this.#name, value.place),
    });
    if (value.kind !== 'map') return;
    for (const entry of value.entries) this.#readSpring(entry, `${name}.${entry.key}`);
  }

  /** False when there is no such area. */
  #readArea(area: FileEntry): boolean {
    const rows = area.key === '' ? undefined : AREAS.get(area.key);
    if (rows === undefined) return false;
    const keys = [...rows.values()].map((row) => splitPath(row.path)[1]).join(', ');
    for (const entry of this.#mapOf(area.value, area.key, keys)) {
      const row = rows.get(camelCase(entry.key));
      if (row === undefined) throw this.#unknown(entry, `${area.key}.`);
      this.#give(row, entry);
    }
    return true;
  }

  #give(row: OptionRow, entry: FileEntry): void {
    const raw = toRaw(entry.value, row.kind === 'metadata');
    if (raw === null) return;
    const place = at(this.#name, entry.value.place);
    const earlier = this.#given.get(row.path);
    if (earlier !== undefined) {
      throw new ConfigError(
        'INVALID_OPTION',
        `${row.path} is given twice: ${earlier.place} and ${place}`,
        { details: { option: row.path } },
      );
    }
    const origin = `${this.#name}:${String(entry.value.place.line)}`;
    this.#given.set(row.path, { row, raw, origin, place });
  }

  #mapOf(node: FileNode, what: string, keys: string): readonly FileEntry[] {
    if (node.kind === 'map') return node.entries;
    if (node.kind === 'scalar' && node.text === null) return [];
    const shown = node.kind === 'list' ? 'a list' : `"${oneLine(node.text ?? '')}"`;
    throw new ConfigError(
      'INVALID_OPTION',
      `${what} = ${shown} (${at(this.#name, node.place)}): must be a map with ${keys}`,
    );
  }

  #unknown(entry: FileEntry, prefix: string): ConfigError {
    const name = { written: `${prefix}${entry.key}`, place: at(this.#name, entry.place) };
    const keys = ALL_ROWS.map(fileKey);
    // `port` or `nacos.port`: the key alone says what was meant, it only stands in the wrong place.
    const misplaced = keys.filter((key) => key.endsWith(`.${entry.key}`));
    if (misplaced.length === 1)
      return unknownName('key', name, [], `did you mean ${misplaced.join()}?`);
    const known = prefix === '' ? AREA_NAMES : keys.filter((key) => key.startsWith(prefix));
    return unknownName('key', name, [...keys, ...AREA_NAMES], `known are ${known.join(', ')}`);
  }
}

/** Texts, lists of texts and maps of texts; anything deeper is left for `validate.ts` to refuse. null: nothing. */
function toRaw(node: FileNode, emptyIsText: boolean): unknown {
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return node.items.map((item) => toRaw(item, emptyIsText));
  return Object.fromEntries(
    node.entries.map(({ key, value }) => {
      const raw = toRaw(value, emptyIsText);
      return [key, raw === null && emptyIsText ? '' : raw];
    }),
  );
}

function at(name: string, place: Place): string {
  return `${name}:${String(place.line)}:${String(place.column)}`;
}

/**
 * Owns the formats of a content and how one becomes a tree of settings. Called for each content of each source. The parser of a format is loaded with the
 * first content that needs it. An error names the place and never quotes the content, which may hold secrets.
 */
import { FileSyntaxError } from '../../options/file-tree.js';
import { parseJsonTree } from '../../options/json-tree.js';
import { formatKey, parseKey } from '../key-path.js';
import { activeDocuments } from '../profiles.js';
import { buildTree, mergeTrees, TreeError, type BuiltTree } from '../tree.js';
import { ContentError } from './content-error.js';
import { parseProperties } from './properties.js';

/** How a content is read. */
export type SettingsFormat = 'yaml' | 'json' | 'properties' | 'toml' | 'text';
export const FORMATS: readonly SettingsFormat[] = ['yaml', 'json', 'properties', 'toml', 'text'];

const BY_ENDING: Readonly<Record<string, SettingsFormat>> = {
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  properties: 'properties',
  toml: 'toml',
  txt: 'text',
  text: 'text',
};

/** By the ending of a data id or file, whatever its case; undefined: it says nothing. */
export function formatOfName(name: string): SettingsFormat | undefined {
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
}

/** As Nacos names the type of a content, when that says more than that it is a text. */
export function formatOfType(type: string): SettingsFormat | undefined {
  const format = formatOfName(`.${type}`);
  return format === 'text' ? undefined : format;
}

export interface ReadContent {
  readonly format: SettingsFormat;
  /** Everything goes below this key. A text needs one; others need one when they are no map. */
  readonly key: string | undefined;
  readonly profiles: readonly string[];
}

/** @throws ContentError */
export async function readContent(text: string, how: ReadContent): Promise<BuiltTree> {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  try {
    const documents = (await parse(content, how.format)).map((raw) => build(raw, how));
    const active = activeDocuments(
      documents.map(({ tree }) => tree),
      how.profiles,
    );
    return { tree: mergeTrees(active), unsafe: documents.flatMap(({ unsafe }) => unsafe) };
  } catch (error) {
    if (error instanceof TreeError) throw new ContentError(error.message, { cause: error });
    throw error;
  }
}

async function parse(text: string, format: SettingsFormat): Promise<readonly unknown[]> {
  switch (format) {
    case 'yaml':
      return (await import('./yaml.js')).parseYaml(text);
    case 'toml':
      return [(await import('./toml.js')).parseToml(text)];
    case 'json':
      return [parseJson(text)];
    case 'properties':
      return parseProperties(text);
    case 'text':
      return [text];
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not kept as the cause: its message quotes the text.
    throw new ContentError(`not valid JSON${placeOfMistake(text)}`);
  }
}

function placeOfMistake(text: string): string {
  try {
    parseJsonTree(text);
  } catch (error) {
    if (error instanceof FileSyntaxError) {
      return ` at line ${String(error.place.line)}, column ${String(error.place.column)}`;
    }
  }
  return '';
}

function build(raw: unknown, { key, format }: ReadContent): BuiltTree {
  const isMap = typeof raw === 'object' && raw !== null && !Array.isArray(raw);
  if (key === undefined) {
    if (raw === null || raw === undefined) return { tree: {}, unsafe: [] };
    if (isMap) return buildTree(raw as Readonly<Record<string, unknown>>);
    throw new ContentError(`${format} content is ${kindOf(raw)}, not a map: give it a key`);
  }
  const path = parseKey(key);
  if (path === undefined) throw new ContentError(`"${key}" is no key`);
  return buildTree({ [formatKey(path)]: raw });
}

function kindOf(raw: unknown): string {
  return Array.isArray(raw) ? 'a list' : `a ${typeof raw === 'string' ? 'text' : typeof raw}`;
}

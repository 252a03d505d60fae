/**
 * Owns the reading of YAML with places. Called by `file.ts` when a YAML file is there, and only then is the `yaml`
 * package loaded: programs without such a file do not pay for it at start-up. Scalars keep the text of the file.
 */
import { createRequire } from 'node:module';
import type { Pair } from 'yaml';

import {
  FileSyntaxError,
  MAX_DEPTH,
  MAX_NODES,
  type FileEntry,
  type FileNode,
  type Place,
} from './file-tree.js';

type Yaml = typeof import('yaml');

/** @throws FileSyntaxError */
export function parseYamlTree(text: string): FileNode {
  const yaml = createRequire(import.meta.url)('yaml') as Yaml; // a dependency with this name
  const lines = new yaml.LineCounter();
  const place = (offset: number | undefined): Place => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  // Failsafe: no types, so that `1.10` or `on` is what the user wrote.
  const document = yaml.parseDocument(text, {
    lineCounter: lines,
    schema: 'failsafe',
    prettyErrors: false,
    uniqueKeys: false, // told by file.ts, with both places
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const firstLine = error.message.split('\n', 1)[0] ?? '';
    throw new FileSyntaxError(firstLine, place(error.pos[0]));
  }

  let nodes = 0;
  function toNode(node: unknown, depth: number, fallback: Place): FileNode {
    const resolved = yaml.isAlias(node) ? node.resolve(document) : node;
    const here = yaml.isNode(node) ? place(node.range?.[0]) : fallback;
    if (resolved === undefined) throw new FileSyntaxError('an alias without its anchor', here);
    if (depth > MAX_DEPTH) throw new FileSyntaxError('nested too deep', here);
    if (++nodes > MAX_NODES) throw new FileSyntaxError('too many values', here);
    if (yaml.isMap(resolved)) {
      return { kind: 'map', place: here, entries: toEntries(resolved.items, depth, here) };
    }
    if (yaml.isSeq(resolved)) {
      const items = resolved.items.map((item) => toNode(item, depth + 1, here));
      return { kind: 'list', place: here, items };
    }
    return { kind: 'scalar', place: here, text: scalarText(resolved) };
  }

  function toEntries(pairs: readonly Pair[], depth: number, fallback: Place): readonly FileEntry[] {
    const own: FileEntry[] = [];
    const merged: FileEntry[] = [];
    for (const { key: keyNode, value } of pairs) {
      const here = yaml.isNode(keyNode) ? place(keyNode.range?.[0]) : fallback;
      const key = scalarText(keyNode) ?? '';
      const node = toNode(value, depth + 1, here);
      if (key === '<<') merged.push(...mergedEntries(node));
      else own.push({ key, place: here, value: node });
    }
    // What stands in the map itself wins over what is merged into it, and the first merged one over later ones.
    const seen = new Set(own.map((entry) => entry.key));
    for (const entry of merged) {
      if (!seen.has(entry.key)) own.push(entry);
      seen.add(entry.key);
    }
    return own;
  }

  function scalarText(node: unknown): string | null {
    if (!yaml.isScalar(node)) return null;
    const text = String(node.value);
    const plain = node.type === yaml.Scalar.PLAIN;
    return plain && /^(|~|null|Null|NULL)$/.test(text) ? null : text;
  }

  return toNode(document.contents, 0, { line: 1, column: 1 });
}

/** What `<<` brings in: the entries of a map, or of each map of a list. */
function mergedEntries(node: FileNode): readonly FileEntry[] {
  if (node.kind === 'map') return node.entries;
  return node.kind === 'list' ? node.items.flatMap(mergedEntries) : [];
}

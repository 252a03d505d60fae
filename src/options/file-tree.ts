/**
 * Owns the shape into which both kinds of option files are read: every scalar as the text that stands in the file (so
 * `version: 1.10` stays `1.10`), every key and value with its place. Made by `yaml-tree.ts` and `json-tree.ts`, read by
 * `file.ts`.
 */

/** Both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type FileNode =
  | { readonly kind: 'map'; readonly place: Place; readonly entries: readonly FileEntry[] }
  | { readonly kind: 'list'; readonly place: Place; readonly items: readonly FileNode[] }
  /** null: nothing stands there, or the word null. */
  | { readonly kind: 'scalar'; readonly place: Place; readonly text: string | null };

export interface FileEntry {
  readonly key: string;
  readonly place: Place;
  readonly value: FileNode;
}

/** A file that is no YAML or no JSON. Turned into a ConfigError by `file.ts`, which knows its name. */
export class FileSyntaxError extends Error {
  readonly place: Place;

  constructor(message: string, place: Place) {
    super(message);
    this.name = 'FileSyntaxError';
    this.place = place;
  }
}

/** Deeper than any option; a YAML file may refer to itself. */
export const MAX_DEPTH = 16;
/** Far more than any option file has; aliases of aliases multiply. */
export const MAX_NODES = 10_000;

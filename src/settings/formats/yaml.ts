/**
 * Owns the reading of YAML, with several documents in one content. Called by `content.ts`, and only then is the `yaml` package loaded.
 */
import { LineCounter, parseAllDocuments } from 'yaml';

import { ContentError } from './content-error.js';

/** One value for each document. @throws ContentError */
export function parseYaml(text: string): readonly unknown[] {
  const lines = new LineCounter();
  // Pretty errors quote the content.
  const documents = parseAllDocuments(text, {
    merge: true,
    prettyErrors: false,
    lineCounter: lines,
    logLevel: 'silent',
  });
  if ('empty' in documents) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      const { line, col } = lines.linePos(error.pos[0]);
      throw new ContentError(
        `not valid YAML at line ${String(line)}, column ${String(col)} (${error.code.toLowerCase().replaceAll('_', ' ')})`,
      );
    }
    try {
      return document.toJS({ mapAsMap: false, maxAliasCount: 100 }) as unknown;
    } catch {
      // Not kept as the cause: it may quote the content. It is about aliases.
      throw new ContentError('not valid YAML: an alias without its anchor, or too many of them');
    }
  });
}

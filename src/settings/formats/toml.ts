/**
 * Owns the reading of TOML. Called by `content.ts`, and only then is the `smol-toml` package loaded. Dates become texts.
 */
import { parse, TomlError } from 'smol-toml';

import { ContentError } from './content-error.js';

/** @throws ContentError */
export function parseToml(text: string): unknown {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    // Not kept as the cause: it quotes the content.
    if (!(error instanceof TomlError)) throw new ContentError('not valid TOML');
    const { line, column } = error;
    throw new ContentError(`not valid TOML at line ${String(line)}, column ${String(column)}`);
  }
}

/**
 * Owns how a command that has words of its own reads them: its flags, collected by the path of their row, and the words between them.
 * Called by the grammars of `list` and its like, `config` and `doctor`; pure.
 */
import type { CliValues } from '../options/env.js';
import { ALL_ROWS, type FlagRow } from '../options/schema.js';
import { readValue } from '../options/validate.js';
import { matchFlag, unknownFlag, usage, type FlagTable } from './flags.js';

/** Texts of each flag that was given, in order, by the path of its row. */
export type GivenFlags = ReadonlyMap<string, readonly string[]>;

/** @throws ConfigError USAGE, UNKNOWN_OPTION */
export function readWords(
  table: FlagTable,
  command: string,
  words: readonly string[],
): { readonly given: GivenFlags; readonly rest: readonly string[] } {
  const given = new Map<string, string[]>();
  const rest: string[] = [];
  for (let index = 0; index < words.length;) {
    const word = words[index] ?? '';
    const hit = matchFlag(table, words, index);
    if (hit !== undefined) {
      const { path } = hit.row;
      given.set(path, [...(given.get(path) ?? []), hit.text]);
    } else if (word.startsWith('-') && word !== '-') {
      throw unknownFlag(table, word, `nacos-serving help ${command} shows all`);
    } else rest.push(word);
    index += hit?.words ?? 1;
  }
  return { given, rest };
}

/** The checked value of a flag, the last one when it is given twice; else its default. @throws ConfigError USAGE */
export function valueOf(row: FlagRow, given: GivenFlags): unknown {
  const text = given.get(row.path)?.at(-1);
  // The default in the unit of flags, as readValue expects it.
  const raw = text ?? (row.default === undefined ? undefined : String(row.default));
  if (raw === undefined) return undefined;
  const reading = readValue(row, raw, { cwd: '/', fromCode: false });
  if ('value' in reading) return reading.value;
  throw usage(`--${row.flag} = ${JSON.stringify(raw)}: must be ${reading.allowed}`);
}

/** What of the flags is an option of ours, for the loader. `own`: paths of the rows that only the command has. */
export function optionValues(given: GivenFlags, own: ReadonlySet<string>): CliValues {
  return Object.fromEntries(
    [...given]
      .filter(([path]) => !own.has(path))
      .map(([path, texts]) => [path, isMap(path) ? texts : (texts.at(-1) ?? '')]),
  );
}

function isMap(path: string): boolean {
  return ALL_ROWS.some((row) => row.path === path && row.kind === 'metadata');
}

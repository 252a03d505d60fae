/**
 * Owns how one flag is written: `--name value`, `--name=value`, for booleans also `--name` and `--no-name`. Used by
 * `args.ts` with the rows of the command at hand. It knows rows only; values are checked later, all in one place.
 */
import { ConfigError } from '../errors.js';
import { unknownName } from '../options/given.js';
import type { FlagRow } from '../options/schema.js';
import { readValue } from '../options/validate.js';

/** What `run` and `dev` know besides their rows. */
const STANDING_FLAGS = ['--help', '--version'];

export interface FlagHit {
  readonly row: FlagRow;
  readonly text: string;
  /** Words used up: 1 or 2. */
  readonly words: number;
}

/** `--name` -> its row; booleans have a `--no-name` too. */
export type FlagTable = ReadonlyMap<string, { readonly row: FlagRow; readonly negated: boolean }>;

export function flagTable(rows: readonly FlagRow[]): FlagTable {
  const byName = new Map<string, { row: FlagRow; negated: boolean }>();
  for (const row of rows) {
    byName.set(`--${row.flag}`, { row, negated: false });
    if (row.kind === 'boolean') byName.set(`--no-${row.flag}`, { row, negated: true });
  }
  return byName;
}

/** The flag at `words[index]`, or undefined when the word is none of ours. @throws ConfigError USAGE */
export function matchFlag(
  table: FlagTable,
  words: readonly string[],
  index: number,
): FlagHit | undefined {
  const word = words[index] ?? '';
  const equals = word.indexOf('=');
  const name = equals === -1 ? word : word.slice(0, equals);
  const known = table.get(name);
  if (known === undefined) return undefined;
  const { row, negated } = known;
  if (negated) {
    if (equals === -1) return { row, text: 'false', words: 1 };
    throw usage(`${name} takes no value; write --${row.flag}=${word.slice(equals + 1)}`);
  }
  if (equals !== -1) return { row, text: word.slice(equals + 1), words: 1 };
  const next = words[index + 1];
  if (row.kind === 'boolean') {
    // The original writes `--empty-protection false` too; any other word is not a value of ours.
    const given = next === 'true' || next === 'false';
    return { row, text: given ? next : 'true', words: given ? 2 : 1 };
  }
  if (next === undefined || next.startsWith('--')) throw missingValue(row);
  return { row, text: next, words: 2 };
}

export function unknownFlag(table: FlagTable, word: string, hint: string): ConfigError {
  const written = word.split('=', 1)[0] ?? word;
  const hidden = new Set(written.startsWith('--no-') ? [] : negations(table));
  const names = [...table.keys(), ...STANDING_FLAGS].filter((name) => !hidden.has(name));
  return unknownName('flag', { written }, names, hint);
}

function negations(table: FlagTable): readonly string[] {
  return [...table].filter(([, { negated }]) => negated).map(([name]) => name);
}

function missingValue(row: FlagRow): ConfigError {
  const reading = readValue(row, undefined, { cwd: '/', fromCode: false });
  const allowed = 'allowed' in reading ? reading.allowed : 'a value';
  return usage(
    `--${row.flag} needs a value: ${allowed} (--${row.flag}=VALUE when it starts with --)`,
  );
}

export function usage(message: string): ConfigError {
  return new ConfigError('USAGE', message);
}

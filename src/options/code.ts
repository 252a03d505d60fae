/**
 * Owns the reading of options given in code: an object of the shape of OptionsInput, which callers in plain JavaScript
 * may get wrong. Called by `load.ts`. It checks names only; values are checked by `validate.ts`.
 */
import { ConfigError } from '../errors.js';
import { showValue, unknownName, type Given } from './given.js';
import { codeKey, OPTION_ROWS, splitPath, type OptionRow } from './schema.js';

/** `shutdown.timeoutMs` -> its row. */
const ROWS = new Map<string, OptionRow>(
  OPTION_ROWS.map((row) => {
    const [area] = splitPath(row.path);
    return [area === '' ? codeKey(row) : `${area}.${codeKey(row)}`, row];
  }),
);
const AREAS = new Set([...ROWS.keys()].filter((key) => key.includes('.')).map(areaOf));

/** @throws ConfigError UNKNOWN_OPTION, INVALID_OPTION */
export function readCode(code: unknown): readonly Given[] {
  if (code === undefined) return [];
  const given: Given[] = [];
  for (const [key, value] of entriesOf(code, 'options')) {
    if (value === undefined) continue;
    const members = AREAS.has(key)
      ? entriesOf(value, key).map(([member, inner]) => [`${key}.${member}`, inner] as const)
      : [[key, value] as const];
    for (const [name, raw] of members) {
      const row = ROWS.get(name);
      if (row === undefined) {
        throw unknownName('option', { written: name, place: 'code' }, [...ROWS.keys(), ...AREAS]);
      }
      if (raw !== undefined) given.push({ row, raw, origin: 'code', place: 'code', name });
    }
  }
  return given;
}

function entriesOf(value: unknown, what: string): readonly [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value);
  }
  throw new ConfigError(
    'INVALID_OPTION',
    `${what} = ${showValue({}, value)} (code): must be an object`,
  );
}

function areaOf(key: string): string {
  return key.slice(0, key.indexOf('.'));
}

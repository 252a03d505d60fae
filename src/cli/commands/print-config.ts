/**
 * Owns what `--print-config` shows: every option, its value, and where it comes from. Called by `run.ts`, and by `dry-run.ts` for
 * what is not the default; pure. A secret is shown as `***`, whoever gave it.
 */
import { withoutControls } from '../../options/given.js';
import type { LoadedOptions } from '../../options/load.js';
import { ALL_ROWS, codeKey, splitPath, type OptionRow } from '../../options/schema.js';
import { serverText } from '../../options/server-list.js';
import type { ImportedVariable } from '../imported-config.js';

const MS_PER_SECOND = 1000;
const KEY_WIDTH = Math.max(...ALL_ROWS.map(({ path }) => path.length));
const VALUE_WIDTH = 24;
const NOT_GIVEN = 'default';

/** `imported`: the variables of `--import-config`, which are shown behind the options. */
export function printConfig(
  loaded: LoadedOptions,
  form: 'text' | 'json',
  imported: readonly ImportedVariable[] = [],
): string {
  if (form === 'text') {
    const notices = loaded.notices.map((notice) => `note: ${notice}`);
    const options = ALL_ROWS.map((row) => optionLine(loaded, row));
    return `${[...options, ...importedLines(imported), ...notices].join('\n')}\n`;
  }
  const options = Object.fromEntries(
    ALL_ROWS.map((row) => [
      row.path,
      { value: valueOf(loaded, row) ?? null, origin: loaded.origins[row.path] ?? NOT_GIVEN },
    ]),
  );
  const variables = imported.map(({ name, shown, key, source, whyNot }) => ({
    name,
    value: shown,
    key,
    origin: source,
    ...(whyNot === undefined ? {} : { notGiven: whyNot }),
  }));
  const all = { options, ...(imported.length === 0 ? {} : { variables }), notices: loaded.notices };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** The lines of the options that somebody gave. */
export function givenOptions(loaded: LoadedOptions): readonly string[] {
  const given = ALL_ROWS.filter(({ path }) => loaded.origins[path] !== NOT_GIVEN);
  return given.map((row) => optionLine(loaded, row));
}

const WHY_NOT = {
  environment: 'not given: the environment has it',
  'other key': 'not given: another key has the same name as a variable',
  reserved: 'not given: a config must not set this variable',
} as const;

/** The variables that the app gets of `--import-config`, and those that it does not get. */
export function importedLines(imported: readonly ImportedVariable[]): readonly string[] {
  return imported.map(({ name, shown, key, source, whyNot }) => {
    const origin = `${source}, ${key}${whyNot === undefined ? '' : `; ${WHY_NOT[whyNot]}`}`;
    return [name.padEnd(KEY_WIDTH), withoutControls(shown).padEnd(VALUE_WIDTH), origin].join('  ');
  });
}

function optionLine(loaded: LoadedOptions, row: OptionRow): string {
  const value = valueOf(loaded, row);
  const shown = typeof value === 'string' ? value : (JSON.stringify(value) ?? '-');
  return [
    row.path.padEnd(KEY_WIDTH),
    withoutControls(shown).padEnd(VALUE_WIDTH),
    loaded.origins[row.path] ?? NOT_GIVEN,
  ].join('  ');
}

/** As flags and files spell it: seconds, servers as one text. undefined: detected, or nothing. */
function valueOf({ options }: LoadedOptions, row: OptionRow): unknown {
  const [area] = splitPath(row.path);
  const holder: unknown = area === '' ? options : Reflect.get(options, area);
  const value: unknown = Reflect.get(Object(holder) as object, codeKey(row));
  if (row.secret === true) return value === undefined ? undefined : '***';
  if (row.kind === 'seconds' && typeof value === 'number') return value / MS_PER_SECOND;
  if (row.kind === 'address-list') return serverText(options.server);
  return value;
}

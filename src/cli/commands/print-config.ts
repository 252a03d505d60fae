/**
 * Owns what `--print-config` shows: every option, its value, and where it comes from. Called by `run.ts`, and by `dry-run.ts` for
 * what is not the default; pure. A secret is shown as `***`, whoever gave it.
 */
import { withoutControls } from '../../options/given.js';
import type { LoadedOptions } from '../../options/load.js';
import { ALL_ROWS, codeKey, splitPath, type OptionRow } from '../../options/schema.js';
import { serverText } from '../../options/server-list.js';

const MS_PER_SECOND = 1000;
const KEY_WIDTH = Math.max(...ALL_ROWS.map(({ path }) => path.length));
const VALUE_WIDTH = 24;
const NOT_GIVEN = 'default';

export function printConfig(loaded: LoadedOptions, form: 'text' | 'json'): string {
  if (form === 'text') {
    const notices = loaded.notices.map((notice) => `note: ${notice}`);
    return `${[...ALL_ROWS.map((row) => optionLine(loaded, row)), ...notices].join('\n')}\n`;
  }
  const options = Object.fromEntries(
    ALL_ROWS.map((row) => [
      row.path,
      { value: valueOf(loaded, row) ?? null, origin: loaded.origins[row.path] ?? NOT_GIVEN },
    ]),
  );
  return `${JSON.stringify({ options, notices: loaded.notices }, null, 2)}\n`;
}

/** The lines of the options that somebody gave. */
export function givenOptions(loaded: LoadedOptions): readonly string[] {
  const given = ALL_ROWS.filter(({ path }) => loaded.origins[path] !== NOT_GIVEN);
  return given.map((row) => optionLine(loaded, row));
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

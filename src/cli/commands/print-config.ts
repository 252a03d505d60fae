/**
 * Owns what `--print-config` shows: every option, its value, and where it comes from. Called by `run.ts`; pure. A secret is shown as
 * `***`, whoever gave it.
 */
import { showValue } from '../../options/given.js';
import type { LoadedOptions } from '../../options/load.js';
import { ALL_ROWS, codeKey, splitPath, type OptionRow } from '../../options/schema.js';

export function printConfig(loaded: LoadedOptions, form: 'text' | 'json'): string {
  const rows = ALL_ROWS.map((row) => ({
    key: row.path,
    value: valueOf(loaded, row),
    origin: loaded.origins[row.path] ?? 'default',
  }));
  if (form === 'json') {
    const entries = rows.map(({ key, value, origin }) => [key, { value: value ?? null, origin }]);
    return `${JSON.stringify({ options: Object.fromEntries(entries), notices: loaded.notices }, null, 2)}\n`;
  }
  const lines = rows.map(({ key, value, origin }) => {
    const shown = value === undefined ? '(not set)' : textOf(value);
    return `${key.padEnd(34)} ${shown.padEnd(28)} ${origin}`.trimEnd();
  });
  return `${[...lines, ...loaded.notices.map((notice) => `note: ${notice}`)].join('\n')}\n`;
}

function valueOf({ options }: LoadedOptions, row: OptionRow): unknown {
  const [area] = splitPath(row.path);
  const holder: unknown = area === '' ? options : Reflect.get(options, area);
  const value: unknown = Reflect.get(Object(holder) as object, codeKey(row));
  if (row.secret === true) return value === undefined ? undefined : '***';
  if (row.kind === 'seconds' && typeof value === 'number') return value / 1000;
  if (row.kind === 'address-list' && Array.isArray(value)) {
    return value.map((server) => showServer(server)).join(',');
  }
  return value;
}

function showServer(server: unknown): string {
  const { host, port } = Object(server) as { host?: unknown; port?: unknown };
  const name = String(host);
  return `${name.includes(':') ? `[${name}]` : name}:${String(port)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : showValue({}, value);
}

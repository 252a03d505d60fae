/**
 * Owns what the pages of options have in common in every language: the rows of the table and the keys in code.
 * The language is a function that says an English text in it. Called by docs-configuration.ts and docs-configuration-zh.ts. Pure.
 */
import { NETWORKS_ALLOWED } from '../../src/options/networks.js';
import {
  codeKey,
  fileKey,
  OPTION_ROWS,
  splitPath,
  type OptionRow,
} from '../../src/options/schema.js';

/** Gives an English text of the table in the language of the page; MIN and MAX in it stand for numbers. */
export type Say = (english: string) => string;

const ROWS: readonly OptionRow[] = OPTION_ROWS;

/** One line of a Markdown table for each option. */
export function optionLines(say: Say): string {
  return ROWS.map((row) => optionLine(row, say)).join('\n');
}

/** Keys in code, in the order of the table. */
export function codeKeys(): readonly string[] {
  return ROWS.map((row) => {
    const [area] = splitPath(row.path);
    return area === '' ? codeKey(row) : `${area}.${codeKey(row)}`;
  });
}

/** The key in code of an option in seconds, for an example. */
export function timeoutInCode(): string {
  const row = ROWS.find((each) => each.path === 'shutdown.timeout');
  if (row === undefined) throw new RangeError('the example of the page has lost its row');
  return codeKey(row);
}

export function code(text: string): string {
  return `\`${text}\``;
}

function optionLine(row: OptionRow, say: Say): string {
  const doc = say(row.doc);
  return line([
    code(fileKey(row)),
    flags(row),
    code(row.env),
    row.unset === undefined ? defaultText(row, say) : say(row.unset),
    allowedText(row, say),
    row.live === true ? `${doc} ${say('**Live.**')}` : doc,
  ]);
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function flags(row: OptionRow): string {
  const names = row.kind === 'boolean' ? [row.flag, `no-${row.flag}`] : [row.flag];
  return names.map((name) => code(`--${name}`)).join(' ');
}

function defaultText(row: OptionRow, say: Say): string {
  return code(String(row.default)) + (row.kind === 'seconds' ? ` ${say('s')}` : '');
}

function allowedText(row: OptionRow, say: Say): string {
  if (row.choices !== undefined) return row.choices.join(', ');
  switch (row.kind) {
    case 'boolean':
      return 'true, false';
    case 'metadata':
      return range(
        row,
        say(
          '`key=value` per flag, `k=v,k2=v2` in the variable, a map in files; at most MAX characters',
        ),
      );
    case 'address-list':
      return say('see below');
    case 'host':
      return say('IPv4, IPv6 or host name, or auto');
    case 'file':
      return say('a path; a relative one starts at the working directory');
    case 'services':
      return say(
        'names and patterns with commas, or JSON; a map in files and code: group, clusters, instances, address, routes, and most of the rows below',
      );
    case 'list':
      return say(row.networks === true ? NETWORKS_ALLOWED : (row.allowed ?? 'texts'));
    case 'text':
    case 'choice':
      return say(row.allowed ?? 'text');
    default:
      return range(row, say(row.auto === true ? 'MIN to MAX, or auto' : 'MIN to MAX'));
  }
}

function range(row: OptionRow, text: string): string {
  return text.replace('MIN', String(row.min)).replace('MAX', String(row.max));
}

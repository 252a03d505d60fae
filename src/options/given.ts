/**
 * Owns what one layer (file, variable, flag, code) hands to `load.ts`: a value for a row, with where it came from; and
 * the one form of all errors on options. Every message is one line that names key, value, place and what is allowed.
 */
import { ConfigError } from '../errors.js';
import { withoutUser } from './server-list.js';
import { nearestName } from './suggest.js';
import type { FlagRow } from './schema.js';

/** One value as it was given, not checked yet. */
export interface Given {
  readonly row: FlagRow;
  readonly raw: unknown;
  /** `--service-port`, `env NACOS_SERVER`, `nacos.yaml:4`, `code`. */
  readonly origin: string;
  /** The same with the column: `nacos.yaml:4:9`. */
  readonly place: string;
  /** As the giver spells it, where that is not the path of the row. */
  readonly name?: string;
}

const SHOWN_LENGTH = 80;

export function invalidValue(given: Given, allowed: string): ConfigError {
  const { row, raw, place, name = row.path } = given;
  return new ConfigError(
    'INVALID_OPTION',
    `${name} = ${showValue(row, raw)} (${place}): must be ${allowed}`,
    { details: { option: row.path, place, allowed } },
  );
}

/** `what`: "key", "flag"; `name` as the user wrote it; `hint`: what to do when no name is near. */
export function unknownName(
  what: string,
  name: { readonly written: string; readonly place?: string },
  candidates: readonly string[],
  hint?: string,
): ConfigError {
  const nearest = nearestName(name.written, candidates);
  const advice = nearest === undefined ? hint : `did you mean ${nearest}?`;
  const place = name.place === undefined ? '' : ` (${name.place})`;
  return new ConfigError(
    'UNKNOWN_OPTION',
    `unknown ${what} ${oneLine(name.written)}${place}${advice === undefined ? '' : `: ${advice}`}`,
    nearest === undefined ? {} : { details: { nearest } },
  );
}

/** A value for people: short, on one line, and never a secret. */
export function showValue(row: Partial<FlagRow>, raw: unknown): string {
  if (row.secret === true) return '***';
  const text = typeof raw === 'bigint' || typeof raw === 'symbol' ? undefined : toJson(raw);
  const whole = text ?? String(raw);
  // Masked before it is cut: a cut may take the @ away that tells a user name.
  const isAddress = row.kind === 'address-list' || row.path === 'endpoint';
  return oneLine(isAddress ? withoutUser(whole) : whole);
}

function toJson(raw: unknown): string | undefined {
  try {
    const json: unknown = JSON.stringify(raw); // functions and undefined give none
    return typeof json === 'string' ? json : undefined;
  } catch {
    // Circular, or a toJSON that throws: its kind has to do.
    return Object.prototype.toString.call(raw);
  }
}

export function oneLine(text: string): string {
  const line = withoutControls(text);
  return line.length > SHOWN_LENGTH ? `${line.slice(0, SHOWN_LENGTH)}...` : line;
}

/** Control characters are what must not get into a line for people. */
export function withoutControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u001F\u007F-\u009F\u2028\u2029]/g, '?');
}

/**
 * Owns when two spellings mean the same name for a URL, which has no case and writes other scripts in punycode. Used where names are looked for among
 * files; the names of the registry are in `service-index.ts`. Pure.
 */
import { domainToASCII } from 'node:url';

const NON_ASCII = /[^\0-\x7f]/;

/** The same for all spellings of a name. */
export function foldName(name: string): string {
  const lower = name.toLowerCase();
  // '' when the name cannot be in a URL at all.
  const ascii = NON_ASCII.test(lower) ? domainToASCII(lower) : '';
  return ascii === '' ? lower : ascii;
}

/** The value of the exact name, else of the only one with the same folding. */
export function findName<T>(name: string, all: Iterable<readonly [string, T]>): T | undefined {
  const folded = foldName(name);
  const same: T[] = [];
  for (const [known, value] of all) {
    if (known === name) return value;
    if (foldName(known) === folded) same.push(value);
  }
  return same.length === 1 ? same[0] : undefined;
}

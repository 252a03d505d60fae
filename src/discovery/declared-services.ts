/**
 * Owns which services a user has declared, by name or by pattern, and what is set for each. Asked by `discovery.ts` for hosts that are looked at for
 * the first time, and by `make-settings.ts` once per service. A host of a URL has no case, and other scripts are punycode there.
 */
import { domainToASCII } from 'node:url';

const NON_ASCII = /[^\0-\x7f]/;
const SPECIAL = /[\\^$.*+?()[\]{}|/-]/g;
/** Names kept at once; an app may call any number of hosts. */
const MAX_REMEMBERED = 4096;

interface Pattern<T> {
  readonly expression: RegExp;
  readonly value: T;
}

export class DeclaredServices<T> {
  readonly #exact: ReadonlyMap<string, T>;
  readonly #folded: ReadonlyMap<string, T>;
  /** Longest first. */
  readonly #patterns: readonly Pattern<T>[];
  readonly #remembered = new Map<string, T | undefined>();

  constructor(declared: Readonly<Record<string, T>>) {
    const entries = Object.entries(declared);
    const names = entries.filter(([name]) => !name.includes('*'));
    this.#exact = new Map(names);
    // Of two that differ in case only, the first one.
    this.#folded = new Map(names.toReversed().map(([name, value]) => [fold(name), value]));
    this.#patterns = entries
      .filter(([name]) => name.includes('*'))
      .toSorted(([one], [other]) => other.length - one.length)
      .map(([name, value]) => ({ expression: expressionOf(name), value }));
  }

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#patterns.length === 0;
  }

  /** What is set for this name: by itself, else by the longest pattern that it matches; undefined when it is not declared. */
  of(name: string): T | undefined {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    if (this.#remembered.has(name)) return this.#remembered.get(name);
    const found = this.#find(fold(name));
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(name, found);
    return found;
  }

  #find(folded: string): T | undefined {
    const named = this.#folded.get(folded);
    if (named !== undefined) return named;
    return this.#patterns.find(({ expression }) => expression.test(folded))?.value;
  }
}

/** `*` stands for any characters, dots included. */
function expressionOf(pattern: string): RegExp {
  const parts = fold(pattern).split('*');
  return new RegExp(`^${parts.map((part) => part.replace(SPECIAL, '\\$&')).join('.*')}$`, 's');
}

/** The same for all spellings of a name, label by label: `*` may stand in another label. */
function fold(name: string): string {
  const lower = name.toLowerCase();
  if (!NON_ASCII.test(lower)) return lower;
  return lower
    .split('.')
    .map((label) => (NON_ASCII.test(label) ? domainToASCII(label) || label : label))
    .join('.');
}

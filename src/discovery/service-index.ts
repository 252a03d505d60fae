/**
 * Owns which services the registry has, for finding one by a name whose case was lost: a URL gives lower case, Nacos keeps it.
 * Asked by `resolver.ts`. Read page by page at most every `maxAgeMs`, once for all who ask at the same time; an old index stays
 * usable while a new one cannot be had.
 */
import { domainToASCII } from 'node:url';

import type { NamingApi } from '../naming-api.js';
import type { Clock } from '../util/clock.js';
import { asError, waitWithin } from '../util/deferred.js';

/** What a name means. ambiguous: several differ in case only, and none is spelled as asked. */
export type NameMatch =
  | { readonly kind: 'found'; readonly name: string; readonly isExact: boolean }
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  | { readonly kind: 'none' };

export interface ServiceIndexOptions {
  readonly naming: Pick<NamingApi, 'listServices'>;
  readonly clock: Clock;
  readonly group: string;
  readonly maxAgeMs: number;
}

const PAGE_SIZE = 500;
/** Ends a listing that a faulty server would never let end. */
const MAX_PAGES = 400;
/** The most that somebody waits who asks for a hint. */
const HINT_TIMEOUT_MS = 1000;
const NON_ASCII = /[^\0-\x7f]/;

export class ServiceIndex {
  readonly #options: ServiceIndexOptions;
  #exact: ReadonlySet<string> = new Set();
  /** Lower case, and what a URL makes of it -> names as registered. */
  #folded: ReadonlyMap<string, readonly string[]> = new Map();
  #triedAtMs = -Infinity;
  #failure: Error | undefined;
  #loading: Promise<void> | undefined;

  constructor(options: ServiceIndexOptions) {
    this.#options = options;
  }

  /** True when `load` would ask the server. */
  get isStale(): boolean {
    return this.#loading === undefined && this.#options.clock.nowMs() >= this.staleAtMs;
  }

  /** Until when an answer from this index counts. */
  get staleAtMs(): number {
    return this.#triedAtMs + this.#options.maxAgeMs;
  }

  /** Makes the index fresh. @throws what the server's last answer was, when it did not give the list. */
  load(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    if (!this.isStale) {
      return this.#failure === undefined ? Promise.resolve() : Promise.reject(this.#failure);
    }
    this.#loading = this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Forgets that the last reading failed, so that the next `load` asks at once. */
  retry(): void {
    if (this.#failure !== undefined) this.#triedAtMs = -Infinity;
  }

  match(name: string): NameMatch {
    if (this.#exact.has(name)) return { kind: 'found', name, isExact: true };
    const names = this.#folded.get(name.toLowerCase());
    if (names === undefined) return { kind: 'none' };
    const [only] = names;
    return names.length === 1 && only !== undefined
      ? { kind: 'found', name: only, isExact: false }
      : { kind: 'ambiguous', names };
  }

  /** Names that this one may mean, as far as they are known now or within a second; the signal ends the wait. Never rejects. */
  async namesLike(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const { clock } = this.#options;
    const onTimeout = (): Error => new Error('too late');
    try {
      await waitWithin(this.load(), { clock, timeoutMs: HINT_TIMEOUT_MS, signal, onTimeout });
    } catch {
      // What is known from former times has to do.
    }
    const match = this.match(name);
    if (match.kind === 'none') return [];
    return match.kind === 'found' ? [match.name] : match.names;
  }

  async #read(): Promise<void> {
    const { clock } = this.#options;
    try {
      const names = await this.#listAll();
      this.#exact = names;
      this.#folded = fold(names);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = asError(error);
      throw this.#failure;
    } finally {
      this.#triedAtMs = clock.nowMs();
    }
  }

  async #listAll(): Promise<Set<string>> {
    const { naming, group } = this.#options;
    const names = new Set<string>();
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const found = await naming.listServices({
        group,
        page,
        pageSize: PAGE_SIZE,
        // Who waits for a list of instances holds the process, and for no longer.
        holdsProcess: false,
      });
      for (const name of found.names) names.add(name);
      if (found.names.length === 0 || names.size >= found.count) break;
    }
    return names;
  }
}

function fold(names: Iterable<string>): Map<string, string[]> {
  const folded = new Map<string, string[]>();
  const add = (key: string, name: string): void => {
    const same = folded.get(key);
    if (same === undefined) folded.set(key, [name]);
    else if (!same.includes(name)) same.push(name);
  };
  for (const name of names) {
    const lower = name.toLowerCase();
    add(lower, name);
    // A URL turns other scripts into punycode. '' means that the name cannot be in a URL at all.
    const ascii = NON_ASCII.test(lower) ? domainToASCII(lower) : '';
    if (ascii !== '') add(ascii, name);
  }
  return folded;
}

/**
 * Owns what settings of neighbours give to our options: keys of Spring in the option file or as variables, and the variables of EDAS and
 * MSE (borrowed-names.ts). Called by `load.ts`, for which they are the lowest layers: nothing that was written for us gives way to them. They
 * were written for others, so what cannot be used is a notice and never an error.
 */
import {
  ENDPOINT_PORTS,
  SPRING_NAMES,
  VARIABLE_NAMES,
  type BorrowedName,
  type Conversion,
} from './borrowed-names.js';
import type { Environment } from './env.js';
import { oneLine, type Given } from './given.js';
import { ALL_ROWS } from './schema.js';
import type { OptionRow } from './row.js';

/** A key below `spring` in the option file, with dots, as it is spelled there. */
export interface SpringEntry {
  readonly name: string;
  readonly raw: unknown;
  readonly place: string;
  readonly origin: string;
}

export interface BorrowedLayer {
  readonly given: readonly Given[];
  readonly notices: readonly string[];
}

const ROWS = new Map<string, OptionRow>(ALL_ROWS.map((row) => [row.path, row]));
const NACOS_OF_SPRING = /^springcloudnacos/;

/** `server-addr`, `serverAddr` and `SERVER_ADDR` are one key to Spring; so they are here. */
function plain(name: string): string {
  return name.replace(/[._-]/g, '').toLowerCase();
}

const METADATA = plain('spring.cloud.nacos.discovery.metadata');
const METADATA_VARIABLE = /^SPRING_CLOUD_NACOS_DISCOVERY_METADATA_(.+)$/i;
/** Half of a login is worse than none: the other half may be somewhere that is not ours to read. */
const PAIRS = [
  ['username', 'password'],
  ['access_key', 'secret_key'],
] as const;

const SPRING_BY_PLAIN = new Map(SPRING_NAMES.map((each) => [plain(each.name), each]));

/** What variables of neighbours give. */
export function readBorrowedVariables(env: Environment): BorrowedLayer {
  const collected = new Collected(env);
  const spring = new Map(
    Object.keys(env).flatMap((name) => (/^SPRING_/i.test(name) ? [[plain(name), name]] : [])),
  );
  for (const borrowed of SPRING_NAMES) {
    const variable = spring.get(plain(borrowed.name));
    if (variable !== undefined) collected.addVariable(borrowed, variable, env[variable]);
  }
  for (const [name, value] of Object.entries(env)) collected.addMetadata(name, value);
  for (const borrowed of VARIABLE_NAMES) {
    const value = env[borrowed.name] ?? '';
    collected.addVariable(borrowed, borrowed.name, withPort(borrowed.name, value, env));
  }
  return collected.layer();
}

function withPort(name: string, value: string, env: Environment): string {
  const port = env[ENDPOINT_PORTS[name] ?? ''] ?? '';
  return value === '' || port === '' || /:\d+(\/|$)/.test(value) ? value : `${value}:${port}`;
}

/** What keys of Spring in the option file give. */
export function readSpringEntries(
  entries: readonly SpringEntry[],
  env: Environment,
): BorrowedLayer {
  const collected = new Collected(env);
  const rank = new Map(SPRING_NAMES.map((each, index) => [each, index]));
  const found: { borrowed: BorrowedName; entry: SpringEntry }[] = [];
  for (const entry of entries) {
    const key = plain(entry.name);
    const borrowed = SPRING_BY_PLAIN.get(key);
    if (borrowed !== undefined) found.push({ borrowed, entry });
    else if (isLeaf(entry.raw) && NACOS_OF_SPRING.test(key) && !key.startsWith(METADATA)) {
      collected.unknown(entry);
    }
  }
  found.sort((a, b) => (rank.get(a.borrowed) ?? 0) - (rank.get(b.borrowed) ?? 0));
  for (const { borrowed, entry } of found) collected.add(borrowed, entry);
  return collected.layer();
}

class Collected {
  readonly #env: Environment;
  readonly #given = new Map<string, Given>();
  readonly #notices: string[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  addVariable(borrowed: BorrowedName, name: string, value: string | undefined): void {
    if (value === undefined || value === '') return;
    const origin = `env ${name}`;
    this.add(borrowed, { name, raw: value, origin, place: origin });
  }

  add(borrowed: BorrowedName, { name, raw, origin, place }: SpringEntry): void {
    const row = ROWS.get(borrowed.path);
    if (row === undefined || this.#given.has(row.path)) return;
    const value = converted(filled(raw, this.#env), borrowed.convert);
    if (value === undefined || value === null) return;
    this.#given.set(row.path, { row, raw: value, origin, place, name });
  }

  /** `..._METADATA_VERSION` is the key `version`, and `..._METADATA_A_B` is `a.b`, as Spring reads them. */
  addMetadata(name: string, value: string | undefined): void {
    const key = METADATA_VARIABLE.exec(name)?.[1]?.toLowerCase().replaceAll('_', '.');
    const row = ROWS.get('service.metadata');
    if (key === undefined || row === undefined || value === undefined || value === '') return;
    const earlier = this.#given.get(row.path);
    if (earlier !== undefined && !(earlier.raw instanceof Map)) return;
    const raw = new Map(earlier?.raw instanceof Map ? earlier.raw : []).set(key, value);
    const origin = earlier === undefined ? `env ${name}` : `${earlier.origin}, ${name}`;
    this.#given.set(row.path, { row, raw, origin, place: origin, name: row.path });
  }

  unknown({ name, place }: SpringEntry): void {
    this.#notices.push(
      `${oneLine(name)} (${place}) has no counterpart here and is ignored; docs/migration.md says what there is`,
    );
  }

  layer(): BorrowedLayer {
    for (const pair of PAIRS) {
      const [half, other] = pair.map((path) => this.#given.get(path));
      if ((half === undefined) === (other === undefined)) continue;
      const alone = half ?? other;
      if (alone === undefined) continue;
      this.#given.delete(alone.row.path);
      const missing = pair.find((path) => path !== alone.row.path) ?? '';
      this.#notices.push(
        `${alone.name ?? alone.row.path} (${alone.place}) is ignored: there is no ${missing} beside it`,
      );
    }
    return { given: [...this.#given.values()].map(asGiven), notices: this.#notices };
  }
}

function isLeaf(raw: unknown): boolean {
  return typeof raw !== 'object' || raw === null || Array.isArray(raw);
}

function asGiven(given: Given): Given {
  return given.raw instanceof Map ? { ...given, raw: Object.fromEntries(given.raw) } : given;
}

/** Every text of a value through the conversion; lists of Spring may be texts with commas. */
function converted(raw: unknown, convert: Conversion | undefined): unknown {
  if (convert === undefined) return raw;
  if (Array.isArray(raw)) return raw.map((item) => converted(item, convert));
  if (typeof raw !== 'string') return raw;
  if (!raw.includes(',')) return convert(raw);
  return raw.split(',').map((item) => convert(item.trim()));
}

const PLACEHOLDER = /\$\{([^}:]+)(?::([^}]*))?\}/g;

/** `${NACOS_ADDR:127.0.0.1:8848}` as Spring reads it: the variable, else what stands after the first colon. */
function filled(raw: unknown, env: Environment): unknown {
  if (Array.isArray(raw)) return raw.map((item) => filled(item, env));
  if (typeof raw === 'object' && raw !== null) {
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, filled(value, env)]));
  }
  if (typeof raw !== 'string' || !raw.includes('${')) return raw;
  return raw.replace(
    PLACEHOLDER,
    (whole, name: string, otherwise: string | undefined) =>
      env[name] ?? env[name.toUpperCase().replace(/[.-]/g, '_')] ?? otherwise ?? whole,
  );
}

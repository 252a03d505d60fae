/**
 * Owns how options come together: code > command line > variables > file > default. Called by the runtime, the public
 * `loadOptions` and the CLI. Synchronous, and no package is loaded unless a YAML file is there. Every value of every
 * layer is checked, also one that a higher layer hides. It never changes the process and writes nothing.
 */
import { readBorrowedVariables, readSpringEntries } from './borrowed.js';
import {
  cacheHome,
  readCliVariable,
  readEnvironment,
  startedByCli,
  type CliValues,
  type Environment,
} from './env.js';
import { isNacosError } from '../errors.js';
import { readLiveText, readOptionFile } from './file.js';
import { invalidValue, type Given } from './given.js';
import type { LogLevel } from '../logger.js';
import { Secret } from '../util/secret.js';
import { ALL_ROWS, codeKey, splitPath } from './schema.js';
import type { OptionRow, OptionsInput, ResolvedOptions } from './schema.js';
import { readCode } from './code.js';
import { readServices } from './services.js';
import { checkTogether } from './together.js';
import { checkMetadata, readValue, type OptionValue } from './validate.js';

/** What `loadOptions` joins. It reads nothing but these and the option file of `cwd`. */
export interface LoadOptionsInput {
  /** Options given in code; above everything else. */
  readonly code?: OptionsInput;
  /** Flags of this very process; above those that NACOS_SERVING_CLI hands over. */
  readonly cli?: CliValues;
  readonly env: Environment;
  /** The content of the config that `config.watch` names, for options that may change at run time; above the file. */
  readonly live?: { readonly name: string; readonly text: string } | undefined;
  /** Where the option file is looked for, and where a relative `logging.file` starts. */
  readonly cwd: string;
  /** Default of `logging.level`: `info` in a process started by the command line, else `warn`. */
  readonly defaultLevel?: LogLevel;
}

/** The options of a process, each with where it came from. */
export interface LoadedOptions {
  readonly options: ResolvedOptions;
  /** Path of each row -> `--service-port`, `env NACOS_SERVER`, `nacos.yaml:4`, `code` or `default`. */
  readonly origins: Readonly<Record<string, string>>;
  /** For the caller to log once as warnings: what was given but has no effect. */
  readonly notices: readonly string[];
}

/** Reads, checks and joins all layers. @throws ConfigError */
export function loadOptions(input: LoadOptionsInput): LoadedOptions {
  const file = readOptionFile(input.cwd);
  const env = readEnvironment(input.env);
  const live = input.live === undefined ? [] : readLiveText(input.live.text, input.live.name);
  const cli = readCli({ ...readCliVariable(input.env), ...input.cli });
  const springFile = readSpringEntries(file.spring, input.env);
  const borrowed = readBorrowedVariables(input.env);
  const layers = [
    { given: springFile.given, fromCode: false, isBorrowed: true },
    { given: borrowed.given, fromCode: false, isBorrowed: true },
    { given: file.given, fromCode: false },
    { given: live, fromCode: false },
    { given: env.given, fromCode: false },
    { given: cli.given, fromCode: false },
    { given: readCode(input.code), fromCode: true },
  ];
  const settled = new Map<string, Settled>();
  const notices = [
    ...file.notices,
    ...springFile.notices,
    ...borrowed.notices,
    ...env.notices,
    ...cli.notices,
  ];
  for (const { given: all, fromCode, isBorrowed = false } of layers) {
    for (const given of all) {
      const lower = settled.get(given.row.path);
      try {
        const value = check(given, { cwd: input.cwd, fromCode });
        settled.set(given.row.path, join(lower, given, value));
      } catch (error) {
        // Written for a neighbour, who may be right about it: said, and left out.
        if (!isBorrowed || !isNacosError(error)) throw error;
        notices.push(`${error.message}; ignored`);
      }
    }
  }
  checkTogether((path) => settled.get(path)?.given);
  const level = input.defaultLevel ?? (startedByCli(input.env) ? 'info' : 'warn');
  return Object.freeze({
    options: resolve(settled, {
      cwd: input.cwd,
      defaultLevel: level,
      cacheDir: cacheHome(input.env),
    }),
    origins: Object.freeze(originsOf(settled)),
    notices: Object.freeze(notices),
  });
}

/** Checks options of code alone, before anything is done with them. @throws ConfigError */
export function checkCode(code: OptionsInput | undefined): void {
  for (const given of readCode(code)) check(given, { cwd: '.', fromCode: true });
}

interface Settled {
  readonly given: Given;
  readonly value: OptionValue | undefined;
}

const ROW_BY_PATH = new Map<string, OptionRow>(ALL_ROWS.map((row) => [row.path, row]));

function readCli(values: CliValues): { given: readonly Given[]; notices: readonly string[] } {
  const given: Given[] = [];
  const notices: string[] = [];
  for (const [path, raw] of Object.entries(values)) {
    const row = ROW_BY_PATH.get(path);
    // Another version of the command line may know more than this copy of the package.
    if (row === undefined) notices.push(`the flag for ${path} is not known to this version`);
    else given.push({ row, raw, origin: `--${row.flag}`, place: `--${row.flag}` });
  }
  return { given, notices };
}

function check(given: Given, context: { cwd: string; fromCode: boolean }): OptionValue | undefined {
  if (given.row.kind === 'services') return readServices(given, context);
  const reading = readValue(given.row, given.raw, context);
  if ('allowed' in reading) throw invalidValue(given, reading.allowed);
  return reading.value;
}

/** A higher layer replaces a lower one; metadata is joined key by key. */
function join(lower: Settled | undefined, given: Given, value: OptionValue | undefined): Settled {
  if (given.row.kind !== 'metadata' || lower === undefined) return { given, value };
  const joined = { ...asMetadata(lower.value), ...asMetadata(value) };
  const reading = checkMetadata(given.row, joined);
  const origin = `${given.origin}, ${lower.given.origin}`;
  if ('allowed' in reading) throw invalidValue({ ...given, place: origin }, reading.allowed);
  return { given: { ...given, origin }, value: joined };
}

function asMetadata(value: OptionValue | undefined): Readonly<Record<string, string>> {
  // Of a row of that kind, so what it holds are texts.
  return typeof value === 'object' && !isList(value) ? (value as Record<string, string>) : {};
}

function isList(value: object): value is readonly unknown[] {
  return Array.isArray(value);
}

function resolve(
  settled: ReadonlyMap<string, Settled>,
  surroundings: Omit<DefaultContext, 'onRequest'>,
): ResolvedOptions {
  const resolved: Record<string, unknown> = {};
  const onRequest = settled.get('registration.register_on_request')?.value === true;
  for (const row of ALL_ROWS) {
    const found = settled.get(row.path);
    const value =
      found === undefined ? defaultOf(row, { ...surroundings, onRequest }) : found.value;
    const [area] = splitPath(row.path);
    const target = area === '' ? resolved : ((resolved[area] ??= {}) as Record<string, unknown>);
    target[codeKey(row)] =
      row.secret === true && typeof value === 'string' ? new Secret(value) : value;
  }
  // The type is derived from the same rows whose values were checked one by one above.
  return deepFreeze(resolved) as ResolvedOptions;
}

/** What some defaults depend on. */
interface DefaultContext {
  readonly cwd: string;
  readonly defaultLevel: LogLevel;
  readonly cacheDir: string | undefined;
  /** `register_on_request` is on: unless it is given, `register_on_startup` is then off. */
  readonly onRequest: boolean;
}

function defaultOf(row: OptionRow, context: DefaultContext): OptionValue | undefined {
  const { cwd, defaultLevel, onRequest } = context;
  if (row.path === 'logging.level') return defaultLevel;
  if (row.path === 'discovery.cache_dir') return context.cacheDir;
  if (row.path === 'registration.register_on_startup') return !onRequest;
  if (row.kind === 'metadata') return {};
  if (row.kind === 'list') return [];
  if (row.kind === 'services') return {};
  if (row.default === undefined) return undefined;
  const raw = String(row.default);
  const given = { row, raw, origin: 'default', place: 'default' };
  return check(given, { cwd, fromCode: false });
}

function originsOf(settled: ReadonlyMap<string, Settled>): Record<string, string> {
  return Object.fromEntries(
    ALL_ROWS.map(({ path }) => [path, settled.get(path)?.given.origin ?? 'default']),
  );
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

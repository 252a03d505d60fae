/**
 * Owns THE table of our options: one row is one option, and everything else follows from it: the types below, parsing,
 * checking, `--help` and docs/configuration.md. Read by the rest of `options` and by the CLI. It holds data only.
 * A new option is a new row, and a row is here only when something reads its value; what the Python original knows and
 * we do not have yet stands in INERT_ROWS: read and checked, so that its files go on working, but without effect.
 */
import { LOG_LEVELS, type LogLevel } from '../logger.js';
import type { ServerAddress } from './server-list.js';

export type OptionKind =
  | 'text'
  /** An IPv4, an IPv6 (brackets are taken off) or a host name, as others can reach it. */
  | 'host'
  /** A path; relative ones start at the working directory. */
  | 'file'
  | 'port'
  | 'integer'
  | 'number'
  | 'boolean'
  /** Seconds in flags, variables and files; milliseconds in code, under a key that ends in `Ms`. */
  | 'seconds'
  | 'address-list'
  | 'metadata'
  | 'choice';

/** One value as a flag names it; what flags of the command line alone have is here too. */
export interface FlagRow {
  /** Name in errors and origins: `area.key` in snake_case. Without area: a key of `nacos` in files. */
  readonly path: string;
  readonly kind: OptionKind;
  /** In the unit of flags and files. undefined: detected, or nothing; `unset` then says what happens. */
  readonly default: string | number | boolean | undefined;
  readonly unset?: string;
  /** Without the leading `--`. */
  readonly flag: string;
  /** Its value is shown nowhere. */
  readonly secret?: true;
  /** One sentence for `--help` and the docs. */
  readonly doc: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** Other spellings -> the value they stand for; looked up in lower case. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** What a text has to look like, and the same in words. */
  readonly pattern?: RegExp;
  readonly allowed?: string;
  /** The word `auto` means: not given here, and nothing further down counts either. */
  readonly auto?: true;
}

/** One option: it has a variable and a place in files besides its flag. */
export interface OptionRow extends FlagRow {
  readonly env: `NACOS_${string}`;
}

/** A row of INERT_ROWS. */
export interface InertRow extends OptionRow {
  /** This value names what we do anyway, so giving it needs no notice. */
  readonly matches?: string | number | boolean;
}

const SECONDS_PER_HOUR = 3600;

// Patterns: docs/protocol.md#validation, so that what passes here is not refused by the server.
export const OPTION_ROWS = [
  {
    path: 'server',
    kind: 'address-list',
    default: '127.0.0.1:8848',
    env: 'NACOS_SERVER',
    flag: 'nacos-server',
    doc: 'Nacos servers, as host:port,host:port; a host without port means 8848.',
  },
  {
    path: 'namespace',
    kind: 'text',
    default: 'public',
    env: 'NACOS_NAMESPACE',
    flag: 'namespace',
    doc: 'Namespace id. Services of other namespaces are not seen.',
    pattern: /^[\w-]{1,64}$/,
    allowed: '1 to 64 letters, digits, - and _',
    aliases: { '': 'public' },
  },
  {
    path: 'service.name',
    kind: 'text',
    default: undefined,
    unset: 'name of package.json without its scope, else the name of the folder',
    env: 'NACOS_SERVICE_NAME',
    flag: 'service-name',
    doc: 'Name under which this process is registered.',
    pattern: /^(?!@)(?!.*@@)[^\s\u4E00-\u9FA5]{1,512}$/,
    allowed: '1 to 512 characters without white space, CJK characters, "@@" or "@" in front',
  },
  {
    path: 'service.ip',
    kind: 'host',
    default: undefined,
    unset: 'detected',
    env: 'NACOS_SERVICE_IP',
    flag: 'service-ip',
    doc: 'Address under which others reach this process.',
    auto: true,
  },
  {
    path: 'service.port',
    kind: 'port',
    default: undefined,
    unset: 'the port really bound',
    env: 'NACOS_SERVICE_PORT',
    flag: 'service-port',
    doc: 'Port under which others reach this process.',
    min: 1,
    max: 65_535,
    auto: true,
  },
  {
    path: 'service.group',
    kind: 'text',
    default: 'DEFAULT_GROUP',
    env: 'NACOS_SERVICE_GROUP',
    flag: 'service-group',
    doc: 'Group of the service, for registration and for calls by name.',
    pattern: /^[a-zA-Z0-9\-_:.]{1,128}$/,
    allowed: '1 to 128 letters, digits, - _ : and .',
  },
  {
    path: 'service.cluster',
    kind: 'text',
    default: 'DEFAULT',
    env: 'NACOS_SERVICE_CLUSTER',
    flag: 'service-cluster',
    doc: 'Cluster of this instance inside its service.',
    pattern: /^[0-9a-zA-Z-]{1,64}$/,
    allowed: '1 to 64 letters, digits and -',
  },
  {
    path: 'service.weight',
    kind: 'number',
    default: 1,
    env: 'NACOS_SERVICE_WEIGHT',
    flag: 'service-weight',
    doc: 'Share of traffic against the other instances; 0 takes none.',
    min: 0,
    max: 10_000,
  },
  {
    path: 'service.metadata',
    kind: 'metadata',
    default: undefined,
    unset: 'none',
    env: 'NACOS_METADATA',
    flag: 'metadata',
    doc: 'Labels of this instance; repeatable. Layers are joined key by key.',
    max: 1024,
  },
  {
    path: 'registration.auto_register',
    kind: 'boolean',
    default: true,
    env: 'NACOS_AUTO_REGISTER',
    flag: 'auto-register',
    doc: 'Register the server of this process once it listens. Off: calls by name still work.',
  },
  {
    path: 'discovery.empty_protection',
    kind: 'boolean',
    default: true,
    env: 'NACOS_EMPTY_PROTECTION',
    flag: 'empty-protection',
    doc: 'Keep the last usable instances for a while when the server suddenly lists none.',
  },
  {
    path: 'heartbeat.interval',
    kind: 'seconds',
    default: 5,
    env: 'NACOS_HEARTBEAT_INTERVAL',
    flag: 'heartbeat-interval',
    doc: 'Time between two probes of the idle connection to Nacos.',
    min: 1,
    max: 15,
  },
  {
    path: 'heartbeat.timeout',
    kind: 'seconds',
    default: 3,
    env: 'NACOS_HEARTBEAT_TIMEOUT',
    flag: 'heartbeat-timeout',
    doc: 'Time a probe may take before the connection counts as broken.',
    min: 0.5,
    max: 15,
  },
  {
    path: 'shutdown.graceful',
    kind: 'boolean',
    default: true,
    env: 'NACOS_GRACEFUL_SHUTDOWN',
    flag: 'graceful-shutdown',
    doc: 'On SIGTERM and SIGINT: leave the registry first, wait, drain, and end as without us.',
  },
  {
    path: 'shutdown.timeout',
    kind: 'seconds',
    default: 10,
    env: 'NACOS_SHUTDOWN_TIMEOUT',
    flag: 'shutdown-timeout',
    doc: 'Bound of the whole shutdown.',
    min: 0,
    max: SECONDS_PER_HOUR,
  },
  {
    path: 'shutdown.deregister',
    kind: 'boolean',
    default: true,
    env: 'NACOS_DEREGISTER_ON_EXIT',
    flag: 'deregister-on-exit',
    doc: 'Take the instance out at the end. Off: the server drops it when the connection is gone.',
  },
  {
    path: 'shutdown.quiet_time',
    kind: 'seconds',
    default: 1,
    env: 'NACOS_QUIET_TIME',
    flag: 'quiet-time',
    doc: 'Go on serving this long after leaving the registry, until callers know; inside the timeout.',
    min: 0,
    max: SECONDS_PER_HOUR,
  },
  {
    path: 'logging.level',
    kind: 'choice',
    default: 'warn',
    unset: 'info under the command line, else warn',
    env: 'NACOS_LOG_LEVEL',
    flag: 'log-level',
    doc: 'Lowest level that is written.',
    choices: LOG_LEVELS,
    aliases: { warning: 'warn', critical: 'error' },
  },
  {
    path: 'logging.file',
    kind: 'file',
    default: undefined,
    unset: 'stderr',
    env: 'NACOS_LOG_FILE',
    flag: 'log-file',
    doc: 'Append the log to this file.',
  },
] as const satisfies readonly OptionRow[];

/** Keys, flags and variables of the Python original which have no effect here yet. */
export const INERT_ROWS: readonly InertRow[] = [
  {
    path: 'registration.register_on_startup',
    kind: 'boolean',
    default: true,
    matches: true,
    env: 'NACOS_REGISTER_ON_STARTUP',
    flag: 'register-on-startup',
    doc: 'Register as soon as the server listens: what we always do.',
  },
  {
    path: 'registration.register_on_request',
    kind: 'boolean',
    default: false,
    matches: false,
    env: 'NACOS_REGISTER_ON_REQUEST',
    flag: 'register-on-request',
    doc: 'Register with the first request instead.',
  },
  {
    path: 'registration.retry_times',
    kind: 'integer',
    default: 3,
    env: 'NACOS_RETRY_TIMES',
    flag: 'retry-times',
    doc: 'Attempts before a failed registration is reported; we try for ever.',
    min: 0,
    max: 1_000_000,
  },
  {
    path: 'registration.retry_interval',
    kind: 'seconds',
    default: 2,
    env: 'NACOS_RETRY_INTERVAL',
    flag: 'retry-interval',
    doc: 'Time between two attempts.',
    min: 0,
    max: SECONDS_PER_HOUR,
  },
];

/** Every row that a flag, a variable or a file may name. */
export const ALL_ROWS: readonly (OptionRow | InertRow)[] = [...OPTION_ROWS, ...INERT_ROWS];

/** `shutdown.quiet_time` -> `['shutdown', 'quiet_time']`; without area the first one is ''. */
export function splitPath(path: string): readonly [area: string, key: string] {
  const dot = path.indexOf('.');
  return [path.slice(0, Math.max(dot, 0)), path.slice(dot + 1)];
}

/** `quiet_time` -> `quietTime`; camelCase stays as it is. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The key under which code gives and reads the option: `quietTimeMs`. */
export function codeKey(row: FlagRow): string {
  const key = camelCase(splitPath(row.path)[1]);
  return row.kind === 'seconds' ? `${key}Ms` : key;
}

/** The option as a file spells it: `nacos.server`, `service.name`. */
export function fileKey(row: FlagRow): string {
  return row.path.includes('.') ? row.path : `nacos.${row.path}`;
}

type Row = (typeof OPTION_ROWS)[number];
type AreaOf<P extends string> = P extends `${infer Area}.${string}` ? Area : never;
type KeyOf<P extends string> = P extends `${string}.${infer Key}` ? Key : P;
type Camel<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : S;
type CodeKey<R extends Row> = R['kind'] extends 'seconds'
  ? `${Camel<KeyOf<R['path']>>}Ms`
  : Camel<KeyOf<R['path']>>;

interface KindValues {
  text: string;
  host: string;
  file: string;
  port: number;
  integer: number;
  number: number;
  boolean: boolean;
  seconds: number;
  'address-list': readonly ServerAddress[];
  metadata: Readonly<Record<string, string>>;
  choice: LogLevel;
}
/** Other shapes that code may give. */
interface KindInputs {
  'address-list': string | readonly (string | ServerAddress)[];
}
type Value<R extends Row> =
  | KindValues[R['kind']]
  | (R['kind'] extends 'metadata' ? never : R['default'] extends undefined ? undefined : never);
type Input<R extends Row> =
  (R['kind'] extends keyof KindInputs ? KindInputs[R['kind']] : KindValues[R['kind']]) | undefined;
type InArea<A extends string> = Extract<Row, { path: `${A}.${string}` }>;
type TopLevel = Exclude<Row, { path: `${string}.${string}` }>;

/** The checked options of one process, deep frozen. Times are milliseconds. */
export type ResolvedOptions = {
  readonly [R in TopLevel as CodeKey<R>]: Value<R>;
} & {
  readonly [A in AreaOf<Row['path']>]: { readonly [R in InArea<A> as CodeKey<R>]: Value<R> };
};

/** What code may give: any part of the options. `undefined` means not given. Times are milliseconds. */
export type OptionsInput = {
  readonly [R in TopLevel as CodeKey<R>]?: Input<R>;
} & {
  readonly [A in AreaOf<Row['path']>]?:
    { readonly [R in InArea<A> as CodeKey<R>]?: Input<R> } | undefined;
};

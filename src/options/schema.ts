/**
 * Owns THE table of our options: one row is one option, and everything else follows from it: the types below, parsing,
 * checking, `--help`, the JSON schema and docs/configuration.md. Read by the rest of `options` and by the CLI. The rows
 * are in rows/. A new option is a new row, and a row is here only when something reads its value.
 */
import type { InstanceInput } from '../model.js';
import type { RouteRule } from '../route-rule.js';
import type { FlagRow, OptionRow } from './row.js';
import type { Secret } from '../util/secret.js';
import { BEHAVIOUR_ROWS } from './rows/behaviour.js';
import { CONFIG_ROWS } from './rows/config.js';
import { CONNECTION_ROWS } from './rows/connection.js';
import { DISCOVERY_ROWS } from './rows/discovery.js';
import { IDENTITY_ROWS } from './rows/identity.js';
import { REGISTRATION_ROWS } from './rows/registration.js';
import { TELEMETRY_ROWS } from './rows/telemetry.js';
import type { ServerAddress } from './server-list.js';

export type { FlagRow, OptionKind, OptionRow } from './row.js';

export const OPTION_ROWS = [
  ...IDENTITY_ROWS,
  ...CONNECTION_ROWS,
  ...REGISTRATION_ROWS,
  ...DISCOVERY_ROWS,
  ...CONFIG_ROWS,
  ...BEHAVIOUR_ROWS,
  ...TELEMETRY_ROWS,
] as const;

/** The same for who does not need the type of each row. */
export const ALL_ROWS: readonly OptionRow[] = OPTION_ROWS;

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
  list: readonly string[];
  services: ServicesInput;
}
/** Other shapes that code may give. */
interface KindInputs {
  list: string | readonly (string | number)[];
  services: string | readonly string[] | ServicesInput;
  'address-list': string | readonly (string | ServerAddress)[];
}
type Checked<R extends Row> = R extends { kind: 'choice'; choices: readonly (infer Choice)[] }
  ? Choice
  : R['kind'] extends keyof KindValues
    ? KindValues[R['kind']]
    : never;
type Value<R extends Row> =
  | (R extends { secret: true } ? Secret : Checked<R>)
  | (R['kind'] extends 'metadata' | 'list' | 'services'
      ? never
      : R['default'] extends undefined
        ? undefined
        : never);
type Input<R extends Row> =
  | (R extends { secret: true } ? Secret : never)
  | (R['kind'] extends keyof KindInputs ? KindInputs[R['kind']] : Checked<R>)
  | undefined;
type InArea<A extends string> = Extract<Row, { path: `${A}.${string}` }>;
type TopLevel = Exclude<Row, { path: `${string}.${string}` }>;

type PerServiceRow = Extract<Row, { perService: true }>;
/** What `discovery.services` sets for one service, or for all that match a pattern: what can be set for all, and where it is. */
export type ServiceInputOptions = {
  readonly [R in PerServiceRow as CodeKey<R>]?: Input<R>;
} & {
  readonly group?: string | undefined;
  readonly clusters?: readonly string[] | undefined;
  /** `10.0.0.5:8080`, or with weight and metadata: called instead of what the registry lists. */
  readonly instances?: readonly (string | InstanceInput)[] | undefined;
  /** Like one of `instances`: `localhost:3000`. */
  readonly address?: string | undefined;
  readonly routes?: readonly RouteRule[] | undefined;
};
export type ServicesInput = Readonly<Record<string, ServiceInputOptions>>;

/** The checked options of one process, deep frozen. Times are milliseconds; secrets print as `***`. */
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

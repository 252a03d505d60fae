/**
 * Owns the grammar of the commands that look at services of the registry and call them: `list`, `watch`, `why` and `call`. Called by
 * `args.ts`; pure. Of our options they know those on the registry, on discovery and on the log; what is given by variables and files counts
 * as ever. `call` knows the short flags of curl as well.
 */
import type { CliValues } from '../options/env.js';
import { ALL_ROWS, type FlagRow } from '../options/schema.js';
import { flagTable, usage, type FlagTable } from './flags.js';
import { optionValues, readWords, valueOf, type GivenFlags } from './own-words.js';

export const LOOKUP_COMMANDS = ['list', 'watch', 'why', 'call'] as const;
export type LookupCommand = (typeof LOOKUP_COMMANDS)[number];

interface Lookup {
  readonly kind: 'lookup';
  /** Options of ours that were given as flags. */
  readonly values: CliValues;
  /** Bound of every wait for Nacos. */
  readonly timeoutMs: number;
}

export interface ListInvocation extends Lookup {
  readonly command: 'list';
  readonly page: number;
  readonly pageSize: number;
  readonly json: boolean;
}
export interface WatchInvocation extends Lookup {
  readonly command: 'watch';
  readonly service: string;
  readonly json: boolean;
}
export interface WhyInvocation extends Lookup {
  readonly command: 'why';
  readonly service: string;
  readonly headers: readonly HeaderWord[];
  readonly json: boolean;
}
export interface CallInvocation extends Lookup {
  readonly command: 'call';
  readonly service: string;
  readonly secure: boolean;
  /** Path and query, encoded. */
  readonly path: string;
  readonly method: string;
  readonly headers: readonly HeaderWord[];
  /** Texts as typed: `@file` means its content. */
  readonly data: readonly string[];
  readonly showHead: boolean;
  /** Of the whole call; 0: none. */
  readonly maxTimeMs: number;
}
export type LookupInvocation = ListInvocation | WatchInvocation | WhyInvocation | CallInvocation;
export type HeaderWord = readonly [name: string, value: string];

const TIMEOUT_ROW: FlagRow = {
  path: 'timeout',
  kind: 'seconds',
  default: 5,
  flag: 'timeout',
  doc: 'Longest wait for Nacos.',
  min: 0.1,
  max: 3600,
};
const GROUP_ROW: FlagRow = {
  path: 'service.group',
  kind: 'text',
  default: undefined,
  unset: 'the group of the options',
  flag: 'group',
  doc: 'Group of the services.',
};
const JSON_ROW: FlagRow = {
  path: 'json',
  kind: 'boolean',
  default: false,
  flag: 'json',
  doc: 'Print JSON; watch prints one object a line.',
};
const HEADER_ROW: FlagRow = {
  path: 'header',
  kind: 'text',
  default: undefined,
  unset: 'none',
  flag: 'header',
  doc: 'A header of the call, like -H "x-user: 7"; may be repeated.',
};
const LIST_ONLY: readonly FlagRow[] = [
  {
    path: 'page',
    kind: 'integer',
    default: 1,
    flag: 'page',
    doc: 'Which page.',
    min: 1,
    max: 1_000_000,
  },
  {
    path: 'page_size',
    kind: 'integer',
    default: 100,
    flag: 'page-size',
    doc: 'Services on a page.',
    min: 1,
    max: 500,
  },
];
const CALL_ONLY: readonly FlagRow[] = [
  {
    path: 'request',
    kind: 'text',
    default: undefined,
    unset: 'GET, with data POST',
    flag: 'request',
    doc: 'Method of the call.',
    pattern: /^[A-Za-z]{1,20}$/,
    allowed: 'a method like GET',
  },
  HEADER_ROW,
  {
    path: 'data',
    kind: 'text',
    default: undefined,
    unset: 'none',
    flag: 'data',
    doc: 'Body of the call; @FILE takes a file, @- standard input; several are joined with &.',
  },
  {
    path: 'include',
    kind: 'boolean',
    default: false,
    flag: 'include',
    doc: 'Print status and headers before the body.',
  },
  {
    path: 'max_time',
    kind: 'seconds',
    default: 60,
    flag: 'max-time',
    doc: 'Bound of the whole call; 0 means none.',
    min: 0,
    max: 86_400,
  },
];

/** Flags of each command besides those of options. */
export const LOOKUP_ROWS: Readonly<Record<LookupCommand, readonly FlagRow[]>> = {
  list: [GROUP_ROW, ...LIST_ONLY, JSON_ROW, TIMEOUT_ROW],
  watch: [GROUP_ROW, JSON_ROW, TIMEOUT_ROW],
  why: [GROUP_ROW, HEADER_ROW, JSON_ROW, TIMEOUT_ROW],
  call: [GROUP_ROW, ...CALL_ONLY, TIMEOUT_ROW],
};

/** As curl has them, and where they count. */
export const SHORT_FLAGS: Readonly<Record<string, string>> = {
  '-X': '--request',
  '--method': '--request',
  '-H': '--header',
  '-d': '--data',
  '-i': '--include',
  '-m': '--max-time',
};

/** Options which these commands read, as flags too. */
export const LOOKUP_OPTIONS = ALL_ROWS.filter(
  ({ path }) => !path.includes('.') || /^(discovery|logging)\./.test(path),
);

const TABLES: Readonly<Record<LookupCommand, FlagTable>> = {
  list: tableOf('list'),
  watch: tableOf('watch'),
  why: tableOf('why'),
  call: tableOf('call'),
};

const OWN_PATHS: ReadonlySet<string> = new Set(
  Object.values(LOOKUP_ROWS).flatMap((rows) =>
    rows.filter((row) => row !== GROUP_ROW).map(({ path }) => path),
  ),
);

function tableOf(command: LookupCommand): FlagTable {
  const table = new Map(flagTable([...LOOKUP_OPTIONS, ...LOOKUP_ROWS[command]]));
  for (const [short, flag] of Object.entries(SHORT_FLAGS)) {
    const known = table.get(flag);
    if (known !== undefined) table.set(short, known);
  }
  return table;
}

export function isLookupCommand(word: string | undefined): word is LookupCommand {
  return LOOKUP_COMMANDS.some((command) => command === word);
}

/** `words` follow the command. @throws ConfigError USAGE, UNKNOWN_OPTION */
export function parseLookup(command: LookupCommand, words: readonly string[]): LookupInvocation {
  const { given, rest } = readWords(TABLES[command], command, words);
  const common = {
    kind: 'lookup',
    values: optionValues(given, OWN_PATHS),
    timeoutMs: Number(valueOf(TIMEOUT_ROW, given)),
  } as const;
  const json = valueOf(JSON_ROW, given) === true;
  if (command === 'list') {
    if (rest[0] !== undefined) throw usage(`list takes no service, but got ${rest[0]}`);
    const [page, pageSize] = LIST_ONLY.map((row) => Number(valueOf(row, given)));
    return { ...common, command, json, page: page ?? 1, pageSize: pageSize ?? 100 };
  }
  const target = readTarget(command, rest);
  const headers = (given.get('header') ?? []).map(readHeader);
  const { service } = target;
  if (command === 'watch') return { ...common, command, service, json };
  if (command === 'why') return { ...common, command, service, headers, json };
  return { ...common, command, ...target, headers, ...callOf(given) };
}

function callOf(given: GivenFlags) {
  const [request, , , include, maxTime] = CALL_ONLY.map((row) => valueOf(row, given));
  const data = given.get('data') ?? [];
  const method = typeof request === 'string' ? request : data.length > 0 ? 'POST' : 'GET';
  return {
    data,
    method: method.toUpperCase(),
    showHead: include === true,
    maxTimeMs: Number(maxTime),
  };
}

const TARGET = /^(?:(https?|nacos|lb):\/\/)?([^/?#\s]+)([/?#].*)?$/i;

/** The name stays as it was typed: URL parsing would make it lower case. */
function readTarget(command: LookupCommand, rest: readonly string[]) {
  const [word, extra] = rest;
  const example = command === 'call' ? 'call orders/hello' : `${command} orders`;
  if (word === undefined)
    throw usage(`${command} needs a service, as in: nacos-serving ${example}`);
  if (extra !== undefined) throw usage(`${command} takes one service, but got ${extra} too`);
  const [, scheme = 'http', service, path = '/'] = TARGET.exec(word) ?? [];
  if (service === undefined) {
    throw usage(`${word} names no service, as in: nacos-serving ${example}`);
  }
  const { pathname, search } = new URL(path, 'http://any');
  return { service, secure: scheme.toLowerCase() === 'https', path: `${pathname}${search}` };
}

const HEADER = /^([!#$%&'*+.^`|~\w-]+):[ \t]*(.*)$/;

function readHeader(text: string): HeaderWord {
  const [, name, value = ''] = HEADER.exec(text) ?? [];
  if (name === undefined) {
    throw usage(`-H takes "name: value", but got ${JSON.stringify(text)}`);
  }
  return [name, value.trimEnd()];
}

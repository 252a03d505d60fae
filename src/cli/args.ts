/**
 * Owns the grammar of the command line: from its words to what is asked for. Called by `main.ts`; pure. The rules:
 * - the first word that is no flag and names a command is that command, else the command is `run`;
 * - before the target every flag is ours, and an unknown one is an error;
 * - after the target the exact names of our flags are ours, and everything else goes to the app, `--help` too;
 * - with a target, `--` ends our flags: the rest goes to the app as it stands; without one, `--` starts a command.
 */
import type { CliValues } from '../options/env.js';
import { showValue } from '../options/given.js';
import { ALL_ROWS, type FlagRow } from '../options/schema.js';
import { readValue } from '../options/validate.js';
import {
  CONTROL_COMMANDS,
  isControlCommand,
  parseControl,
  type ControlInvocation,
} from './control-args.js';
import {
  isLookupCommand,
  LOOKUP_COMMANDS,
  parseLookup,
  type LookupInvocation,
} from './lookup-args.js';
import { parseConfig, type ConfigInvocation } from './config-args.js';
import { parseDoctor, type DoctorInvocation } from './doctor-args.js';
import { flagTable, matchFlag, unknownFlag, usage, type FlagHit, type FlagTable } from './flags.js';

export const COMMANDS = [
  ...(['run', 'dev', ...CONTROL_COMMANDS, ...LOOKUP_COMMANDS] as const),
  ...(['config', 'doctor', 'help'] as const),
] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface AppTarget {
  readonly kind: 'app';
  readonly file: string;
  readonly args: readonly string[];
}
export interface CommandTarget {
  readonly kind: 'command';
  readonly name: string;
  readonly args: readonly string[];
}

export type Invocation =
  /** `asked` is false when nothing was given to run: help is shown, but the exit code is 2. */
  | { readonly kind: 'help'; readonly about: CommandName | undefined; readonly asked: boolean }
  | { readonly kind: 'version' }
  | RunInvocation
  | { readonly kind: 'dev'; readonly values: CliValues }
  | ControlInvocation
  | LookupInvocation
  | ConfigInvocation
  | DoctorInvocation;

export interface RunInvocation {
  readonly kind: 'run';
  /** undefined only with `print`. */
  readonly target: AppTarget | CommandTarget | undefined;
  readonly values: CliValues;
  /** `--dry-run`: everything is checked and told, nothing is started. */
  readonly dryRun: boolean;
  /** `--print-config`: each option with its value and origin, and nothing is started. */
  readonly print: 'text' | 'json' | undefined;
}

/** Flags of `run` that are no options: no variable and no file gives them. */
export const RUN_ROWS: readonly FlagRow[] = [
  {
    path: 'dry_run',
    kind: 'boolean',
    default: false,
    flag: 'dry-run',
    doc: 'Check everything, print what would be done, and start nothing.',
  },
  {
    path: 'print_config',
    kind: 'boolean',
    default: false,
    flag: 'print-config',
    doc: 'Print every option with its value and where it comes from, and start nothing; as JSON with --print-config=json.',
  },
];

/** Flags of `dev`. They are no options: no variable and no file gives them. */
export const DEV_ROWS: readonly FlagRow[] = [
  {
    path: 'port',
    kind: 'port',
    default: 8848,
    flag: 'port',
    doc: 'Port to listen on; gRPC is 1000 above it. 0 takes any free pair.',
    min: 0,
    max: 64_535,
  },
  {
    path: 'host',
    kind: 'text',
    default: '127.0.0.1',
    flag: 'host',
    doc: 'Address to listen on; 0.0.0.0 lets other machines in.',
    pattern: /^[\w.:-]+$/,
    allowed: 'an address of this machine',
  },
];

const RUN_FLAGS = flagTable([...ALL_ROWS, ...RUN_ROWS]);
const DEV_FLAGS = flagTable(DEV_ROWS);

/** @throws ConfigError USAGE, UNKNOWN_OPTION */
export function parseCommandLine(words: readonly string[]): Invocation {
  const first = words[0];
  if (first === 'dev') return parseDev(words.slice(1));
  const parseOwn = ownGrammar(first);
  if (parseOwn !== undefined) {
    const rest = words.slice(1);
    const about = COMMANDS.find((name) => name === first);
    const standing = rest.map((word) => standingFlag(word, about));
    return standing.find((each) => each !== undefined) ?? parseOwn(rest);
  }
  if (first === 'help') return parseHelp(words.slice(1));
  return parseRun(words);
}

/** Of commands that run nothing: each knows its own words. */
function ownGrammar(
  first: string | undefined,
): ((rest: readonly string[]) => Invocation) | undefined {
  if (first === 'config') return parseConfig;
  if (first === 'doctor') return parseDoctor;
  if (isControlCommand(first)) return (rest) => parseControl(first, rest);
  if (isLookupCommand(first)) return (rest) => parseLookup(first, rest);
  return undefined;
}

function parseHelp(words: readonly string[]): Invocation {
  const about = COMMANDS.find((name) => name === words[0]);
  if (words[0] !== undefined && about === undefined) {
    throw usage(`no help on ${words[0]}: commands are ${COMMANDS.join(', ')}`);
  }
  return { kind: 'help', about, asked: true };
}

function parseDev(words: readonly string[]): Invocation {
  const values = new Values();
  for (let index = 0; index < words.length;) {
    const word = words[index] ?? '';
    const standing = standingFlag(word, 'dev');
    if (standing !== undefined) return standing;
    const hit = matchFlag(DEV_FLAGS, words, index);
    if (hit === undefined) {
      if (word.startsWith('-')) throw unknownFlag(DEV_FLAGS, word, knownFlags(DEV_FLAGS));
      throw usage(`dev starts a server and takes no target, but got ${word}`);
    }
    values.add(hit);
    index += hit.words;
  }
  return { kind: 'dev', values: values.collected() };
}

function parseRun(words: readonly string[]): Invocation {
  const values = new Values();
  let commandSeen = false;
  let index = 0;
  while (index < words.length) {
    const word = words[index] ?? '';
    if (word === '--') return commandInvocation(words.slice(index + 1), values);
    const standing = standingFlag(word, commandSeen ? 'run' : undefined);
    if (standing !== undefined) return standing;
    const hit = matchFlag(RUN_FLAGS, words, index);
    if (hit !== undefined) {
      values.add(hit);
      index += hit.words;
    } else if (word.startsWith('-')) {
      throw unknownFlag(RUN_FLAGS, word, 'flags of the app go after it');
    } else if (word === 'run' && !commandSeen) {
      commandSeen = true;
      index += 1;
    } else if (!commandSeen && COMMANDS.some((name) => name === word)) {
      throw usage(`${word} has to be the first word; its flags go after it`);
    } else {
      return appInvocation(word, words.slice(index + 1), values);
    }
  }
  const nothing = runInvocation(undefined, values);
  if (nothing.print !== undefined) return nothing;
  if (!values.isEmpty()) throw usage('nothing to run: name a file, or a command after --');
  return { kind: 'help', about: commandSeen ? 'run' : undefined, asked: false };
}

function commandInvocation(words: readonly string[], values: Values): Invocation {
  const [name, ...args] = words;
  if (name === undefined || name === '') throw usage('nothing to run: a command has to follow --');
  return runInvocation({ kind: 'command', name, args }, values);
}

function appInvocation(file: string, rest: readonly string[], values: Values): Invocation {
  const args: string[] = [];
  for (let index = 0; index < rest.length;) {
    const word = rest[index] ?? '';
    if (word === '--') {
      args.push(...rest.slice(index + 1));
      break;
    }
    const hit = matchFlag(RUN_FLAGS, rest, index);
    if (hit === undefined) args.push(word);
    else values.add(hit);
    index += hit?.words ?? 1;
  }
  return runInvocation({ kind: 'app', file, args }, values);
}

function runInvocation(target: RunInvocation['target'], values: Values): RunInvocation {
  const { dry_run: dryRun, print_config: print, ...options } = values.collected();
  return {
    kind: 'run',
    target,
    values: options,
    dryRun: isOn('dry-run', dryRun),
    print: print === 'json' ? 'json' : isOn('print-config', print) ? 'text' : undefined,
  };
}

function isOn(flag: string, text: string | readonly string[] | undefined): boolean {
  const row = RUN_ROWS.find((each) => each.flag === flag);
  if (row === undefined || text === undefined) return false;
  const reading = readValue(row, text, { cwd: '/', fromCode: false });
  if ('value' in reading) return reading.value === true;
  const allowed = flag === 'print-config' ? 'true, false or json' : reading.allowed;
  throw usage(`--${flag} = ${showValue(row, text)}: must be ${allowed}`);
}

function standingFlag(word: string, about: CommandName | undefined): Invocation | undefined {
  if (word === '--help' || word === '-h') return { kind: 'help', about, asked: true };
  if (word === '--version' || word === '-v') return { kind: 'version' };
  return undefined;
}

function knownFlags(table: FlagTable): string {
  return `known are ${[...table.keys()].join(', ')}`;
}

/** What the flags gave so far: the last one counts, metadata and repeatable ones are collected. */
class Values {
  readonly #values = new Map<string, string | string[]>();

  add({ row, text }: FlagHit): void {
    const earlier = this.#values.get(row.path);
    const collects = row.kind === 'metadata' || row.repeatable === true;
    if (!collects) this.#values.set(row.path, text);
    else this.#values.set(row.path, [...(Array.isArray(earlier) ? earlier : []), text]);
  }

  isEmpty(): boolean {
    return this.#values.size === 0;
  }

  collected(): CliValues {
    return Object.fromEntries(this.#values);
  }
}

/**
 * Owns the grammar of the commands that talk to running processes: `status`, `up`, `down`, `weight N`, `metadata key=value key-`. Called by
 * `args.ts`; pure. What is asked of the process is checked here, before one is looked for.
 */
import type { InstanceChange } from '../process-hub.js';
import type { FlagRow } from '../options/schema.js';
import { readValue } from '../options/validate.js';
import { flagTable, matchFlag, unknownFlag, usage } from './flags.js';

export const CONTROL_COMMANDS = ['status', 'up', 'down', 'weight', 'metadata'] as const;
export type ControlCommand = (typeof CONTROL_COMMANDS)[number];

export interface ControlInvocation {
  readonly kind: 'control';
  readonly command: ControlCommand;
  /** undefined for `status`. */
  readonly change: InstanceChange | undefined;
  readonly pid: number | undefined;
  readonly service: string | undefined;
  readonly json: boolean;
}

export const CONTROL_ROWS: readonly FlagRow[] = [
  {
    path: 'pid',
    kind: 'integer',
    default: undefined,
    unset: 'the only process of this user',
    flag: 'pid',
    doc: 'Process to talk to.',
    min: 1,
    max: 4_194_304,
  },
  {
    path: 'service',
    kind: 'text',
    default: undefined,
    unset: 'whatever it has registered',
    flag: 'service',
    doc: 'Name of the service, where there are several.',
    pattern: /^\S{1,512}$/,
    allowed: 'the name of a service',
  },
  {
    path: 'json',
    kind: 'boolean',
    default: false,
    flag: 'json',
    doc: 'Print the answer as JSON.',
  },
];

const FLAGS = flagTable(CONTROL_ROWS);
const MAX_WEIGHT = 10_000;

export function isControlCommand(word: string | undefined): word is ControlCommand {
  return CONTROL_COMMANDS.some((command) => command === word);
}

/** `words` follow the command. @throws ConfigError USAGE, UNKNOWN_OPTION, INVALID_OPTION */
export function parseControl(command: ControlCommand, words: readonly string[]): ControlInvocation {
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let index = 0; index < words.length;) {
    const word = words[index] ?? '';
    const hit = matchFlag(FLAGS, words, index);
    if (hit !== undefined) values.set(hit.row.path, hit.text);
    else if (word.startsWith('--')) {
      throw unknownFlag(FLAGS, word, `known are ${[...FLAGS.keys()].join(', ')}`);
    } else rest.push(word);
    index += hit?.words ?? 1;
  }
  const given = (path: string): unknown => checked(path, values.get(path));
  const pid = given('pid');
  const service = given('service');
  return {
    kind: 'control',
    command,
    change: changeOf(command, rest),
    pid: typeof pid === 'number' ? pid : undefined,
    service: typeof service === 'string' ? service : undefined,
    json: given('json') === true,
  };
}

function checked(path: string, raw: string | undefined): unknown {
  const row = CONTROL_ROWS.find((each) => each.path === path);
  if (row === undefined || raw === undefined) return undefined;
  const reading = readValue(row, raw, { cwd: '.', fromCode: false });
  if ('value' in reading) return reading.value;
  throw usage(`--${row.flag} = ${JSON.stringify(raw)}: must be ${reading.allowed}`);
}

function changeOf(command: ControlCommand, rest: readonly string[]): InstanceChange | undefined {
  switch (command) {
    case 'status':
    case 'up':
    case 'down':
      if (rest.length > 0)
        throw usage(`${command} takes no more words, but got ${String(rest[0])}`);
      return command === 'status' ? undefined : { enabled: command === 'up' };
    case 'weight':
      return { weight: readWeight(rest) };
    case 'metadata':
      return { metadata: readMetadata(rest) };
  }
}

function readWeight(rest: readonly string[]): number {
  const [text, extra] = rest;
  if (text === undefined) throw usage('weight needs a number, as in: nacos-serving weight 0.5');
  if (extra !== undefined) throw usage(`weight takes one number, but got ${extra} too`);
  const weight = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
  if (weight <= MAX_WEIGHT) return weight;
  throw usage(`weight = ${JSON.stringify(text)}: must be a number from 0 to ${String(MAX_WEIGHT)}`);
}

/** `key=value` sets, `key-` takes out. */
function readMetadata(rest: readonly string[]): Readonly<Record<string, string | null>> {
  // As an object takes them only at the end, a key may have any name.
  const metadata = new Map<string, string | null>();
  for (const word of rest) {
    const equals = word.indexOf('=');
    if (equals > 0) metadata.set(word.slice(0, equals), word.slice(equals + 1));
    else if (equals < 0 && word.length > 1 && word.endsWith('-'))
      metadata.set(word.slice(0, -1), null);
    else throw usage(`metadata takes key=value to set and key- to take out, but got ${word}`);
  }
  if (metadata.size === 0) {
    throw usage('metadata needs key=value or key-, as in: nacos-serving metadata canary=true');
  }
  return Object.fromEntries(metadata);
}

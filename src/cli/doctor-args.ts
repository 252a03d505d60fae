/**
 * Owns the grammar of `nacos-serving doctor`. Called by `args.ts`; pure. It takes every option that `run` takes, so that it looks at what an app
 * started in the same way would use.
 */
import type { CliValues } from '../options/env.js';
import { ALL_ROWS, type FlagRow } from '../options/schema.js';
import { flagTable, usage } from './flags.js';
import { optionValues, readWords, valueOf } from './own-words.js';

export interface DoctorInvocation {
  readonly kind: 'doctor';
  readonly values: CliValues;
  /** Of each check. */
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly roundTrip: boolean;
}

const TIMEOUT: FlagRow = {
  path: 'timeout',
  kind: 'seconds',
  default: 3,
  flag: 'timeout',
  doc: 'Longest wait of each check.',
  min: 0.1,
  max: 3600,
};
const JSON_FLAG: FlagRow = {
  path: 'json',
  kind: 'boolean',
  default: false,
  flag: 'json',
  doc: 'Print the findings as JSON.',
};
const ROUND_TRIP: FlagRow = {
  path: 'round_trip',
  kind: 'boolean',
  default: false,
  flag: 'round-trip',
  doc: 'Publish a config, wait until it is told of, and remove it.',
};

export const DOCTOR_ROWS: readonly FlagRow[] = [ROUND_TRIP, JSON_FLAG, TIMEOUT];

const TABLE = flagTable([...ALL_ROWS, ...DOCTOR_ROWS]);
const OWN_PATHS: ReadonlySet<string> = new Set(DOCTOR_ROWS.map(({ path }) => path));

/** `words` follow `doctor`. @throws ConfigError USAGE, UNKNOWN_OPTION */
export function parseDoctor(words: readonly string[]): DoctorInvocation {
  const { given, rest } = readWords(TABLE, 'doctor', words);
  const [extra] = rest;
  if (extra !== undefined) throw usage(`doctor takes flags only, but got ${extra}`);
  return {
    kind: 'doctor',
    values: optionValues(given, OWN_PATHS),
    timeoutMs: Number(valueOf(TIMEOUT, given)),
    json: valueOf(JSON_FLAG, given) === true,
    roundTrip: valueOf(ROUND_TRIP, given) === true,
  };
}

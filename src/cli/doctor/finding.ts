/**
 * Owns what one check of the doctor says, and how it is shown. Every finding that is not ok says what to do about it: that is what the doctor
 * is for. Pure.
 */
import { printable } from '../printable.js';

/** unknown: it could not be found out, which is no fault. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Finding {
  readonly verdict: Verdict;
  /** Name of the check, stable: `grpc-port`. */
  readonly check: string;
  /** What was found, in one line. */
  readonly found: string;
  /** What to do; undefined when there is nothing to do. */
  readonly advice?: string;
}

const MARKS: Readonly<Record<Verdict, string>> = {
  ok: 'ok  ',
  warn: 'warn',
  fail: 'FAIL',
  unknown: '?   ',
};
const CHECK_WIDTH = 11;

export function findingLines({ verdict, check, found, advice }: Finding): readonly string[] {
  const first = `${MARKS[verdict]} ${check.padEnd(CHECK_WIDTH)} ${printable(found)}`;
  if (advice === undefined) return [first];
  return [first, `${' '.repeat(MARKS.ok.length + CHECK_WIDTH + 2)}-> ${printable(advice)}`];
}

export const ok = (check: string, found: string): Finding => ({ verdict: 'ok', check, found });
export const unknown = (check: string, found: string, advice?: string): Finding => ({
  verdict: 'unknown',
  check,
  found,
  ...(advice === undefined ? {} : { advice }),
});
export const warn = (check: string, found: string, advice: string): Finding => ({
  verdict: 'warn',
  check,
  found,
  advice,
});
export const fail = (check: string, found: string, advice: string): Finding => ({
  verdict: 'fail',
  check,
  found,
  advice,
});

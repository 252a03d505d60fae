/**
 * Owns how an age is told in warnings: about a list of former times, by `list-in-use.ts`. Pure.
 */

const UNITS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `3 days`, `5 h`, `7 min`, `12 s`. */
export function ageInWords(ms: number): string {
  const [word, unitMs] = UNITS.find(([, each]) => ms >= 2 * each) ?? ['s', 1000];
  return `${String(Math.round(ms / unitMs))} ${word}`;
}

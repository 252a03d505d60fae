/**
 * Owns the arithmetic: medians and their intervals. Pure, used by report.mjs and by the benches. The interval of a median
 * comes from the order of the samples alone (binomial), so it assumes nothing about how times are distributed.
 */

const COVERAGE = 0.95;

export function median(values) {
  const sorted = ascending(values);
  const half = sorted.length / 2;
  if (sorted.length === 0) return Number.NaN;
  return Number.isInteger(half) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[Math.floor(half)];
}

/**
 * Two samples which enclose the true median with at least 95 % confidence. With fewer than six samples no pair does: it is
 * then the smallest and the largest, and `coverage` says how little that means.
 */
export function medianInterval(values) {
  const sorted = ascending(values);
  const n = sorted.length;
  if (n === 0) return { low: Number.NaN, high: Number.NaN, coverage: 0 };
  let skip = 0;
  let tail = 0.5 ** n;
  let cumulative = tail;
  // `cumulative` is the chance that at most `skip` samples lie below the median.
  for (let k = 1; k <= n / 2; k += 1) {
    tail = (tail * (n - k + 1)) / k;
    if (2 * (cumulative + tail) > 1 - COVERAGE) break;
    cumulative += tail;
    skip = k;
  }
  return {
    low: sorted[skip],
    high: sorted[n - 1 - skip],
    coverage: Math.max(0, 1 - 2 * cumulative),
  };
}

/** Median and interval of the values that are there; `null` marks a sample that failed. */
export function summary(samples) {
  const values = samples.filter((value) => value !== null);
  const { low, high, coverage } = medianInterval(values);
  return { n: values.length, median: median(values), low, high, coverage };
}

/** One value for each round in which both sides have one; null elsewhere. */
export function pairwise(left, right, combine) {
  return left.map((value, round) => {
    const other = right[round] ?? null;
    return value === null || other === null ? null : combine(value, other);
  });
}

function ascending(values) {
  return [...values].sort((a, b) => a - b);
}

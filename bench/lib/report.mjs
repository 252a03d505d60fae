/**
 * Owns what a bench leaves behind: the table on the terminal and `results/<claim>.json`, from which doc.mjs makes the page.
 * Used by every bench at its end. It computes medians and intervals from the raw samples, and hides no failure.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { format } from 'prettier';

import { machine, machineLine } from './machine.mjs';
import { RESULTS, ROOT, versions } from './paths.mjs';
import { pairwise, summary } from './stats.mjs';

const startedOn = machine();

/** All samples of one subject's metric over the rounds; null where it failed. */
export function samplesOf(rounds, subject, metric) {
  return rounds.map(({ values }) => values[subject]?.[metric] ?? null);
}

/** One row of figures. */
export function series(rounds, { subject, metric, label, unit }) {
  const samples = samplesOf(rounds, subject, metric);
  return { subject, label, unit, ...summary(samples), samples: samples.map(rounded) };
}

/**
 * How one subject stands to another, round by round: `ratio` is subject/against, `difference` is subject - against. Both by the same
 * metric unless `againstMetric` names another one.
 */
export function comparison(rounds, { kind, subject, against, metric, againstMetric, label, unit }) {
  const combine = kind === 'ratio' ? (a, b) => a / b : (a, b) => a - b;
  const samples = pairwise(
    samplesOf(rounds, subject, metric),
    samplesOf(rounds, against, againstMetric ?? metric),
    combine,
  );
  return {
    kind,
    subject,
    against,
    label,
    unit: kind === 'ratio' ? 'times' : unit,
    ...summary(samples),
  };
}

/**
 * What was promised and what came out.
 * @param {{ low: number, median: number, high: number, unit: string }} actual a series or comparison
 * @param {{ atMost?: number, below?: number, atLeast?: number, above?: number }} bound
 */
export function target(text, actual, bound) {
  const { atMost = Infinity, below = Infinity, atLeast = -Infinity, above = -Infinity } = bound;
  const holds = (value) => value <= atMost && value < below && value >= atLeast && value > above;
  const measured = actual.n > 0;
  const met = measured && holds(actual.median);
  const sure = measured && holds(actual.low) === met && holds(actual.high) === met;
  return {
    text,
    actual: { median: actual.median, low: actual.low, high: actual.high, unit: actual.unit },
    verdict: met ? 'met' : 'missed',
    /** False: the other verdict lies within the interval. */
    sure,
  };
}

/**
 * @param {object} result
 * @param {string} result.claim file name in results/
 * @param {string} result.title
 * @param {string[]} result.method sentences which say precisely what is measured
 * @param {object[]} result.rounds of runRounds
 * @param {{ save: boolean, pairs: number }} options
 */
export async function report(result, options) {
  const { rounds, ...rest } = result;
  const whole = {
    ...rest,
    date: new Date().toISOString().slice(0, 10),
    machine: startedOn,
    versions: versions(),
    pairs: options.pairs,
    failures: failuresOf(rounds),
  };
  print(whole);
  if (!options.save) {
    console.log(
      'not saved: a trial, by its number of pairs or its build (--save writes all the same)',
    );
    return;
  }
  mkdirSync(RESULTS, { recursive: true });
  const text = await format(JSON.stringify(whole), { parser: 'json', printWidth: 100 });
  writeFileSync(path.join(RESULTS, `${whole.claim}.json`), text);
}

export function figure(value) {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  return value.toLocaleString('en-US', {
    maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3,
  });
}

function print(result) {
  const { claim, title, server, pairs, series: rows, comparisons = [], targets, failures } = result;
  console.log(`\n${claim}: ${title}`);
  console.log(machineLine(result.machine));
  console.log(`${pairs} interleaved rounds${server === undefined ? '' : `, ${server}`}`);
  console.table(
    Object.fromEntries(
      [...rows, ...comparisons].map((row) => [
        row.label,
        {
          median: figure(row.median),
          'interval (95 %)': `${figure(row.low)} - ${figure(row.high)}`,
          unit: row.unit,
          n: row.n,
        },
      ]),
    ),
  );
  for (const { text, actual, verdict, sure } of targets) {
    const doubt = sure ? '' : ' (the interval crosses the target)';
    console.log(
      `${verdict.toUpperCase()}  ${text}: ${figure(actual.median)} ${actual.unit}${doubt}`,
    );
  }
  for (const { subject, count, reason } of failures) {
    console.log(`FAILED  ${subject}, ${count} of ${pairs} rounds: ${reason}`);
  }
}

/** By subject: how often it failed and the first reason. */
function failuresOf(rounds) {
  const bySubject = new Map();
  for (const { failures } of rounds) {
    for (const [subject, reason] of Object.entries(failures)) {
      const known = bySubject.get(subject);
      if (known === undefined) {
        bySubject.set(subject, { subject, count: 1, reason: reason.replaceAll(ROOT, '.') });
      } else known.count += 1;
    }
  }
  return [...bySubject.values()];
}

function rounded(value) {
  return value === null ? null : Number(value.toPrecision(5));
}

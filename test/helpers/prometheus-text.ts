/**
 * Owns a strict reader of the Prometheus text format 0.0.4: what Prometheus would refuse or take in the wrong way is an error here. It knows the format only, none of
 * our metrics.
 */

export interface PrometheusFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: PrometheusSample[];
}

export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
const TYPES = ['counter', 'gauge', 'histogram'];

/** @throws Error naming the line that is wrong */
export function parsePrometheus(text: string): ReadonlyMap<string, PrometheusFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end with a line feed');
  const families = new Map<string, PrometheusFamily>();
  const seen = new Set<string>();
  let current: { readonly name: string; readonly help: string } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      check(NAME.test(name), line, 'is no name of a metric');
      check(!families.has(name), line, 'comes twice, or its samples are not together');
      if (kind === 'HELP') current = { name, help: rest };
      else {
        check(TYPES.includes(rest), line, 'is no type');
        check(current?.name === name, line, 'has no HELP before it');
        families.set(name, { type: rest, help: current?.help ?? '', samples: [] });
      }
      continue;
    }
    const [, name = '', labelText = '', valueText = ''] = SAMPLE.exec(line) ?? [];
    check(name !== '', line, 'is no sample');
    const family = families.get(current?.name ?? '');
    if (family === undefined) throw new Error(`${line}: has no TYPE before it`);
    const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    const names = suffixes.map((suffix) => `${current?.name ?? ''}${suffix}`);
    check(names.includes(name), line, 'stands under another metric');
    check(
      family.type !== 'counter' || name.endsWith('_total'),
      line,
      'is a counter without _total',
    );
    const value = valueText === '+Inf' ? Infinity : Number(valueText);
    check(!Number.isNaN(value), line, 'has no number');
    const labels = labelsOf(labelText, line);
    const key = JSON.stringify([name, Object.entries(labels).toSorted()]);
    check(!seen.has(key), line, 'is there twice');
    seen.add(key);
    family.samples.push({ name, labels, value });
  }
  for (const [name, family] of families) {
    check(family.samples.length > 0, name, 'has no sample');
    if (family.type === 'histogram') checkHistogram(name, family.samples);
  }
  return families;
}

/** Every series of it: buckets that grow up to +Inf, which is the count, and a sum. */
function checkHistogram(name: string, samples: readonly PrometheusSample[]): void {
  const series = new Map<string, PrometheusSample[]>();
  for (const sample of samples) {
    const own = Object.entries(sample.labels).filter(([label]) => label !== 'le');
    const key = JSON.stringify(own.toSorted());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, all] of series) {
    const where = `${name} ${key}`;
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      labels['le'] === '+Inf' ? Infinity : Number(labels['le']),
    );
    check(bounds.at(-1) === Infinity, where, 'has no bucket +Inf at its end');
    check(
      bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? Infinity)),
      where,
      'has buckets out of order',
    );
    const counts = buckets.map(({ value }) => value);
    check(
      counts.every((count, at) => at === 0 || count >= (counts[at - 1] ?? Infinity)),
      where,
      'has buckets that shrink',
    );
    const count = all.filter((sample) => sample.name === `${name}_count`);
    check(count.length === 1 && count[0]?.value === counts.at(-1), where, 'has another count');
    check(
      all.some((sample) => sample.name === `${name}_sum`),
      where,
      'has no sum',
    );
  }
}

function labelsOf(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`${line}: bad label at ${String(at)}`);
    const [, label = '', value = ''] = match;
    check(!(label in labels), line, `has ${label} twice`);
    labels[label] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
    at = LABEL.lastIndex;
  }
  return labels;
}

function check(isRight: boolean, line: string, why: string): void {
  if (!isRight) throw new Error(`${line}: ${why}`);
}

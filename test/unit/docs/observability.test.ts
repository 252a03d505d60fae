/** docs/observability.md has every metric as the catalog has it, and no other; the same for bounds, spans and events. */
import { readFileSync } from 'node:fs';

import { expect, it } from 'vitest';

import { BUCKETS_S, METRICS } from '../../../src/metrics/catalog.js';
import { prometheusName } from '../../../src/metrics/prometheus.js';

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
const page = read('docs/observability.md');
const ROW = /^\| `(nacos_serving\.[a-z._]+)` \| `(\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$/gm;

it('the table of metrics is the catalog', () => {
  const documented = [...page.matchAll(ROW)].map(([, name, shown, kind, labels = '', help]) => ({
    name,
    shown,
    kind,
    labels: [...labels.matchAll(/`([\w.]+)`/g)].map(([, label]) => label),
    help,
  }));
  const defined = Object.entries(METRICS).map(([name, metric]) => ({
    name,
    shown: prometheusName(name, metric),
    kind: metric.kind,
    labels: [...metric.labels],
    help: metric.help,
  }));
  expect(documented).toEqual(defined);
});

it('every label has a row with its values', () => {
  const used = new Set<string>(Object.values(METRICS).flatMap(({ labels }) => [...labels]));
  const [, table = ''] = /^\| label \| values \|\n([^]*?)\n\n/m.exec(page) ?? [];
  const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w.]+)`/g)].map(([, label = '']) => label),
  );
  expect(documented.toSorted()).toEqual([...used].toSorted());
});

it('the bounds of the buckets are those of the code', () => {
  const [, bounds = ''] = /with the bounds ([\d., and]+)\. Gauges/.exec(page) ?? [];
  expect(bounds.split(/, | and /).map(Number)).toEqual(BUCKETS_S);
});

it('attributes of spans and events are those of the code', () => {
  const code = read('src/opentelemetry/otel-spans.ts');
  const used = [...code.matchAll(/'((?:nacos|rpc|server|error)\.[\w.]+)'/g)].map(
    ([, name = '']) => name,
  );
  const [, spans = ''] = /^## Spans\n([^]*)$/m.exec(page) ?? [];
  const documented = [...spans.matchAll(/`((?:nacos|rpc|server|error)\.[\w.]+)`/g)].map(
    ([, name = '']) => name,
  );
  expect([...new Set(documented)].toSorted()).toEqual([...new Set(used)].toSorted());
});

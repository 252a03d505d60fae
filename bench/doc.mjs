/**
 * Owns docs/benchmarks.md: made from results/*.json and from nothing else, so that the page says what was measured. `npm --prefix bench run
 * doc`; all.mjs ends with it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { CLAIMS } from './lib/claims.mjs';
import { machineLine } from './lib/machine.mjs';
import { RESULTS, ROOT } from './lib/paths.mjs';
import { figure } from './lib/report.mjs';

const PAGE = path.join(ROOT, 'docs', 'benchmarks.md');
const INTRO = `# Benchmarks

Made by \`node bench/doc.mjs\` from \`bench/results/*.json\`, which hold every raw sample; do not edit by hand. Peers come from npm and run in the same
rounds: every round measures each subject once, and the order turns from round to round. Figures are medians with an interval that holds
the true median with 95 % confidence (order of the samples, no assumption about their distribution). Ratios and differences are taken round by round. A target is *met*
or *missed* by its median; a question mark says that the interval reaches across the target. No test asserts a time.

Run them yourself: start a real Nacos, then

    npm ci && npm run build && npm --prefix bench install
    NACOS_BENCH_SERVER=127.0.0.1:8848 npm --prefix bench run all
`;

const results = CLAIMS.map((claim) => path.join(RESULTS, `${claim}.json`))
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')));

// A trial leaves no results, and a page without any would replace one that has them.
if (results.length > 0) {
  writeFileSync(PAGE, [INTRO, overview(results), ...results.map(chapter)].join('\n'));
}
console.log(`docs/benchmarks.md: ${results.length} of ${CLAIMS.length} claims have results`);

function overview(all) {
  const rows = all.flatMap(({ claim, title, targets }) =>
    targets.map(
      ({ text, actual, verdict, sure }) =>
        `| [${title}](#${claim}) | ${text} | ${withInterval(actual)} ${actual.unit} | ${verdict}${sure ? '' : ' ?'} |`,
    ),
  );
  return table('| claim | target | measured | verdict |', rows);
}

function chapter(result) {
  const { claim, title, date, machine, versions, server, pairs, method } = result;
  const rows = [...result.series, ...result.comparisons].map(
    (row) => `| ${row.label} | ${figure(row.median)} | ${interval(row)} | ${row.unit} | ${row.n} |`,
  );
  const failures = result.failures.map(
    ({ subject, count, reason }) =>
      `- **failed**: ${subject}, ${count} of ${pairs} rounds: \`${reason.split('\n')[0]}\``,
  );
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `<a id="${claim}"></a>`,
    '',
    `## ${title}`,
    '',
    ...method.map((sentence) => `- ${sentence}`),
    ...failures,
    '',
    table('| | median | 95 % interval | unit | n |', rows),
    `${date}. ${machineLine(machine)}. ${[...peers, ...(server === undefined ? [] : [server])].join(', ')}. ${pairs} rounds.`,
    '',
  ].join('\n');
}

function table(head, rows) {
  const rule = head.replace(/[^|]+/g, '---');
  return [head, rule, ...rows, ''].join('\n');
}

function withInterval(row) {
  return `${figure(row.median)} (${interval(row)})`;
}

function interval(row) {
  return `${figure(row.low)} to ${figure(row.high)}`;
}

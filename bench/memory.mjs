/**
 * Claim: how much memory registration adds to a bare Express app; the aim is under 20 MB. Linux only (/proc). Needs a real server
 * (NACOS_BENCH_SERVER). Writes results/memory.json.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { BARE, endApp, OURS, PEERS, startApp } from './lib/apps.mjs';
import { benchOptions } from './lib/options.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { openWatch } from './lib/watch.mjs';

const AIM_MB = 20;
const SETTLE_MS = 2000;

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);

async function measure(id, tag) {
  const app = startApp(id, { address, tag, kind: 'express' });
  const { port } = await app.child.said('listening');
  if (app.isRegistered) await watch.visible(app.service, port);
  // The next app starts meanwhile: settling is waiting.
  return { later: settledMemory(app) };
}

async function settledMemory(app) {
  try {
    await sleep(SETTLE_MS);
    const rollup = readFileSync(`/proc/${app.child.pid}/smaps_rollup`, 'utf8');
    return {
      resident: megabytes(rollup, 'Rss'),
      own: megabytes(rollup, 'Private_Clean') + megabytes(rollup, 'Private_Dirty'),
    };
  } finally {
    await endApp(app, watch);
  }
}

function megabytes(rollup, field) {
  const [, kilobytes] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup) ?? [];
  if (kilobytes === undefined) throw new Error(`no ${field} in smaps_rollup`);
  return (Number(kilobytes) * 1024) / 1e6;
}

const subjects = [BARE, OURS, ...PEERS];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: subjects.map((id) => ({ id, measure: (tag) => measure(id, tag) })),
});
await watch.close();

const added = [OURS, ...PEERS].flatMap((subject) =>
  ['resident', 'own'].map((metric) =>
    comparison(rounds, {
      kind: 'difference',
      subject,
      against: BARE,
      metric,
      label: `added by ${subject}, ${metric}`,
      unit: 'MB',
    }),
  ),
);
await report(
  {
    claim: 'memory',
    title: 'Memory added to a bare Express app, once registered',
    server: version,
    method: [
      `Read from /proc ${SETTLE_MS / 1000} s after the instance was visible; no garbage collection is forced, no request was served.`,
      'Resident: all pages in memory. Own: those which no other process shares (the code of node itself is shared by all of them).',
    ],
    series: subjects.flatMap((subject) => [
      series(rounds, { subject, metric: 'resident', label: `${subject}, resident`, unit: 'MB' }),
      series(rounds, { subject, metric: 'own', label: `${subject}, own`, unit: 'MB' }),
    ]),
    comparisons: added,
    targets: [target(`under ${AIM_MB} MB (an aim)`, added[0], { below: AIM_MB })],
    rounds,
  },
  options,
);

/**
 * Claim, reported without a target: what 1,000 services in use cost a process that is idle, in memory and CPU, against one. Runs against the dev
 * server of the build. Writes results/subscribed-1000.json.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { startNode } from './lib/child.mjs';
import { serverWith } from './lib/dev-server.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, subject } from './lib/paths.mjs';
import { comparison, report, series } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const PREFIX = 'bench-subscribed';
const COUNTS = [1, 1000];
const IDLE_MS = 5000;

const options = benchOptions();
const services = Array.from({ length: Math.max(...COUNTS) }, (_, index) => [
  `${PREFIX}-${index}`,
  [1, 2, 3].map((last) => ({ ip: `10.0.0.${last}`, port: 8080 })),
]);
const registry = await serverWith(Object.fromEntries(services));

async function measure(count) {
  const child = startNode([subject('subscriber.mjs'), DIST, PREFIX, String(count)], {
    stdin: 'pipe',
    env: { NACOS_SERVER: registry.address },
  });
  await child.said('subscribed', 60_000);
  return { later: idle(child) };
}

/** Being idle is waiting: the next process starts meanwhile. */
async function idle(child) {
  try {
    await sleep(IDLE_MS);
    const before = await used(child);
    await sleep(IDLE_MS);
    const after = await used(child);
    return { rss: after.rssMb, cpu: ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100 };
  } finally {
    await child.stop();
  }
}

async function used(child) {
  child.tell({});
  return child.said('used');
}

const idOf = (count) => `${count.toLocaleString('en-US')} ${count === 1 ? 'service' : 'services'}`;
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: COUNTS.map((count) => ({ id: idOf(count), measure: () => measure(count) })),
});
await registry.close();

const [one, many] = COUNTS.map(idOf);
const METRICS = [
  ['rss', 'resident memory', 'MB'],
  ['cpu', 'CPU while idle', '% of a core'],
];
await report(
  {
    claim: 'subscribed-1000',
    title: '1,000 services in use, while nothing happens',
    server: registry.version,
    method: [
      'Each sample is a fresh process that has resolved each service once, of three instances each, over one connection.',
      `Read ${IDLE_MS / 1000} s after that, and CPU over the next ${IDLE_MS / 1000} s, in which the connection is kept alive and nothing is pushed. No garbage collection is forced.`,
    ],
    series: METRICS.flatMap(([metric, what, unit]) =>
      [one, many].map((id) =>
        series(rounds, { subject: id, metric, label: `${id}, ${what}`, unit }),
      ),
    ),
    comparisons: METRICS.map(([metric, what, unit]) =>
      comparison(rounds, {
        kind: 'difference',
        subject: many,
        against: one,
        metric,
        label: `added by ${many}, ${what}`,
        unit,
      }),
    ),
    targets: [],
    rounds,
  },
  options,
);

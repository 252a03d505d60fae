/**
 * Claim: from the start of a small HTTP app's process until the registry lists it, sooner than with any peer from npm. Needs a real server
 * (NACOS_BENCH_SERVER). Writes results/start-to-visible.json.
 */
import { BARE, endApp, OURS, PEERS, startApp } from './lib/apps.mjs';
import { benchOptions } from './lib/options.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { openWatch } from './lib/watch.mjs';

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);

async function measure(id, tag) {
  const app = startApp(id, { address, tag });
  const { startedMs } = app.child;
  try {
    const { atMs: listeningMs, port } = await app.child.said('listening');
    const listening = listeningMs - startedMs;
    if (id === BARE) return { listening };
    const visibleMs = await watch.visible(app.service, port);
    return { listening, visible: visibleMs - startedMs, after: visibleMs - listeningMs };
  } finally {
    await endApp(app, watch);
  }
}

const subjects = [BARE, OURS, ...PEERS];
const rounds = await runRounds({
  rounds: options.pairs,
  warmUps: 2,
  subjects: subjects.map((id) => ({ id, measure: (tag) => measure(id, tag) })),
});
await watch.close();

const registering = [OURS, ...PEERS];
const ratios = PEERS.map((against) =>
  comparison(rounds, {
    kind: 'ratio',
    subject: OURS,
    against,
    metric: 'visible',
    label: `${OURS} / ${against}, start -> visible`,
  }),
);
await report(
  {
    claim: 'start-to-visible',
    title: 'Process start of a small HTTP app until its instance is visible',
    server: version,
    method: [
      'Each sample is a fresh process and a new service name. The clock starts before the process is spawned.',
      'Visible: the answer of a gRPC ServiceQueryRequest lists the port, asked by the bench every 2 ms through one standing client, the same for all.',
      'Ours: the unchanged app, `node --require nacos-serving/register app.cjs` with NACOS_SERVER. Peers: the same app plus the lines their users write; their client is built before the app listens.',
      'Listening: the time stamp that the app takes in its listen callback.',
    ],
    series: [
      ...registering.map((subject) =>
        series(rounds, {
          subject,
          metric: 'visible',
          label: `${subject}, start -> visible`,
          unit: 'ms',
        }),
      ),
      ...registering.map((subject) =>
        series(rounds, {
          subject,
          metric: 'after',
          label: `${subject}, listening -> visible`,
          unit: 'ms',
        }),
      ),
      ...subjects.map((subject) =>
        series(rounds, {
          subject,
          metric: 'listening',
          label: `${subject}, start -> listening`,
          unit: 'ms',
        }),
      ),
    ],
    comparisons: ratios,
    targets: ratios.map((ratio) => target(`sooner than ${ratio.against}`, ratio, { below: 1 })),
    rounds,
  },
  options,
);

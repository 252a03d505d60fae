/**
 * Claim: after SIGTERM an app under our preload ends as it would have, later by the documented quiet time only. Needs a real server
 * (NACOS_BENCH_SERVER). Writes results/exit.json.
 */
import { BARE, OURS, PEERS, startApp } from './lib/apps.mjs';
import { benchOptions } from './lib/options.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { nowMs } from './lib/time.mjs';
import { openWatch } from './lib/watch.mjs';

/** `shutdown.quiet_time`, in which callers hear of the removal. */
const QUIET_MS = 1000;
/** Deregistering, draining and ending. */
const SLACK_MS = 100;
const ENDS_WITHIN_MS = 30_000;

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);

async function measure(id, tag) {
  const app = startApp(id, { address, tag });
  const { port } = await app.child.said('listening');
  if (app.isRegistered) await watch.visible(app.service, port);
  // The peers' apps take SIGTERM over once their register call has resolved.
  if (PEERS.includes(id)) await app.child.said('registered');
  const signalledMs = nowMs();
  app.child.kill('SIGTERM');
  const exited = endOf(app, signalledMs);
  // It only waits, for seconds; the others need not wait with it.
  return id === 'npm nacos' ? { later: exited } : exited;
}

async function endOf(app, signalledMs) {
  const timer = setTimeout(() => app.child.kill('SIGKILL'), ENDS_WITHIN_MS);
  const { atMs, code, signal } = await app.child.exited;
  clearTimeout(timer);
  if (signal === 'SIGKILL') throw new Error(`still there ${ENDS_WITHIN_MS} ms after SIGTERM`);
  const asExpected = PEERS.includes(app.id) ? code === 0 : signal === 'SIGTERM';
  if (!asExpected) throw new Error(`ended with ${code ?? signal}`);
  return { exit: atMs - signalledMs };
}

const subjects = [BARE, OURS, ...PEERS];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: subjects.map((id) => ({ id, measure: (tag) => measure(id, tag) })),
});
await watch.close();

const added = [OURS, ...PEERS].map((subject) =>
  comparison(rounds, {
    kind: 'difference',
    subject,
    against: BARE,
    metric: 'exit',
    label: `added by ${subject}`,
    unit: 'ms',
  }),
);
await report(
  {
    claim: 'exit',
    title: 'Exit after SIGTERM',
    server: version,
    method: [
      'From SIGTERM to the end of the process, for a registered app without requests under way.',
      'The bare app and ours have no signal handler. The peers need one: it deregisters, closes the client where it can be closed (npm nacos), closes the HTTP server and leaves the rest to Node.',
      `Of our time ${QUIET_MS} ms are the documented quiet time, in which callers hear that the instance has left while it still answers.`,
      'npm nacos runs beside the other samples, since it only waits.',
    ],
    series: subjects.map((subject) =>
      series(rounds, { subject, metric: 'exit', label: subject, unit: 'ms' }),
    ),
    comparisons: added,
    targets: [
      target(`adds the quiet time of ${QUIET_MS} ms and at most ${SLACK_MS} ms more`, added[0], {
        atMost: QUIET_MS + SLACK_MS,
      }),
    ],
    rounds,
  },
  options,
);

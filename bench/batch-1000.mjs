/**
 * Claim: 1,000 instances of one service registered as a batch, faster than any peer from npm. Needs a real server
 * (NACOS_BENCH_SERVER). npm nacos has no batch. Writes results/batch-1000.json.
 */
import { benchOptions } from './lib/options.mjs';
import { registrationSubject } from './lib/registration.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { openWatch } from './lib/watch.mjs';

const COUNT = 1000;
const OURS = 'nacos-serving';
const PEER = 'rust binding';

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: [OURS, PEER].map((library) =>
    registrationSubject({ library, address, watch, count: COUNT, mode: 'batch' }),
  ),
});
await watch.close();

const ratio = comparison(rounds, {
  kind: 'ratio',
  subject: OURS,
  against: PEER,
  metric: 'fromReady',
  label: `${OURS} / ${PEER}`,
});
await report(
  {
    claim: 'batch-1000',
    title: '1,000 instances of one service as a batch',
    server: version,
    method: [
      'Each sample is a fresh process. The clock runs from the client being ready (connected) until the one batch call with 1,000 instances of a new service has resolved; a query then proves that all of them are listed.',
      'npm nacos has no batch.',
      'Before the next sample starts, the instances are gone from the server.',
    ],
    series: [OURS, PEER].flatMap((subject) => [
      series(rounds, { subject, metric: 'fromReady', label: subject, unit: 'ms' }),
      series(rounds, {
        subject,
        metric: 'withConnect',
        label: `${subject}, with load and connect`,
        unit: 'ms',
      }),
      series(rounds, { subject, metric: 'cpu', label: `${subject}, CPU`, unit: 'ms' }),
    ]),
    comparisons: [ratio],
    targets: [target(`faster than ${PEER}`, ratio, { below: 1 })],
    rounds,
  },
  options,
);

/**
 * Claim: 1,000 services registered from one process, faster than any peer from npm. Needs a real server
 * (NACOS_BENCH_SERVER). Writes results/register-1000.json.
 */
import { benchOptions } from './lib/options.mjs';
import { registrationSubject } from './lib/registration.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { openWatch } from './lib/watch.mjs';

const COUNT = 1000;
const OURS = 'nacos-serving';
const PEERS = ['rust binding', 'npm nacos'];

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);
const libraries = [OURS, ...PEERS];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: libraries.map((library) =>
    registrationSubject({ library, address, watch, count: COUNT, mode: 'services' }),
  ),
});
await watch.close();

const against = PEERS.map((peer) =>
  comparison(rounds, {
    kind: 'ratio',
    subject: OURS,
    against: peer,
    metric: 'fromReady',
    label: `${OURS} / ${peer}`,
  }),
);
await report(
  {
    claim: 'register-1000',
    title: '1,000 services registered from one process',
    server: version,
    method: [
      'Each sample is a fresh process. The clock runs from the client being ready (connected) until all of 1,000 register calls, one instance in each of 1,000 new services, started at once, have resolved.',
      'Ready means: `await client.connect()` of ours; the constructor of the rust binding, which returns connected; `await client.ready()` of npm nacos.',
      'With connect: from before the library is loaded.',
      'CPU: user and system time of the whole process between ready and done.',
      'Before the next sample starts, the registrations are gone from the server.',
    ],
    series: libraries.flatMap((subject) => [
      series(rounds, { subject, metric: 'fromReady', label: `${subject}`, unit: 'ms' }),
      series(rounds, {
        subject,
        metric: 'withConnect',
        label: `${subject}, with load and connect`,
        unit: 'ms',
      }),
      series(rounds, { subject, metric: 'cpu', label: `${subject}, CPU`, unit: 'ms' }),
    ]),
    comparisons: against,
    targets: against.map((ratio) => target(`faster than ${ratio.against}`, ratio, { below: 1 })),
    rounds,
  },
  options,
);

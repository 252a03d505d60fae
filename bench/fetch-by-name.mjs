/**
 * Claim: fetch by service name reaches at least 0.97 of the throughput of fetch by address, with 32 calls in flight. Runs against the dev
 * server of the build. Writes results/fetch-by-name.json.
 */
import { startNode } from './lib/child.mjs';
import { serverWith } from './lib/dev-server.mjs';
import { benchOptions } from './lib/options.mjs';
import { REGISTER, subject } from './lib/paths.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const AT_LEAST = 0.97;
const IN_FLIGHT = 32;
const SLICES = 10;
const REQUESTS_PER_SLICE = 320;
const REQUESTS = SLICES * REQUESTS_PER_SLICE;
/** The two processes are replaced this often: one process may be faster than the next by its luck alone. */
const ROUNDS_PER_PROCESS = 4;
const SERVICE = 'bench-fetch';
const WITH = 'with the preload';
const WITHOUT = 'without the preload';

const options = benchOptions(24);
const servers = startNode([subject('two-servers.cjs')]);
const { ports } = await servers.said('listening');
const registry = await serverWith({ [SERVICE]: ports.map((port) => ({ ip: '127.0.0.1', port })) });
const byName = [`http://${SERVICE}/`];
const byAddress = ports.map((port) => `http://127.0.0.1:${port}/`);
const targetsOf = {
  [WITH]: { name: byName, address: byAddress },
  [WITHOUT]: { address: byAddress },
};

let callers = {};
let generation;

/** The process for this round, warmed up on all that it will be measured on. */
async function callerOf(id, tag) {
  const wanted = tag.startsWith('w')
    ? 'warm-up'
    : Math.floor(Number(tag.slice(1)) / ROUNDS_PER_PROCESS);
  if (wanted !== generation) {
    await stopCallers();
    const start = (args) =>
      startNode([...args, subject('fetch-caller.cjs')], {
        stdin: 'pipe',
        env: { NACOS_SERVER: registry.address },
      });
    callers = { [WITH]: start(['--require', REGISTER]), [WITHOUT]: start([]) };
    generation = wanted;
    for (const warmed of [WITH, WITHOUT, WITHOUT]) await call(callers[warmed], targetsOf[warmed]);
  }
  return callers[id];
}

async function stopCallers() {
  await Promise.all(Object.values(callers).map((caller) => caller.stop()));
}

async function call(caller, targets) {
  caller.tell({ targets, slices: SLICES, requests: REQUESTS_PER_SLICE, inFlight: IN_FLIGHT });
  const answer = await Promise.race([caller.said('called'), caller.said('failed')]);
  if (answer.event === 'failed') throw new Error(answer.reason);
  const numbers = {};
  for (const [target, { wallMs, cpuMs }] of Object.entries(answer.took)) {
    numbers[target] = (REQUESTS / wallMs) * 1000;
    numbers[`${target} CPU`] = (cpuMs / REQUESTS) * 1000;
  }
  return numbers;
}

const rounds = await runRounds({
  rounds: options.pairs,
  subjects: [WITH, WITHOUT].map((id) => ({
    id,
    measure: async (tag) => call(await callerOf(id, tag), targetsOf[id]),
  })),
});
await stopCallers();
await servers.stop();
await registry.close();

const ROWS = [
  [WITH, 'name', 'by name'],
  [WITH, 'address', 'by address'],
  [WITHOUT, 'address', 'by address, without the preload'],
];
const ratiosOf = (metric, what) =>
  [WITH, WITHOUT].map((against) =>
    comparison(rounds, {
      kind: 'ratio',
      subject: WITH,
      metric: `name${metric}`,
      against,
      againstMetric: `address${metric}`,
      label: `${what}by name / by address${against === WITH ? '' : ', without the preload'}`,
    }),
  );
const throughput = ratiosOf('', '');
await report(
  {
    claim: 'fetch-by-name',
    title: `fetch by service name against fetch by address, ${IN_FLIGHT} in flight`,
    server: registry.version,
    method: [
      `Each sample is ${REQUESTS} calls of the built-in fetch with keep-alive to two instances in one other process, bodies read.`,
      `By name and by address (the two addresses in turn) alternate in slices of ${REQUESTS_PER_SLICE} calls in one process, under our preload; the same program without the preload stands beside it.`,
      `Processes are warmed up, and replaced after ${ROUNDS_PER_PROCESS} rounds.`,
      'CPU: user and system time of the calling process for each call.',
    ],
    series: [
      ...ROWS.map(([id, metric, label]) =>
        series(rounds, { subject: id, metric, label, unit: 'calls/s' }),
      ),
      ...ROWS.map(([id, metric, label]) =>
        series(rounds, { subject: id, metric: `${metric} CPU`, label: `CPU ${label}`, unit: 'us' }),
      ),
    ],
    comparisons: [...throughput, ...ratiosOf(' CPU', 'CPU ')],
    targets: [
      target(`at least ${AT_LEAST} of the throughput, by name / by address`, throughput[0], {
        atLeast: AT_LEAST,
      }),
    ],
    rounds,
  },
  options,
);

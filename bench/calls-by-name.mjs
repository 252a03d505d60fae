/**
 * Claims: each HTTP client reaches, by service name, at least 0.97 of its throughput by address and at most 1.05 of its 99th percentile,
 * with 32 calls in flight; and calls to addresses cost the same with us and without us. Runs against the dev server of the build.
 * Writes results/calls-by-name.json.
 */
import { startNode } from './lib/child.mjs';
import { serverWith } from './lib/dev-server.mjs';
import { benchOptions } from './lib/options.mjs';
import { REGISTER, subject } from './lib/paths.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const AT_LEAST = 0.97;
const P99_AT_MOST = 1.05;
const OTHERS_AT_LEAST = 0.99;
const IN_FLIGHT = 32;
const SLICES = 10;
const REQUESTS_PER_SLICE = 320;
const REQUESTS = SLICES * REQUESTS_PER_SLICE;
/** The processes are replaced this often: one process may be faster than the next by its luck alone. */
const ROUNDS_PER_PROCESS = 4;
const SERVICE = 'bench-calls';
const CLIENTS = {
  fetch: 'built-in fetch',
  undici: 'undici request',
  http: 'http.get with keep-alive',
  axios: 'axios',
};
const WITH = 'with the preload';
const WITHOUT = 'without the preload';

const options = benchOptions(20);
const servers = startNode([subject('two-servers.cjs')]);
const { ports } = await servers.said('listening');
const registry = await serverWith({ [SERVICE]: ports.map((port) => ({ ip: '127.0.0.1', port })) });
const byName = [`http://${SERVICE}/`];
const byAddress = ports.map((port) => `http://127.0.0.1:${port}/`);
const targetsOf = {
  [WITH]: { name: byName, address: byAddress },
  [WITHOUT]: { address: byAddress },
};

const callers = new Map();

/** The process of a client for this round, warmed up on all that it will be measured on. */
async function callerOf(client, way, tag) {
  const generation = tag.startsWith('w')
    ? -1
    : Math.floor(Number(tag.slice(1)) / ROUNDS_PER_PROCESS);
  const key = `${client} ${way}`;
  const present = callers.get(key);
  if (present?.generation === generation) return present.child;
  await present?.child.stop();
  const preload = way === WITH ? ['--require', REGISTER] : [];
  const child = startNode([...preload, subject('caller.cjs'), client], {
    stdin: 'pipe',
    env: { NACOS_SERVER: registry.address, NACOS_DISK_CACHE: 'false' },
  });
  callers.set(key, { generation, child });
  await call(child, targetsOf[way]);
  // As many calls in all with us as without us: the compiler has seen the same.
  if (way === WITHOUT) await call(child, targetsOf[way]);
  return child;
}

async function call(caller, targets) {
  caller.tell({ targets, slices: SLICES, requests: REQUESTS_PER_SLICE, inFlight: IN_FLIGHT });
  const answer = await Promise.race([caller.said('called', 60_000), caller.said('failed', 60_000)]);
  if (answer.event === 'failed') throw new Error(answer.reason);
  const numbers = {};
  for (const [name, { wallMs, cpuMs, p99Ms }] of Object.entries(answer.took)) {
    numbers[name] = (REQUESTS / wallMs) * 1000;
    numbers[`${name} p99`] = p99Ms;
    numbers[`${name} CPU`] = (cpuMs / REQUESTS) * 1000;
  }
  return numbers;
}

const subjects = Object.keys(CLIENTS).flatMap((client) =>
  [WITH, WITHOUT].map((way) => ({ id: `${client} ${way}`, client, way })),
);
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: subjects.map(({ id, client, way }) => ({
    id,
    measure: async (tag) => call(await callerOf(client, way, tag), targetsOf[way]),
  })),
});
for (const { child } of callers.values()) await child.stop();
await servers.stop();
await registry.close();

const rows = [];
const comparisons = [];
const targets = [];
for (const [client, label] of Object.entries(CLIENTS)) {
  const [ours, bare] = [WITH, WITHOUT].map((way) => `${client} ${way}`);
  const ratio = (metric, against, what) => {
    const [own, other] = what;
    const row = comparison(rounds, {
      kind: 'ratio',
      subject: ours,
      metric: `${own}${metric}`,
      against,
      againstMetric: `${other}${metric}`,
      label: `${label}: ${metric.trim() || 'throughput'} ${own === 'name' ? 'by name' : 'by address'} / by address${against === bare ? ' without the preload' : ''}`,
    });
    comparisons.push(row);
    return row;
  };
  for (const [subjectId, name, text] of [
    [ours, 'name', 'by name'],
    [ours, 'address', 'by address'],
    [bare, 'address', 'by address without the preload'],
  ]) {
    const row = (metric, unit) =>
      series(rounds, {
        subject: subjectId,
        metric: `${name}${metric}`,
        label: `${label} ${text}${metric === '' ? '' : `,${metric}`}`,
        unit,
      });
    rows.push(row('', 'calls/s'), row(' p99', 'ms'), row(' CPU', 'us'));
  }
  const same = ['name', 'address'];
  const others = ['address', 'address'];
  targets.push(
    target(`${label}: at least ${AT_LEAST} of the throughput by address`, ratio('', ours, same), {
      atLeast: AT_LEAST,
    }),
    target(`${label}: p99 at most ${P99_AT_MOST} of by address`, ratio(' p99', ours, same), {
      atMost: P99_AT_MOST,
    }),
    target(
      `${label}, hosts not ours: at least ${OTHERS_AT_LEAST} of the throughput without us`,
      ratio('', bare, others),
      { atLeast: OTHERS_AT_LEAST },
    ),
  );
  ratio(' CPU', ours, same);
  ratio(' CPU', bare, others);
}

await report(
  {
    claim: 'calls-by-name',
    title: `Calls by service name against calls by address, ${IN_FLIGHT} in flight`,
    server: registry.version,
    method: [
      `Each sample is ${REQUESTS} calls of one client with keep-alive to two instances in one other process, bodies read.`,
      `By name and by address (the two addresses in turn) alternate in slices of ${REQUESTS_PER_SLICE} calls in one process, under our preload; the same program without the preload stands beside it.`,
      `Processes are warmed up, and replaced after ${ROUNDS_PER_PROCESS} rounds.`,
      'p99: of the latencies of all calls of a sample. CPU: user and system time of the calling process for each call.',
    ],
    series: rows,
    comparisons,
    targets,
    rounds,
  },
  options,
);

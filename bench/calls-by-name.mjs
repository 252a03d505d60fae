/**
 * Claims: each HTTP client reaches, by service name, at least 0.97 of its throughput by address and at most 1.05 of its 99th percentile,
 * with 32 calls in flight; and calls to addresses cost the same with us and without us. Runs against the dev server of the build.
 * Writes results/calls-by-name.json.
 *
 * Without us twice: alone, and next to some other HTTP/2 connection, since Node's streams are slower in a process that has two kinds of them.
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
const WARM_UP_SLICES = 10;
/** The processes are replaced this often: one process may be faster than the next by its luck alone. */
const ROUNDS_PER_PROCESS = 4;
const SERVICE = 'bench-calls';
const CLIENTS = {
  fetch: 'built-in fetch',
  undici: 'undici request',
  http: 'http.get with keep-alive',
  axios: 'axios',
};
/** Calls by name and by address in turn. */
const WITH = 'with';
/** By address only, as the ways after it. */
const ONLY = 'only';
const WITHOUT = 'without';
const NEIGHBOUR = 'neighbour';
const WORDS = {
  [WITH]: 'by address next to calls by name',
  [ONLY]: 'by address only',
  [WITHOUT]: 'without the preload',
  [NEIGHBOUR]: 'without the preload next to HTTP/2',
};
const WAYS = Object.keys(WORDS);

const options = benchOptions(20);
const servers = startNode([subject('two-servers.cjs')]);
const { ports, http2Port } = await servers.said('listening');
const registry = await serverWith({ [SERVICE]: ports.map((port) => ({ ip: '127.0.0.1', port })) });
const byName = [`http://${SERVICE}/`];
const byAddress = ports.map((port) => `http://127.0.0.1:${port}/`);
/** Two each: so all ways are measured alike. */
const bothByAddress = { address: byAddress, again: byAddress };
const TARGETS = {
  [WITH]: { name: byName, address: byAddress },
  [ONLY]: bothByAddress,
  [WITHOUT]: bothByAddress,
  [NEIGHBOUR]: bothByAddress,
};
const PRELOADS = {
  [WITH]: ['--require', REGISTER],
  [ONLY]: ['--require', REGISTER],
  [WITHOUT]: [],
  [NEIGHBOUR]: ['--require', subject('http2-neighbour.cjs')],
};

/** The processes of a client. */
let callers = { key: '', children: {} };

/** Those for this round, warmed up on all that they will be measured on. */
async function callersOf(client, tag) {
  const generation = tag.startsWith('w')
    ? -1
    : Math.floor(Number(tag.slice(1)) / ROUNDS_PER_PROCESS);
  const key = `${client} ${generation}`;
  if (callers.key === key) return callers.children;
  await stopCallers();
  const children = {};
  for (const way of WAYS) {
    children[way] = startNode([...PRELOADS[way], subject('caller.cjs'), client], {
      stdin: 'pipe',
      env: {
        NACOS_SERVER: registry.address,
        NACOS_DISK_CACHE: 'false',
        NEIGHBOUR_PORT: String(http2Port),
      },
    });
    await call(children[way], TARGETS[way], WARM_UP_SLICES);
  }
  callers = { key, children };
  return children;
}

async function stopCallers() {
  for (const child of Object.values(callers.children)) await child.stop();
  callers = { key: '', children: {} };
}

async function call(caller, targets, slices) {
  caller.tell({ targets, slices, requests: REQUESTS_PER_SLICE, inFlight: IN_FLIGHT });
  const answer = await Promise.race([caller.said('called', 60_000), caller.said('failed', 60_000)]);
  if (answer.event === 'failed') throw new Error(answer.reason);
  return answer.took;
}

/** All ways of one client, slice by slice in turn, so that what drifts on the machine meets all of them alike. */
async function measure(client, tag) {
  const children = await callersOf(client, tag);
  const sums = {};
  for (let slice = 0; slice < SLICES; slice += 1) {
    const order = slice % 2 === 0 ? WAYS : WAYS.toReversed();
    for (const way of order) {
      const targets = Object.entries(TARGETS[way]);
      const turned = slice % 2 === 0 ? targets : targets.toReversed();
      const took = await call(children[way], Object.fromEntries(turned), 1);
      for (const [name, { wallMs, cpuMs, latenciesMs }] of Object.entries(took)) {
        const sum = (sums[`${way} ${name}`] ??= { wallMs: 0, cpuMs: 0, latenciesMs: [] });
        sum.wallMs += wallMs;
        sum.cpuMs += cpuMs;
        sum.latenciesMs.push(...latenciesMs);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(sums).flatMap(([key, { wallMs, cpuMs, latenciesMs }]) => [
      [key, (REQUESTS / wallMs) * 1000],
      [`${key} p99`, latenciesMs.sort((a, b) => a - b)[Math.floor(latenciesMs.length * 0.99)]],
      [`${key} CPU`, (cpuMs / REQUESTS) * 1000],
    ]),
  );
}

const rounds = [];
for (const client of Object.keys(CLIENTS)) {
  // One client after the other: eight processes at a time would only be in each other's way.
  const subjects = [{ id: client, measure: (tag) => measure(client, tag) }];
  const measured = await runRounds({ rounds: options.pairs, subjects });
  for (const [at, { values, failures }] of measured.entries()) {
    rounds[at] ??= { values: {}, failures: {} };
    Object.assign(rounds[at].values, values);
    Object.assign(rounds[at].failures, failures);
  }
}
await stopCallers();
await servers.stop();
await registry.close();

const rows = [];
const comparisons = [];
const targets = [];
for (const [client, label] of Object.entries(CLIENTS)) {
  const ratio = (unit, [metric, words], [against, againstWords]) => {
    const row = comparison(rounds, {
      kind: 'ratio',
      subject: client,
      metric: `${metric}${unit}`,
      against: client,
      againstMetric: `${against}${unit}`,
      label: `${label}: ${unit.trim() || 'throughput'} ${words} / ${againstWords}`,
    });
    comparisons.push(row);
    return row;
  };
  const measured = [
    [`${WITH} name`, 'by name'],
    ...WAYS.map((way) => [`${way} address`, WORDS[way]]),
  ];
  for (const [metric, words] of measured) {
    for (const [unit, of] of [
      ['', 'calls/s'],
      [' p99', 'ms'],
      [' CPU', 'us'],
    ]) {
      const text = `${label} ${words}${unit === '' ? '' : `,${unit}`}`;
      rows.push(
        series(rounds, { subject: client, metric: `${metric}${unit}`, label: text, unit: of }),
      );
    }
  }
  const byNameOf = (unit) =>
    ratio(unit, [`${WITH} name`, 'by name'], [`${WITH} address`, 'by address']);
  targets.push(
    target(`${label}: at least ${AT_LEAST} of the throughput by address`, byNameOf(''), {
      atLeast: AT_LEAST,
    }),
    target(`${label}: p99 at most ${P99_AT_MOST} of by address`, byNameOf(' p99'), {
      atMost: P99_AT_MOST,
    }),
  );
  byNameOf(' CPU');
  for (const own of [ONLY, WITH]) {
    for (const against of [WITHOUT, NEIGHBOUR]) {
      const pair = [
        [`${own} address`, WORDS[own]],
        [`${against} address`, WORDS[against]],
      ];
      targets.push(
        target(
          `${label}, hosts not ours: ${WORDS[own]}, at least ${OTHERS_AT_LEAST} of the throughput ${WORDS[against]}`,
          ratio('', ...pair),
          { atLeast: OTHERS_AT_LEAST },
        ),
      );
      ratio(' CPU', ...pair);
    }
  }
}

await report(
  {
    claim: 'calls-by-name',
    title: `Calls by service name against calls by address, ${IN_FLIGHT} in flight`,
    server: registry.version,
    method: [
      `Each sample is ${REQUESTS} calls of one client with keep-alive to two instances in one other process, bodies read.`,
      'In one process with our preload, by name and by address (the two addresses in turn). Beside it the same program by address only: with the preload, without it, and without it but with another HTTP/2 connection in the process. All make the same number of calls.',
      `All that is compared takes turns in slices of ${REQUESTS_PER_SLICE} calls, back and forth. Processes are warmed up, and replaced after ${ROUNDS_PER_PROCESS} rounds.`,
      'p99: of the latencies of all calls of a sample. CPU: user and system time of the calling process for each call.',
    ],
    series: rows,
    comparisons,
    targets,
    rounds,
  },
  options,
);

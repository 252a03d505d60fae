/**
 * Claims: each HTTP client reaches, by service name, at least 0.97 of its throughput by address and at most 1.05 of its 99th percentile,
 * with 32 calls in flight; and calls to addresses cost the same with us and without us. Runs against the dev server of the build.
 * Writes results/calls-by-name.json.
 *
 * Without us three times: alone; once more, for what luck alone makes of it; and next to some other HTTP/2 connection, since Node's streams are slower in
 * a process that has two kinds of them. One process may be some percent faster than another that runs the same: each round has new ones. They are warmed up
 * in turn as well: one that waits for the others meanwhile gets another heap (measured: 4 %).
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
const WARM_UP_SLICES = 20;
const SLICES = 10;
const REQUESTS_PER_SLICE = 320;
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
const AGAIN = 'again';
const NEIGHBOUR = 'neighbour';
const WORDS = {
  [WITH]: 'by address next to calls by name',
  [ONLY]: 'by address only',
  [WITHOUT]: 'without the preload',
  [AGAIN]: 'without the preload, once more',
  [NEIGHBOUR]: 'without the preload next to HTTP/2',
};
const WAYS = Object.keys(WORDS);

const options = benchOptions(20);
const servers = startNode([subject('two-servers.cjs')]);
const { ports, http2Port } = await servers.said('listening');
const registry = await serverWith({ [SERVICE]: ports.map((port) => ({ ip: '127.0.0.1', port })) });
const byAddress = ports.map((port) => `http://127.0.0.1:${port}/`);
/** What a slice calls. Two each: a process that has made more calls is faster. */
const WITH_NAME = { name: [`http://${SERVICE}/`], address: byAddress };
const WITHOUT_NAME = { other: byAddress, address: byAddress };
const PRELOADS = {
  [WITH]: ['--require', REGISTER],
  [ONLY]: ['--require', REGISTER],
  [WITHOUT]: [],
  [AGAIN]: [],
  [NEIGHBOUR]: ['--require', subject('http2-neighbour.cjs')],
};

function startCaller(client, way) {
  return startNode([...PRELOADS[way], subject('caller.cjs'), client], {
    stdin: 'pipe',
    env: {
      NACOS_SERVER: registry.address,
      NACOS_DISK_CACHE: 'false',
      NEIGHBOUR_PORT: String(http2Port),
    },
  });
}

async function call(caller, targets) {
  caller.tell({ targets, slices: 1, requests: REQUESTS_PER_SLICE, inFlight: IN_FLIGHT });
  const answer = await Promise.race([caller.said('called', 60_000), caller.said('failed', 60_000)]);
  if (answer.event === 'failed') throw new Error(answer.reason);
  return answer.took;
}

/** Every way has every place, with every other before it. */
function inTurn(turn) {
  const shift = turn % WAYS.length;
  const turned = [...WAYS.slice(shift), ...WAYS.slice(0, shift)];
  return turn % 2 === 0 ? turned : turned.reverse();
}

const middleOf = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

let round = 0;

/** All ways of one client, slice by slice in turn, so that what drifts on the machine meets all of them alike. */
async function measure(client) {
  round += 1;
  const children = {};
  const slices = {};
  try {
    for (const way of inTurn(round)) children[way] = startCaller(client, way);
    for (let slice = -WARM_UP_SLICES; slice < SLICES; slice += 1) {
      for (const way of inTurn(round + slice + WARM_UP_SLICES)) {
        const targets = Object.entries(way === WITH ? WITH_NAME : WITHOUT_NAME);
        const turned = Object.fromEntries(slice % 2 === 0 ? targets : targets.toReversed());
        const took = await call(children[way], turned);
        if (slice < 0) continue;
        for (const [name, one] of Object.entries(took)) (slices[`${way} ${name}`] ??= []).push(one);
      }
    }
  } finally {
    for (const child of Object.values(children)) await child.stop();
  }
  return Object.fromEntries(
    Object.entries(slices).flatMap(([key, all]) => {
      const latencies = all.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b);
      return [
        [key, (REQUESTS_PER_SLICE / middleOf(all.map(({ wallMs }) => wallMs))) * 1000],
        [`${key} p99`, latencies[Math.floor(latencies.length * 0.99)]],
        [`${key} CPU`, (middleOf(all.map(({ cpuMs }) => cpuMs)) / REQUESTS_PER_SLICE) * 1000],
      ];
    }),
  );
}

const rounds = [];
for (const client of Object.keys(CLIENTS)) {
  // One client after the other: more processes at a time would only be in each other's way.
  const subjects = [{ id: client, measure: () => measure(client) }];
  const measured = await runRounds({ rounds: options.pairs, subjects });
  for (const [at, { values, failures }] of measured.entries()) {
    rounds[at] ??= { values: {}, failures: {} };
    Object.assign(rounds[at].values, values);
    Object.assign(rounds[at].failures, failures);
  }
}
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
  for (const unit of ['', ' CPU']) {
    ratio(unit, [`${AGAIN} address`, WORDS[AGAIN]], [`${WITHOUT} address`, WORDS[WITHOUT]]);
  }
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
      `Each sample is ${SLICES} slices of ${REQUESTS_PER_SLICE} calls of one client with keep-alive to two instances in one other process, bodies read.`,
      'In one process with our preload, by name and by address (the two addresses in turn). Beside it the same program by address only: with the preload, without it, without it once more (what luck alone makes of it), and without it but with another HTTP/2 connection in the process. All make the same number of calls.',
      `All that is compared takes turns slice by slice, every one in every place. Each round has new processes, warmed up by ${WARM_UP_SLICES} slices each, in turn as well.`,
      'Throughput: of the middle slice. p99: of the latencies of all calls of a sample. CPU: user and system time of the calling process for each call, of the middle slice.',
    ],
    series: rows,
    comparisons,
    targets,
    rounds,
  },
  options,
);

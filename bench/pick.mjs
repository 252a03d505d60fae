/**
 * Claim: picking an instance takes less than 200 ns, however many there are, and less than with any peer from npm. The other balancers are
 * reported. Runs against the dev server of the build: the list is in memory before the clock starts. Writes results/pick.json.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startNode } from './lib/child.mjs';
import { serverWith } from './lib/dev-server.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, importBuilt, subject } from './lib/paths.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const SIZES = [3, 100, 1000];
const BELOW_NS = 200;
const OURS = 'nacos-serving';
const PEERS = ['npm nacos', 'rust binding'];
const { BALANCER_NAMES } = await importBuilt('index.js');
const serviceOf = (size) => `bench-pick-${size}`;

const options = benchOptions();
const server = await serverWith(
  Object.fromEntries(
    SIZES.map((size) => [
      serviceOf(size),
      Array.from({ length: size }, (_, i) => ({ ip: '10.11.12.13', port: 20_000 + i })),
    ]),
  ),
);
const programs = {
  [OURS]: [subject('pick-ours.mjs'), DIST],
  'npm nacos': [subject('pick-npm-nacos.cjs')],
  'rust binding': [subject('pick-rust-binding.cjs')],
  ...Object.fromEntries(
    BALANCER_NAMES.map((name) => [name, [subject('pick-balancer.mjs'), DIST, name]]),
  ),
};

async function measure(id) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nacos-serving-bench-'));
  const child = startNode([...programs[id], server.address, ...SIZES.map(serviceOf)], {
    env: { HOME: home, NACOS_CLIENT_LOGGER_LEVEL: 'WARN' },
  });
  try {
    const { picks } = await child.said('picked');
    return Object.fromEntries(SIZES.map((size) => [`of ${size}`, picks[serviceOf(size)]]));
  } finally {
    await child.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

const subjects = [OURS, ...PEERS, ...BALANCER_NAMES];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: subjects.map((id) => ({ id, measure: () => measure(id) })),
});
await server.close();

const ours = SIZES.map((size) =>
  series(rounds, { subject: OURS, metric: `of ${size}`, label: `${OURS}, of ${size}`, unit: 'ns' }),
);
const ratios = PEERS.flatMap((peer) =>
  SIZES.map((size) =>
    comparison(rounds, {
      kind: 'ratio',
      subject: peer,
      against: OURS,
      metric: `of ${size}`,
      label: `${peer} / ${OURS}, of ${size}`,
    }),
  ),
);
await report(
  {
    claim: 'pick',
    title: 'Picking one of 3, 100 and 1,000 instances',
    server: server.version,
    method: [
      'Each sample is a fresh process: 150 ms of warm-up, then 250 ms of picks in a row, for each size. All instances are healthy and of weight 1, and their list is in memory.',
      'Ours: `discovery.pick(name)`, synchronous, weighted round robin.',
      'By the name of a balancer: `calls.pickNow(name, call)` and `calls.settle(target, ended)` of the attempt that was picked 32 picks before, 1,024 keys in turn: what an attempt of a call by name costs in all.',
      'npm nacos: `await client.selectInstances(name)`, then one of them at random. Rust binding: `await client.selectOneHealthyInstance(name, group)`.',
    ],
    series: [
      ...ours,
      ...[...PEERS, ...BALANCER_NAMES].flatMap((id) =>
        SIZES.map((size) =>
          series(rounds, {
            subject: id,
            metric: `of ${size}`,
            label: `${id}, of ${size}`,
            unit: 'ns',
          }),
        ),
      ),
    ],
    comparisons: ratios,
    targets: [
      ...ours.map((row, i) =>
        target(`under ${BELOW_NS} ns of ${SIZES[i]}`, row, { below: BELOW_NS }),
      ),
      ...ratios.map((ratio) => target(`slower than ours: ${ratio.label}`, ratio, { above: 1 })),
    ],
    rounds,
  },
  options,
);

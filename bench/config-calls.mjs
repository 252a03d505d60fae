/**
 * Claim: configs are read, published and pushed faster than by any peer from npm. Needs a real server (NACOS_BENCH_SERVER). Writes
 * results/config-calls.json.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startNode } from './lib/child.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, importBuilt, subject } from './lib/paths.mjs';
import { peerEnv } from './lib/registration.mjs';
import { comparison, report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';

const OURS = 'nacos-serving';
const PEERS = ['rust binding', 'npm nacos'];
const KEYS = 200;
const PREFIX = `bench-${randomUUID().slice(0, 8)}`;

const options = benchOptions();
const { address, version } = await realServer();
const { createClient } = await importBuilt('index.js');
const client = createClient({ server: address, appName: 'bench' });
const names = Array.from({ length: KEYS }, (_, index) => `${PREFIX}-${index}`);
for (const [index, name] of names.entries()) {
  await client.config.publish(name, undefined, `value: ${index}\n${'x'.repeat(1000)}`);
}

function argsOf(library) {
  const rest = [address, PREFIX, String(KEYS)];
  if (library === OURS) return [subject('config-ours.mjs'), DIST, ...rest];
  return [subject(`config-${library.replace(' ', '-')}.cjs`), ...rest];
}

async function measure(library) {
  const home = mkdtempSync(path.join(os.tmpdir(), 'nacos-serving-bench-'));
  const child = startNode(argsOf(library), { env: peerEnv(home) });
  try {
    const first = await Promise.race([
      child.said('measured', 120_000),
      child.said('failed', 120_000),
    ]);
    if (first.event === 'failed') throw new Error(first.reason);
    const { get, perSecond, publish, push, afterReturn } = first;
    return { get, perSecond, publish, push, afterReturn };
  } finally {
    await child.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

const libraries = [OURS, ...PEERS];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: libraries.map((library) => ({ id: library, measure: () => measure(library) })),
});
for (const name of [...names, `${PREFIX}-p`, `${PREFIX}-w`]) await client.config.remove(name);
await client.close();

const METRICS = [
  { metric: 'get', what: 'get, one after another', unit: 'ms', below: 1 },
  { metric: 'perSecond', what: 'get, 64 in flight', unit: 'calls/s', above: 1 },
  { metric: 'publish', what: 'publish, one after another', unit: 'ms', below: 1 },
  { metric: 'push', what: 'from the call of publish to the listener', unit: 'ms', below: 1 },
  {
    metric: 'afterReturn',
    what: 'from the return of publish to the listener',
    unit: 'ms',
    below: 1,
  },
];
const compared = METRICS.flatMap(({ metric, what, below, above }) =>
  PEERS.map((peer) => ({
    ratio: comparison(rounds, {
      kind: 'ratio',
      subject: OURS,
      against: peer,
      metric,
      label: `${what}: ${OURS} / ${peer}`,
    }),
    text: `${what}: ahead of ${peer}`,
    bound: below === undefined ? { above } : { below },
  })),
);
await report(
  {
    claim: 'config-calls',
    title: 'Configs: get, publish, push',
    server: version,
    method: [
      `Each sample is a fresh process and the median of its calls: ${KEYS} configs of 1 KB got one after another; five times as many gets over the same configs with 64 in flight; 100 contents published to one config, one after another; 20 contents published to a config with a listener.`,
      'To the listener: until it was called with that content. From the return, a listener that is called before counts as 0; there a slow publish looks good, since the server begins to tell before it answers. What a server takes to tell (a step of 100 ms in Nacos 2.5) is in both.',
      'Every library is told of one server, the default namespace, and nothing else. npm nacos speaks HTTP, the others gRPC.',
    ],
    series: METRICS.flatMap(({ metric, what, unit }) =>
      libraries.map((id) => series(rounds, { subject: id, metric, label: `${what}: ${id}`, unit })),
    ),
    comparisons: compared.map(({ ratio }) => ratio),
    targets: compared.map(({ ratio, text, bound }) => target(text, ratio, bound)),
    rounds,
  },
  options,
);

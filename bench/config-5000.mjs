/**
 * Claim, reported without a target: what 5,000 listened configs cost a process that is idle, against one, and how long it takes to tell the server of all of them
 * again after a lost connection. Needs a real server (NACOS_BENCH_SERVER). Writes results/config-5000.json.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { startNode } from './lib/child.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, importBuilt, subject } from './lib/paths.mjs';
import { comparison, report, series } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';

const COUNTS = [1, 5000];
const IDLE_MS = 3000;
const AT_ONCE = 64;
const PREFIX = `bench-${randomUUID().slice(0, 8)}`;

const options = benchOptions();
const { address, version } = await realServer();
const [host, port] = address.split(':');
const { createClient } = await importBuilt('index.js');
const client = createClient({ server: address, appName: 'bench' });
const names = Array.from({ length: Math.max(...COUNTS) }, (_, index) => `${PREFIX}-${index}`);
await all(names, (name, index) => client.config.publish(name, undefined, `value: ${index}`));

async function all(list, act) {
  let next = 0;
  const worker = async () => {
    while (next < list.length) {
      const index = next++;
      await act(list[index], index);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Passes bytes on to the gRPC port, until it is told to cut. */
async function cutter() {
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect({ host, port: Number(port) + 1000, noDelay: true });
    near.setNoDelay(true);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: server.address().port,
    cut,
    close() {
      cut();
      server.close();
    },
  };
}

async function measure(count) {
  const way = await cutter();
  const server = `${address}?grpcPort=${way.port}`;
  const child = startNode([subject('config-listener.mjs'), DIST, server, PREFIX, String(count)], {
    stdin: 'pipe',
  });
  try {
    const { tookMs: listen } = await child.said('listening', 120_000);
    await sleep(IDLE_MS);
    const before = await used(child);
    await sleep(IDLE_MS);
    const after = await used(child);
    way.cut();
    const { tookMs: again } = await child.said('again', 60_000);
    const cpu = ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100;
    return { rss: after.rssMb, cpu, listen, again };
  } finally {
    await child.stop();
    way.close();
  }
}

async function used(child) {
  child.tell({});
  return child.said('used');
}

const idOf = (count) => `${count.toLocaleString('en-US')} ${count === 1 ? 'config' : 'configs'}`;
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: COUNTS.map((count) => ({ id: idOf(count), measure: () => measure(count) })),
});
await all(names, (name) => client.config.remove(name));
await client.close();

const [one, many] = COUNTS.map(idOf);
const METRICS = [
  ['rss', 'resident memory', 'MB'],
  ['cpu', 'CPU while idle', '% of a core'],
  ['listen', 'from the first listen to all known', 'ms'],
  ['again', 'from connected again to all told', 'ms'],
];
await report(
  {
    claim: 'config-5000',
    title: '5,000 listened configs',
    server: version,
    method: [
      'Each sample is a fresh process with one client, which listens to configs that are all there.',
      `Memory is read ${(2 * IDLE_MS) / 1000} s after all are known, CPU over the last ${IDLE_MS / 1000} s of these, in which the connection is kept alive and nothing changes. No garbage collection is forced.`,
      'Then the connection is cut between client and server. The clock runs from the client being connected again until the server has confirmed the listeners of all configs.',
    ],
    series: METRICS.flatMap(([metric, what, unit]) =>
      [one, many].map((id) =>
        series(rounds, { subject: id, metric, label: `${id}, ${what}`, unit }),
      ),
    ),
    comparisons: METRICS.slice(0, 2).map(([metric, what, unit]) =>
      comparison(rounds, {
        kind: 'difference',
        subject: many,
        against: one,
        metric,
        label: `added by ${many}, ${what}`,
        unit,
      }),
    ),
    targets: [],
    rounds,
  },
  options,
);

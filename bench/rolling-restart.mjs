/**
 * Claim: a rolling restart of three instances under constant load fails no call. Needs a real server (NACOS_BENCH_SERVER). Writes
 * results/rolling-restart.json. Beside it the same with `shutdown.graceful` off: the instances leave when they end, as with
 * a client library alone that drops its registrations with its connection.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { benchOptions } from './lib/options.mjs';
import { REGISTER, ROOT } from './lib/paths.mjs';
import { report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';
import { realServer } from './lib/server.mjs';
import { openWatch } from './lib/watch.mjs';

const IN_FLIGHT = 32;
const OURS = 'nacos-serving';
const AT_ONCE = 'shutdown.graceful off';
const APPS = path.join(ROOT, 'test', 'fixtures', 'apps');
/** Without handlers; Express with its own; one that closes its server by itself. */
const INSTANCES = [
  ['plain', 'SIGTERM'],
  ['express', 'SIGTERM'],
  ['closing', 'SIGUSR2'],
];

const options = benchOptions();
const { address, version } = await realServer();
const watch = await openWatch(address);
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process under our preload, and its lines as they come. */
function start(args, env) {
  const child = spawn(process.execPath, ['--require', REGISTER, ...args], {
    env: { PATH: process.env.PATH, NACOS_SERVER: address, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  running.add(child);
  const exited = once(child, 'exit').then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout });
  const line = (pattern) =>
    new Promise((resolve, reject) => {
      lines.on('line', (text) => {
        const match = pattern.exec(text);
        if (match !== null) resolve(match);
      });
      void exited.then(() => reject(new Error(`ended without saying ${pattern}`)));
    });
  return { child, exited, line };
}

async function startInstance(name, env) {
  const app = start([path.join(APPS, 'servers', `rolling-${name}.cjs`)], env);
  const [, port] = await app.line(/^listening on (\d+)$/);
  await watch.visible(env.NACOS_SERVICE_NAME, Number(port));
  return app;
}

/** Restarts each instance once. */
async function measure(id, tag) {
  const service = `bench-rolling-${process.pid}-${id === OURS ? 'ours' : 'off'}-${tag}`;
  const env = {
    NACOS_SERVICE_NAME: service,
    ...(id === OURS ? {} : { NACOS_GRACEFUL_SHUTDOWN: 'false' }),
  };
  const instances = await Promise.all(INSTANCES.map(([name]) => startInstance(name, env)));
  const caller = path.join(APPS, 'callers', 'constant-load.mjs');
  const load = start([caller, `http://${service}/any/path`, String(IN_FLIGHT)], {});
  const told = load.line(/^calls: (\d+), failed: (\d+)$/);
  await load.line(/^answered: /);
  for (const [index, [name, signal]] of INSTANCES.entries()) {
    instances[index].child.kill(signal);
    await instances[index].exited;
    instances[index] = await startInstance(name, env);
  }
  load.child.stdin.end();
  const [, calls, failed] = await told;
  for (const { child } of instances) child.kill('SIGKILL');
  await Promise.all(instances.map(({ exited }) => exited));
  return { calls: Number(calls), failed: Number(failed) };
}

const subjects = [OURS, AT_ONCE];
const rounds = await runRounds({
  rounds: options.pairs,
  subjects: subjects.map((id) => ({ id, measure: (tag) => measure(id, tag) })),
});
await watch.close();

const total = (subject, metric) =>
  rounds.reduce((sum, { values }) => sum + (values[subject]?.[metric] ?? 0), 0);
const failed = total(OURS, 'failed');
await report(
  {
    claim: 'rolling-restart',
    title: 'Failed calls in a rolling restart',
    server: version,
    method: [
      `Each sample: three instances, each stopped and started again once, one after the other, under ${IN_FLIGHT} calls in flight, half by fetch and half by http with kept connections, every third a POST.`,
      'One instance has no signal handler, one is Express with a handler that closes, one closes its server by itself.',
      'Both subjects find the instances by name through our preload. The second has `shutdown.graceful` off: the instances leave the registry when they close or end.',
      `In all rounds together: ${total(OURS, 'calls')} calls and ${failed} failed; with it off ${total(AT_ONCE, 'calls')} and ${total(AT_ONCE, 'failed')}.`,
    ],
    series: subjects.flatMap((subject) => [
      series(rounds, { subject, metric: 'failed', label: `${subject}, failed`, unit: 'calls' }),
      series(rounds, { subject, metric: 'calls', label: `${subject}, all`, unit: 'calls' }),
    ]),
    targets: [target('no call fails in any round', exactly(failed), { atMost: 0 })],
    rounds,
  },
  options,
);

function exactly(value) {
  return { n: rounds.length, low: value, median: value, high: value, unit: 'calls' };
}

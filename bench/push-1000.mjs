/**
 * Claim: a pushed list of 1,000 instances is in use after less than 5 ms of a busy event loop. Runs against the dev server of the build.
 * Writes results/push-1000.json.
 */
import { startNode } from './lib/child.mjs';
import { benchOptions } from './lib/options.mjs';
import { DIST, importBuilt, subject, versions } from './lib/paths.mjs';
import { report, series, target } from './lib/report.mjs';
import { runRounds } from './lib/rounds.mjs';

const COUNT = 1000;
const BELOW_MS = 5;
const PUSHES = 10;
const SERVICE = 'bench-push';

const options = benchOptions();
const { startDevServer } = await importBuilt('dev-server/index.js');
const { createClient } = await importBuilt('index.js');
const server = await startDevServer();
const client = createClient({ server: server.address });
const instances = Array.from({ length: COUNT }, (_, index) => ({
  ip: `10.0.${Math.floor(index / 250)}.${index % 250}`,
  port: 8080,
  metadata: { version: '1.4.2', zone: 'a', 'preserved.register.source': 'SPRING_CLOUD' },
}));
await client.naming.registerBatch(SERVICE, instances);

/** One instance of the many has another weight: the whole list is pushed, as Nacos does. */
async function change(turn) {
  const [first, ...rest] = instances;
  await client.naming.registerBatch(SERVICE, [{ ...first, weight: 1 + turn }, ...rest]);
}

let turn = 0;
async function measure() {
  const receiver = startNode([subject('push-receiver.mjs'), DIST, SERVICE], {
    stdin: 'pipe',
    env: { NACOS_SERVER: server.address },
  });
  try {
    await receiver.said('ready');
    const times = [];
    const cpu = [];
    for (let push = 0; push < PUSHES; push += 1) {
      receiver.tell({});
      await receiver.said('armed');
      turn += 1;
      await change(turn);
      const { activeMs, cpuMs, size } = await receiver.said('applied');
      if (size !== COUNT) throw new Error(`a list of ${size}`);
      times.push(activeMs);
      cpu.push(cpuMs);
    }
    const middle = (all) => all.slice(1).toSorted((a, b) => a - b)[Math.floor((PUSHES - 1) / 2)];
    return { first: times[0], next: middle(times), cpu: middle(cpu) };
  } finally {
    await receiver.stop();
  }
}

const rounds = await runRounds({
  rounds: options.pairs,
  subjects: [{ id: 'nacos-serving', measure }],
});
await client.close();
await server.close();

const first = series(rounds, {
  subject: 'nacos-serving',
  metric: 'first',
  label: 'first push of a process',
  unit: 'ms',
});
const next = series(rounds, {
  subject: 'nacos-serving',
  metric: 'next',
  label: `median of the next ${PUSHES - 1}`,
  unit: 'ms',
});
const cpu = series(rounds, {
  subject: 'nacos-serving',
  metric: 'cpu',
  label: `median of the next ${PUSHES - 1}, CPU of the process`,
  unit: 'ms',
});
await report(
  {
    claim: 'push-1000',
    title: 'A pushed list of 1,000 instances taken into use',
    server: `dev server of nacos-serving ${versions()['nacos-serving']}`,
    method: [
      'Each round is a fresh process that calls the service through discovery. Each push differs in one weight and holds all instances, with three entries of metadata each.',
      'Time that the event loop was busy (eventLoopUtilization) from before the push until the new list was in use and had been picked from: reading the socket, decoding, comparing, building the balancer.',
      'CPU: user and system time of all threads of the process from the push on, with what the machine makes it wait for left out.',
    ],
    series: [first, next, cpu],
    comparisons: [],
    targets: [target(`under ${BELOW_MS} ms`, next, { below: BELOW_MS })],
    rounds,
  },
  options,
);

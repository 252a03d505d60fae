// The whole story in one command: an embedded Nacos-compatible server, two copies of an unmodified Express app registered by
// our CLI, and an unmodified program that calls them by name while they come, leave and die.
// On a terminal everything stays up until Ctrl-C; otherwise it ends with exit code 0, or 1 when something went wrong.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { createClient } from 'nacos-serving';
import { startDevServer } from 'nacos-serving/dev-server';

const SERVICE = 'demoservice';
const CALLS_EACH = 12;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const cli = here('../../dist/cli/main.js');
const preload = createRequire(import.meta.url).resolve('nacos-serving/register');

const server = await startDevServer({ port: 0 });
const client = createClient({ server: server.address });
const env = { ...process.env, NACOS_SERVER: server.address };
const children = new Set();
say(`Nacos-compatible server on ${server.address}`);

function say(text) {
  console.log(`[demo] ${text}`);
}

function start(argv, name, extra = {}) {
  const child = spawn(process.execPath, argv, {
    env: { ...env, PROVIDER_NAME: name },
    stdio: ['pipe', 'pipe', 'inherit'],
    ...extra,
  });
  children.add(child);
  const exit = once(child, 'exit').finally(() => children.delete(child));
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => console.log(`[${name}] ${line}`));
  return { child, lines, name, exit };
}

/** Our CLI, and nothing else, is what makes the app a member of the registry. */
function startProvider(name) {
  return start([cli, '--service-name', SERVICE, here('provider/app.js')], name);
}

/** Resolves when the list of the service says what `wanted` asks for. */
function listed(wanted) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error('the service list did not change in time')),
      20_000,
    );
    const watch = client.naming.subscribe(SERVICE, ({ instances }) => {
      if (!wanted(instances)) return;
      clearTimeout(late);
      watch.close().then(resolve, reject);
    });
  });
}

/** Resolves after the consumer has had that many answers from the named provider. */
function answers(consumer, from, count) {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const stop = (settle) => {
      consumer.lines.off('line', onLine);
      consumer.child.off('exit', onExit);
      settle();
    };
    const onLine = (line) => {
      if (line.includes(`: ${from} on port`)) seen += 1;
      if (seen >= count) stop(resolve);
    };
    const onExit = () => stop(() => reject(new Error('the consumer ended too early')));
    consumer.lines.on('line', onLine);
    consumer.child.on('exit', onExit);
  });
}

async function demo() {
  const a = startProvider('provider A');
  const b = startProvider('provider B');
  await listed((instances) => instances.length === 2);
  say('A and B are registered; a consumer calls http://demoservice/hello');

  const consumer = start(['--require', preload, here('consumer/app.js')], 'consumer');
  let total = '';
  consumer.lines.on('line', (line) => {
    if (line.startsWith('calls: ')) total = line;
  });
  await Promise.all([
    answers(consumer, 'provider A', CALLS_EACH),
    answers(consumer, 'provider B', CALLS_EACH),
  ]);

  say('stopping A gracefully while calls go on');
  a.child.kill('SIGTERM');
  await a.exit;
  say('A has left; starting C');
  const c = startProvider('provider C');
  await listed((instances) => instances.length === 2);
  await answers(consumer, 'provider C', CALLS_EACH);

  say('killing B with -9 while calls go on');
  // The CLI may have started the app as a child of its own: what is killed is the process that serves.
  process.kill(await servingPid(b), 'SIGKILL');
  await answers(consumer, 'provider C', CALLS_EACH * 2);

  consumer.child.stdin.end();
  await consumer.exit;
  if (process.stdout.isTTY === true) {
    console.log(total);
    say('C is up until Ctrl-C. Look at');
    say(`  http://${server.address}/nacos/v1/ns/instance/list?serviceName=${SERVICE}`);
    say(`  http://${server.address}/nacos/v3/client/ns/instance/list?serviceName=${SERVICE}`);
    say(`  http://${server.address}/nacos/v1/ns/service/list?pageNo=1&pageSize=10`);
    await once(process, 'SIGINT');
  }
  // From a terminal, Ctrl-C has reached C already; a second signal would only hurry it.
  if (process.stdout.isTTY !== true) c.child.kill('SIGTERM');
  await c.exit;
  return total;
}

/** The process which holds the port: the CLI's own, or the child it mirrors on a Node without execve. */
async function servingPid(provider) {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', String(provider.child.pid)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  ps.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await Promise.race([once(ps, 'close'), once(ps, 'error')]);
  return Number(text.trim().split('\n')[0]) || provider.child.pid;
}

try {
  const total = await demo();
  await client.close();
  await server.close();
  console.log(total);
} catch (error) {
  console.error(error);
  for (const child of children) child.kill('SIGKILL');
  process.exitCode = 1;
  await client.close();
  await server.close();
}

/**
 * Listens to many configs and says when all are known, what it uses, and when all are known to the server again after its connection was cut. Started by
 * config-5000.mjs: `config-listener.mjs DIST SERVER PREFIX COUNT`. A line on stdin asks what it uses. Ends on SIGTERM.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { nowMs, say } = createRequire(import.meta.url)('./say.cjs');
const [dist, server, prefix, count] = process.argv.slice(2);
const { createClient } = await import(pathToFileURL(path.join(dist, 'index.js')).href);
const client = createClient({ server, logger: silent() });
process.once('SIGTERM', () => process.exit(0));
createInterface({ input: process.stdin }).on('line', () => {
  const { user, system } = process.cpuUsage();
  say('used', { rssMb: process.memoryUsage.rss() / 1_048_576, cpuMs: (user + system) / 1000 });
});

const beganMs = nowMs();
const subscriptions = Array.from({ length: Number(count) }, (_, index) =>
  client.config.listen(`${prefix}-${index}`),
);
await Promise.all(subscriptions.map((each) => each.ready({ timeoutMs: 60_000 })));
await allLive();
say('listening', { tookMs: nowMs() - beganMs });

client.config.onConnectionState((state) => {
  if (state !== 'ready') return;
  const readyMs = nowMs();
  void allLive().then(() => say('again', { tookMs: nowMs() - readyMs }));
});

/** There is no event for it, and looking every millisecond costs what is measured: so every 5 ms. */
async function allLive() {
  while (subscriptions.some(({ state }) => state !== 'live')) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function silent() {
  return { debug() {}, info() {}, warn() {}, error() {} };
}

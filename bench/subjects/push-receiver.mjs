/**
 * Uses a service of many instances through discovery, as calls by name do. For each line on stdin: says how long its event loop was busy from
 * then until the next pushed list was in use and had been picked from. Ends on SIGTERM.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { say } = createRequire(import.meta.url)('./say.cjs');
const [dist, service] = process.argv.slice(2);
const { createClient, createDiscovery } = await import(
  pathToFileURL(path.join(dist, 'index.js')).href
);

const client = createClient({ server: process.env.NACOS_SERVER });
const discovery = createDiscovery({ naming: client.naming });
await discovery.resolve(service);

let before;
let cpuBefore;
// Told after discovery, which subscribed first: so the list is in use by now.
client.naming.subscribe(service, ({ instances }) => {
  if (before === undefined) return;
  const { port } = discovery.pick(service);
  const { active } = performance.eventLoopUtilization(before);
  const { user, system } = process.cpuUsage(cpuBefore);
  before = undefined;
  // Of the turn that is not over yet, too: up to this line.
  say('applied', { activeMs: active, cpuMs: (user + system) / 1000, size: instances.length, port });
});

createInterface({ input: process.stdin }).on('line', () => {
  // After the turn that reads this line, so that none of it counts.
  setImmediate(() =>
    setImmediate(() => {
      cpuBefore = process.cpuUsage();
      before = performance.eventLoopUtilization();
      say('armed');
    }),
  );
});
say('ready');

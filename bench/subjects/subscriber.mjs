/**
 * Uses so many services through discovery, as calls by name do, and then does nothing. Says `subscribed`; a line on stdin is answered with the
 * memory and the CPU time of the process. Ends on SIGTERM.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { say } = createRequire(import.meta.url)('./say.cjs');
const [dist, prefix, count] = process.argv.slice(2);
const { createClient, createDiscovery } = await import(
  pathToFileURL(path.join(dist, 'index.js')).href
);

const client = createClient({ server: process.env.NACOS_SERVER });
const discovery = createDiscovery({ naming: client.naming });
const names = Array.from({ length: Number(count) }, (_, index) => `${prefix}-${index}`);
await Promise.all(names.map((name) => discovery.resolve(name)));

createInterface({ input: process.stdin }).on('line', () => {
  const { user, system } = process.cpuUsage();
  say('used', { cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 1e6 });
});
say('subscribed');

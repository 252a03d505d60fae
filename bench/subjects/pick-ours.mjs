/**
 * Picks with nacos-serving: `pick-ours.mjs DIST SERVER SERVICE...`. Started by pick.mjs.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { measurePicks } = createRequire(import.meta.url)('./pick-times.cjs');
const [dist, server, ...services] = process.argv.slice(2);
const { createClient, createDiscovery } = await import(
  pathToFileURL(path.join(dist, 'index.js')).href
);
const discovery = createDiscovery({ naming: createClient({ server }).naming });

await measurePicks(services, async (service) => {
  await discovery.resolve(service);
  return () => discovery.pick(service);
});

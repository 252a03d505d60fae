/**
 * Registers many services, or many instances of one, with nacos-serving, and says how long that took. Started by register-1000.mjs and
 * batch-1000.mjs: `register-ours.mjs DIST SERVER PREFIX COUNT services|batch`. Ends on SIGTERM.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { measureRegistration } = createRequire(import.meta.url)('./registration-times.cjs');
const [dist, server, prefix, count, mode] = process.argv.slice(2);
let client;

await measureRegistration({
  count: Number(count),
  prefix,
  mode,
  async connect() {
    const { createClient } = await import(pathToFileURL(path.join(dist, 'index.js')).href);
    client = createClient({ server });
    await client.connect();
  },
  register: (service, instance) => client.naming.register(service, instance),
  registerBatch: (service, instances) => client.naming.registerBatch(service, instances),
  cleanUp: () => client.close(),
});

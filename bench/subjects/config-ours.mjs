/** The calls of config-times.cjs with nacos-serving: `config-ours.mjs DIST SERVER PREFIX KEYS`. No copy on disk, as the peers are set up. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { measureConfig } = createRequire(import.meta.url)('./config-times.cjs');
const [dist, server, prefix, keys] = process.argv.slice(2);
let client;

await measureConfig({
  prefix,
  keys: Number(keys),
  async connect() {
    const { createClient } = await import(pathToFileURL(path.join(dist, 'index.js')).href);
    client = createClient({ server });
  },
  get: (dataId, group) => client.config.get(dataId, group),
  publish: (dataId, group, content) => client.config.publish(dataId, group, content),
  async listen(dataId, group, listener) {
    const subscription = client.config.listen(dataId, group, (version) =>
      listener(version?.content),
    );
    await subscription.ready();
  },
  close: () => client.close(),
});

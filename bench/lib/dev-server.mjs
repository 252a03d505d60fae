/**
 * Owns the embedded server for the benches in which the registry is not what is measured: started here from the build under test, with
 * services of a given size put in. Used by pick and calls-by-name.
 */
import { importBuilt, versions } from './paths.mjs';

/** @param {Record<string, { ip: string, port: number }[]>} services */
export async function serverWith(services) {
  const { startDevServer } = await importBuilt('dev-server/index.js');
  const { createClient } = await importBuilt('index.js');
  const server = await startDevServer();
  const client = createClient({ server: server.address });
  for (const [service, instances] of Object.entries(services)) {
    await client.naming.registerBatch(service, instances);
  }
  return {
    address: server.address,
    version: `dev server of nacos-serving ${versions()['nacos-serving']}`,
    async close() {
      await client.close();
      await server.close();
    },
  };
}

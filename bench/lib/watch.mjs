/**
 * Owns what the registry shows, asked over gRPC through our own client by the bench itself: the same eye for all subjects.
 * Used by the benches that need a server. The HTTP list would lag behind by half a second.
 */
import { importBuilt } from './paths.mjs';
import { nowMs, until } from './time.mjs';

const GONE_WITHIN_MS = 60_000;

export async function openWatch(address) {
  const { createClient } = await importBuilt('index.js');
  const client = createClient({ server: address, appName: 'bench' });
  await client.connect();
  const instancesOf = async (service) => (await client.naming.query(service)).instances;
  return {
    /** When the registry first listed an instance of the service with this port. */
    async visible(service, port) {
      return until(
        async () => (await instancesOf(service)).some((one) => one.port === port) && nowMs(),
        { what: `${service} visible` },
      );
    },
    /** Until all of these services are without instances. */
    async gone(services) {
      for (const service of services) {
        await until(async () => (await instancesOf(service)).length === 0, {
          what: `${service} gone`,
          everyMs: 10,
          timeoutMs: GONE_WITHIN_MS,
        });
      }
    },
    /** Until exactly so many instances of the service are listed. */
    async complete(service, count) {
      await until(async () => (await instancesOf(service)).length === count, {
        what: `${service} with ${count} instances`,
        everyMs: 10,
      });
    },
    close: () => client.close(),
  };
}

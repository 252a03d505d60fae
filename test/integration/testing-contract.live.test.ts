import { createClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import { describeContract } from '../helpers/client-contract.js';
import { openRegistry } from '../helpers/registry.js';

describeContract('a server', async () => {
  const registry = await openRegistry();
  return {
    client: () => createClient({ server: registry.address, logger: silentLogger }),
    uniqueName: (prefix) => registry.uniqueName(prefix),
    hasPatterns: registry.kind === 'nacos-3' || registry.kind === 'dev-server',
    close: () => registry.close(),
  };
});

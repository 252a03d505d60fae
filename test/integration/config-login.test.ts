import { expect, it } from 'vitest';

import { createClient } from '../../src/client/client.js';
import { startDevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';

it('configs of a server with login: over gRPC and HTTP, also after the server has forgotten the login', async () => {
  const auth = { username: 'shop', password: 'secret-7' };
  await using server = await startDevServer({ auth, configDelayMs: 5 });
  await using client = createClient({ server: server.address, logger: silentLogger, ...auth });
  await client.config.publish('app', undefined, 'x');
  await expect.poll(async () => (await client.config.get('app'))?.content).toBe('x');
  const ids = async () => (await client.config.list()).configs.map(({ dataId }) => dataId);
  expect(await ids()).toEqual(['app']);
  expect((await client.config.history('app')).count).toBe(1);

  await using nobody = createClient({ server: server.address, logger: silentLogger });
  await expect(nobody.config.get('app')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(nobody.config.list()).rejects.toMatchObject({ code: 'FORBIDDEN' });

  await expect
    .poll(async () => {
      server.faults.forgetTokens();
      return ids();
    })
    .toEqual(['app']);
});

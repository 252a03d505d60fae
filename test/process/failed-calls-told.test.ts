/** What the error of a failed call tells: service, group, namespace, each instance that was tried, and what that gave. */
import { rmSync } from 'node:fs';

import { expect, it } from 'vitest';

import { openContractWorld } from './client-contract-world.js';
import { clientsFolder, startHost } from './client-contract.js';

const PLACE = { group: 'DEFAULT_GROUP', namespace: 'public' };

it.each(['http', 'undici-7-request'])(
  'the error of %s tells where the call was to go, and what every instance gave',
  async (driver) => {
    await using world = await openContractWorld();
    const folder = clientsFolder();
    try {
      const env = { NACOS_SERVER: world.server.address, NACOS_CALL_TIMEOUT: '0.3' };
      await using host = await startHost({ folder, driver, mode: 'zero-code', env });
      const lost = await host.call('http://resetting-post/', { method: 'POST', body: 'once' });
      const { ip, port } = world.resetting;
      expect(lost.error?.call).toMatchObject({
        service: 'resetting-post',
        ...PLACE,
        tried: [{ ip, port, error: { message: expect.any(String) as string } }],
      });
      const late = await host.call('http://plain/hang');
      expect(late.error).toMatchObject({
        name: 'DiscoveryError',
        code: 'CALL_TIMEOUT',
        details: {
          service: 'plain',
          ...PLACE,
          timeoutMs: 300,
          tried: [`127.0.0.1:${String(world.plain.port)}`],
        },
        call: { tried: [{ port: world.plain.port, error: { code: 'CALL_TIMEOUT' } }] },
      });
      const none = await host.call('http://empty/');
      expect(none.error).toMatchObject({
        code: 'NO_INSTANCE',
        details: { service: 'empty', ...PLACE, unhealthy: 0, disabled: 0, weightless: 0 },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

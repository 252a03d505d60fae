/** Publishes configs for tests that look at who reads them, and waits until the server serves them. */
import { vi } from 'vitest';

import { createClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';

export interface ConfigWriter extends AsyncDisposable {
  put(dataId: string, content: string, group?: string): Promise<void>;
  remove(dataId: string, group?: string): Promise<void>;
}

/** `server`: host:port. */
export function aConfigWriter(server: string, namespace = 'public'): ConfigWriter {
  const client = createClient({ server, namespace, logger: silentLogger });
  const served = (dataId: string, group: string | undefined, content: string | undefined) =>
    vi.waitFor(
      async () => {
        const version = await client.config.get(dataId, group);
        if (version?.content !== content) throw new Error(`${dataId} is not served yet`);
      },
      { timeout: 15_000, interval: 20 },
    );
  return {
    async put(dataId, content, group) {
      await client.config.publish(dataId, group, content);
      await served(dataId, group, content);
    },
    async remove(dataId, group) {
      await client.config.remove(dataId, group);
      await served(dataId, group, undefined);
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/**
 * Owns apps of the registration's integration tests: HTTP servers on loopback, a registrar for each over a shared client, and a
 * look at what a registry lists. Everything is closed with the test.
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';

import type { NacosClient } from '../../src/client/client.js';
import { silentLogger } from '../../src/logger.js';
import type { ListeningServer } from '../../src/process-hub.js';
import { createRegistrar } from '../../src/registration/registrar.js';
import type { Registrar, RegistrarOptions } from '../../src/registration/registrar-options.js';
import { systemClock } from '../../src/util/clock.js';

export interface Apps {
  /** A plain server that answers everything with 200. */
  listen(server?: Server, host?: string): Promise<ListeningServer>;
  /** A registrar of its own for one server, as `registerServer` makes it. */
  registrar(client: NacosClient, service: string, options?: Partial<RegistrarOptions>): Registrar;
  close(): Promise<void>;
}

const IP = '10.99.0.2';

export function openApps(): Apps {
  const servers: Server[] = [];
  const registrars: Registrar[] = [];
  return {
    async listen(server = plain(), host = '127.0.0.1') {
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, host, resolve));
      return listening(server);
    },
    registrar(client, service, options = {}) {
      const registrar = createRegistrar({
        naming: client.naming,
        clock: systemClock,
        logger: silentLogger,
        registry: [{ host: '127.0.0.1', port: 8848 }],
        explicit: true,
        name: () => ({ name: service, because: 'of the test' }),
        address: async () => ({ ip: IP, because: 'of the test', candidates: [] }),
        ...options,
      });
      registrars.push(registrar);
      return registrar;
    },
    async close() {
      await Promise.all(registrars.splice(0).map((registrar) => registrar.close()));
      for (const server of servers.splice(0)) server.close();
    },
  };
}

export function listening(server: Server): ListeningServer {
  const address = server.address() as AddressInfo;
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return { server, local: server, scheme, host: address.address, port: address.port };
}

function plain(): HttpServer {
  return createServer((_, response) => response.end('ok'));
}

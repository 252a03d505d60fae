/**
 * Owns the registrar of the unit tests: a scripted registry, a fake clock, and what was said and told.
 */
import { Server } from 'node:net';

import { createLogger } from '../../../src/logger.js';
import type { ListeningServer } from '../../../src/process-hub.js';
import {
  createRegistrar,
  type Registrar,
  type RegistrarOptions,
} from '../../../src/registration/registrar.js';
import { createFakeClock, type FakeClock } from '../../helpers/fake-clock.js';
import { createFakeRegistry, type FakeRegistry } from '../../helpers/fake-naming-registration.js';

export interface Setup {
  readonly registrar: Registrar;
  readonly registry: FakeRegistry;
  readonly clock: FakeClock;
  /** `info  registered ...`, without our prefix. */
  readonly log: readonly string[];
  readonly active: readonly boolean[];
}

export function setUp(options: Partial<RegistrarOptions> = {}): Setup {
  const clock = createFakeClock();
  const registry = createFakeRegistry(clock);
  const log: string[] = [];
  const active: boolean[] = [];
  const registrar = createRegistrar({
    naming: registry.naming,
    clock,
    logger: createLogger({
      level: 'info',
      write: (line) => log.push(line.replace('nacos-serving ', '').trimEnd()),
    }),
    registry: [{ host: '127.0.0.1', port: 8848 }],
    name: () => ({ name: 'orders', because: 'from /srv/orders/package.json' }),
    address: async () => ({ ip: '10.0.0.5', because: 'of eth0', candidates: [] }),
    ...options,
  });
  registrar.onActive((now) => active.push(now));
  return { registrar, registry, clock, log, active };
}

export function on(port: number, host = '::', scheme: 'http' | 'https' = 'http'): ListeningServer {
  return { server: new Server(), local: undefined, scheme, host, port };
}

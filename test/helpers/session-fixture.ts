/** Owns a session and a naming client over the scripted server and the fake clock. */
import { RequestTimeoutError } from '../../src/errors.js';
import { createLogger, type Logger } from '../../src/logger.js';
import { NamingClient } from '../../src/naming/naming-client.js';
import { createEndpoints } from '../../src/remote/endpoints.js';
import { Session } from '../../src/remote/session.js';
import { createFakeClock, type FakeClock } from './fake-clock.js';
import { FakeServer } from './fake-transport.js';

export interface SessionFixture {
  readonly clock: FakeClock;
  readonly server: FakeServer;
  readonly session: Session;
  readonly naming: NamingClient;
  readonly log: readonly string[];
  readonly logger: Logger;
}

export function aSession(hosts: readonly string[] = ['10.0.0.1']): SessionFixture {
  const clock = createFakeClock();
  const server = new FakeServer();
  server.onHang = (bounds, reject, type) => {
    clock.after(bounds.timeoutMs, () => {
      reject(new RequestTimeoutError(`no answer to ${type}`));
    });
  };
  const log: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(line.trimEnd()) });
  const session = new Session({
    transport: server.transport,
    endpoints: createEndpoints(
      hosts.map((host) => ({ host, port: 8848, grpcPort: 9848 })),
      () => 0,
    ),
    identity: {
      module: 'naming',
      namespace: 'public',
      appName: 'tests',
      clientVersion: 'Nacos-Test-Client:v0.0.0',
    },
    clock,
    logger,
    requestTimeoutMs: 3000,
    heartbeatIntervalMs: 5000,
    heartbeatTimeoutMs: 3000,
  });
  const naming = new NamingClient({
    session,
    namespace: 'public',
    clock,
    logger,
    requestTimeoutMs: 3000,
  });
  return { clock, server, session, naming, log, logger };
}

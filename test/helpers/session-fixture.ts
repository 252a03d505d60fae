/** Owns a session and a naming client over the scripted server and the fake clock. */
import { createLogger, type Logger } from '../../src/logger.js';
import { NamingClient } from '../../src/naming/naming-client.js';
import { createEndpoints } from '../../src/remote/endpoints.js';
import { Session } from '../../src/remote/session.js';
import { createFakeClock, settle, type FakeClock } from './fake-clock.js';
import { FakeServer } from './fake-transport.js';

export interface SessionFixture {
  readonly clock: FakeClock;
  readonly server: FakeServer;
  readonly session: Session;
  readonly naming: NamingClient;
  readonly log: readonly string[];
  readonly logger: Logger;
  /** As the client does it: first what stands on the session, then the session. */
  close(): Promise<void>;
}

/** Not started yet. Requests have 3 s, the heartbeat 5 s and 3 s. */
export function aSession(hosts: readonly string[] = ['10.0.0.1']): SessionFixture {
  const clock = createFakeClock();
  const server = new FakeServer(clock);
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
  const close = async (): Promise<void> => {
    naming.close();
    await session.close();
  };
  return { clock, server, session, naming, log, logger, close };
}

/** Connected. */
export async function aReadySession(hosts?: readonly string[]): Promise<SessionFixture> {
  const fixture = aSession(hosts);
  fixture.session.start();
  await settle();
  return fixture;
}

/** How a promise stands, without waiting for it. */
export interface Outcome<T> {
  state: 'pending' | 'resolved' | 'rejected';
  value?: T;
  error?: unknown;
}

export function outcomeOf<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { state: 'pending' };
  promise.then(
    (value) => Object.assign(outcome, { state: 'resolved', value }),
    (error: unknown) => Object.assign(outcome, { state: 'rejected', error }),
  );
  return outcome;
}

/**
 * Owns the one runtime of a process: reads the options once and joins client, registration and discovery behind the hub. Loaded by
 * `entry/register.cts` when a server starts to listen or a call by name is made, never earlier. It adds no rule of its own.
 */
import { networkInterfaces } from 'node:os';

import { createClient, type NacosClient } from '../client/client.js';
import { RegistrationError } from '../errors.js';
import { createLogger, type Logger } from '../logger.js';
import type { ListeningServer, ProcessHub, ProcessRuntime } from '../process-hub.js';
import type { Environment } from '../options/env.js';
import { loadOptions } from '../options/load.js';
import type { ResolvedOptions } from '../options/schema.js';
import { decideAddress } from '../registration/identity/address.js';
import { isLoopback } from '../registration/identity/interfaces.js';
import { decideName } from '../registration/identity/name.js';
import { routeTo } from '../registration/identity/route.js';
import { createRegistrar, type Registrar } from '../registration/registrar.js';
import { createShutdown, type Shutdown } from '../registration/shutdown.js';
import { systemClock } from '../util/clock.js';
import { runInBackground } from '../util/deferred.js';
import { createLazyCalls } from './lazy-calls.js';

/** What of the process the options and the identity are read from. */
export interface Surroundings {
  readonly env: Environment;
  readonly cwd: string;
  /** `process.argv[1]`: the app's script, when there is one. */
  readonly script: string | undefined;
}

/** @throws ConfigError when an option is wrong: the app then runs without us. */
export function startProcessRuntime(hub: ProcessHub, around: Surroundings): ProcessRuntime {
  const { options, notices } = loadOptions({ env: around.env, cwd: around.cwd });
  const { level, file } = options.logging;
  const logger = createLogger({ level, ...(file === undefined ? {} : { file }) });
  for (const notice of notices) logger.warn(notice);

  const client = createClient({
    server: options.server,
    namespace: options.namespace,
    heartbeatIntervalMs: options.heartbeat.intervalMs,
    heartbeatTimeoutMs: options.heartbeat.timeoutMs,
    logger,
    ...(options.service.name === undefined ? {} : { appName: options.service.name }),
  });
  const calls = createLazyCalls(
    async () => {
      const { createDiscovery } = await import('../discovery/discovery.js');
      return createDiscovery({
        naming: client.naming,
        group: options.service.group,
        emptyProtection: options.discovery.emptyProtection,
        logger,
        clock: systemClock,
      });
    },
    ({ message }) => {
      logger.error(`calls by name do not work: ${message}`);
    },
  );
  const servers = options.registration.autoRegister
    ? registration(hub, around, options, client, logger)
    : { serverUp: () => undefined, serverDown: () => undefined, serverClosing: () => undefined };
  return {
    calls,
    ...servers,
    requestSeen: () => undefined,
    wantsRequests: false,
    register: () => {
      throw new RegistrationError('NOT_REGISTERED', 'registration by code is being wired');
    },
    registrations: [],
    change: () => Promise.resolve([]),
    isReady: true,
  };
}

function registration(
  hub: ProcessHub,
  around: Surroundings,
  options: ResolvedOptions,
  client: NacosClient,
  logger: Logger,
): Pick<ProcessRuntime, 'serverUp' | 'serverDown' | 'serverClosing'> {
  const registrar = registrarOf(around, options, client, logger);
  // A server that others can reach listens already: the connection can be made while its identity is decided.
  const reachable = [...hub.servers.values()].some(({ host }) => !isLoopback(host));
  if (reachable) runInBackground(connectEarly(client));
  const shutdown = shutdownOf(around, options, client, registrar, logger);
  registrar.onActive((active) => {
    hub.setSignalHold(active && options.shutdown.graceful ? shutdown : undefined);
  });
  return {
    serverUp(server: ListeningServer) {
      // News of the time of loading is replayed: one that has closed meanwhile will not say so again.
      if (hub.servers.has(server.server)) shutdown.serverUp(server);
      registrar.serverUp(server);
    },
    serverDown(server) {
      shutdown.serverDown(server);
      registrar.serverDown(server);
    },
    serverClosing: (server) =>
      options.shutdown.graceful ? shutdown.serverClosing(server) : undefined,
  };
}

/** The registration says what it means when this fails; the session goes on trying. */
async function connectEarly(client: NacosClient): Promise<void> {
  await client.connect({ holdsProcess: false }).catch(() => undefined);
}

function registrarOf(
  around: Surroundings,
  options: ResolvedOptions,
  client: NacosClient,
  logger: Logger,
): Registrar {
  const { name, ip, port, group, cluster, weight, metadata } = options.service;
  return createRegistrar({
    naming: client.naming,
    clock: systemClock,
    logger,
    registry: options.server,
    name: () => decideName({ explicit: name, script: around.script, folder: around.cwd }),
    address: (boundHost) =>
      decideAddress({
        explicit: ip,
        boundHost,
        registry: options.server,
        interfaces: networkInterfaces,
        route: (server) => routeTo(server, systemClock),
      }),
    port: { explicit: port, environment: portOf(around.env['PORT']) },
    service: { group, cluster, weight, metadata },
  });
}

function shutdownOf(
  around: Surroundings,
  options: ResolvedOptions,
  client: NacosClient,
  registrar: Registrar,
  logger: Logger,
): Shutdown {
  return createShutdown({
    registrar,
    closeClient: () => client.close(),
    clock: systemClock,
    logger,
    timeoutMs: options.shutdown.timeoutMs,
    quietTimeMs: options.shutdown.quietTimeMs,
    deregister: options.shutdown.deregister,
    pm2: around.env['pm_id'] !== undefined,
  });
}

/** The app's own PORT variable says which of its servers is the service, when it holds a port. */
function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

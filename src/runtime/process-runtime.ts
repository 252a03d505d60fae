/**
 * Owns the one runtime of a process: reads the options once and joins client, registrations and discovery behind the hub. Loaded by
 * the hub when a server starts to listen, a call by name is made or code asks for it, never earlier. It adds no rule of its own.
 */
import type { NacosClient } from '../client/client.js';
import { createLogger, type Logger } from '../logger.js';
import type {
  ListeningServer,
  ProcessHub,
  ProcessRuntime,
  RegistrationStatus,
} from '../process-hub.js';
import type { Discovery } from '../discovery/discovery.js';
import { loadOptions } from '../options/load.js';
import type { OptionsInput, ResolvedOptions } from '../options/schema.js';
import { isLoopback } from '../registration/identity/interfaces.js';
import type { Registrar } from '../registration/registrar-options.js';
import { createShutdown } from '../registration/shutdown.js';
import { systemClock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { ClientPool } from './client-pool.js';
import { openDoors } from './doors.js';
import { createLazyCalls } from './lazy-calls.js';
import { makeRegistrar } from './make-registrar.js';
import { Registrations } from './registrations.js';
import type { Surroundings } from './surroundings.js';

/** @throws ConfigError when an option is wrong: the app then runs without us. */
export function startProcessRuntime(hub: ProcessHub, around: Surroundings): ProcessRuntime {
  const { options, notices } = load(around, hub.code);
  const { level, file } = options.logging;
  const logger = createLogger({ level, ...(file === undefined ? {} : { file }) });
  for (const notice of notices) logger.warn(notice);

  const pool = new ClientPool(logger);
  const client = pool.of(options);
  const discover = discoveryOf(client, options, logger);
  let discovery: Discovery | undefined;
  const discovered = async (): Promise<Discovery> => (discovery = await discover());
  const calls = createLazyCalls(async () => (await discovered()).calls, callsFailed(logger));
  const explicitCalls = createLazyCalls(
    async () => (await discovered()).explicitCalls,
    callsFailed(logger),
  );
  let leaving = false;
  const registrarBy = (own: ResolvedOptions, explicit: boolean): Registrar =>
    makeRegistrar({ options: own, around, explicit, naming: pool.of(own).naming, logger });
  const automatic =
    hub.automatic && options.registration.autoRegister ? registrarBy(options, false) : undefined;
  if (automatic !== undefined) connectEarly(hub, client);
  const registrations: Registrations = new Registrations({
    hub,
    automatic,
    explicit(server, code) {
      const { options: own } = load(around, code);
      doors.serverUp(server, own.health.path);
      return registrarBy(own, true);
    },
    closing: (server) => shutdown.serverClosing(server),
    onActive(active) {
      leaving &&= !active;
      hub.setSignalHold(active && options.shutdown.graceful ? hold : undefined);
      doors.setActive(active);
    },
  });
  const shutdown = createShutdown({
    registrar: registrations,
    closeClient: () => pool.close(),
    clock: systemClock,
    logger,
    timeoutMs: options.shutdown.timeoutMs,
    quietTimeMs: options.shutdown.quietTimeMs,
    deregister: options.shutdown.deregister,
    pm2: around.env['pm_id'] !== undefined,
    onStay: () => {
      leaving = false;
    },
  });
  let draining = false;
  const hold = {
    timeoutMs: options.shutdown.timeoutMs,
    leave(signal: string) {
      leaving = true;
      return shutdown.leave(signal);
    },
    drain() {
      draining = true;
      return shutdown.drain();
    },
    delivered: () => shutdown.delivered(),
  };
  let requests: ReturnType<Surroundings['watchFirstRequest']> | undefined;
  const watchRequests = ({ local }: ListeningServer): void => {
    if (!registrations.wantsRequests) return;
    requests ??= around.watchFirstRequest(() => {
      // It watches no longer: what code registers from now on waits for a request of its own time.
      requests = undefined;
      registrations.requestSeen();
    });
    if (local !== undefined) requests.add(local);
  };
  const runtime: ProcessRuntime = {
    calls,
    explicitCalls,
    async setRoutes(service, rules) {
      (await discovered()).setRoutes(service, rules);
    },
    watchService(service, listener) {
      let stop: (() => void) | undefined;
      let isStopped = false;
      const begin = async (): Promise<void> => {
        try {
          const opened = await discovered();
          if (!isStopped) stop = opened.watch(service, listener);
        } catch (error) {
          callsFailed(logger)(asError(error));
          if (!isStopped) listener(undefined);
        }
      };
      runInBackground(begin());
      return () => {
        isStopped = true;
        stop?.();
      };
    },
    ejected: (service) => discovery?.ejected(service) ?? [],
    resetEjections: (service) => discovery?.resetEjections(service),
    get discoveryStats() {
      return discovery?.stats() ?? [];
    },
    serverUp(server: ListeningServer) {
      // News of the time of loading is replayed: one that has closed meanwhile will not say so again.
      if (hub.servers.has(server.server)) shutdown.serverUp(server);
      doors.serverUp(server.local, options.health.path);
      registrations.serverUp(server);
      watchRequests(server);
    },
    serverDown(server) {
      shutdown.serverDown(server);
      // Our own drain has closed it: without deregistration the row goes with the connection.
      if (draining && !options.shutdown.deregister) return;
      registrations.serverDown(server);
    },
    serverClosing: (server) =>
      options.shutdown.graceful ? shutdown.serverClosing(server) : undefined,
    requestSeen: () => registrations.requestSeen(),
    register(server, code) {
      const registration = registrations.register(server, code);
      const itself = hub.servers.get(server);
      // Its callers are not sent away any more, should it have left before.
      if (itself !== undefined) shutdown.serverUp(itself);
      for (const listening of hub.servers.values()) watchRequests(listening);
      return registration;
    },
    get registrations() {
      return registrations.all;
    },
    look: (wait) => registrations.look(wait),
    get connection() {
      return pool.connection;
    },
    change: (change, wait) => registrations.change(change, wait),
    setReady: (ready) => registrations.setReady(ready),
    get isReady() {
      const all = registrations.all;
      return !leaving && all.length > 0 && all.every(takesTraffic);
    },
  };
  const doors = openDoors({
    runtime,
    options,
    around,
    logger,
    serves: (server) => registrations.serves(server),
  });
  return runtime;
}

function takesTraffic({ wantsTraffic, state }: RegistrationStatus): boolean {
  return wantsTraffic && (state === 'registering' || state === 'registered');
}

/** @throws ConfigError */
function load(around: Surroundings, code: object | undefined) {
  // Checked value by value in there, whatever it is.
  const given = code === undefined ? {} : { code: code as OptionsInput };
  return loadOptions({ env: around.env, cwd: around.cwd, ...given });
}

/** One discovery for all calls of the process, opened by the first of them. */
function discoveryOf(
  client: NacosClient,
  options: ResolvedOptions,
  logger: Logger,
): () => Promise<Discovery> {
  let opened: Promise<Discovery> | undefined;
  const open = async (): Promise<Discovery> => {
    const { makeDiscovery } = await import('./make-discovery.js');
    return makeDiscovery(options, { naming: client.naming, logger });
  };
  return () => (opened ??= open());
}

function callsFailed(logger: Logger): (error: Error) => void {
  return ({ message }) => {
    logger.error(`calls by name do not work: ${message}`);
  };
}

/** A server that others can reach listens already: the connection can be made while its identity is decided. */
function connectEarly(hub: ProcessHub, client: NacosClient): void {
  const reachable = [...hub.servers.values()].some(({ host }) => !isLoopback(host));
  if (!reachable) return;
  // The registration says what it means when this fails; the session goes on trying.
  runInBackground(client.connect({ holdsProcess: false }).catch(() => undefined));
}

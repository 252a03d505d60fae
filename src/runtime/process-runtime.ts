/**
 * Owns the one runtime of a process: reads the options once and joins client, registrations and discovery behind the hub. Loaded by
 * the hub when a server starts to listen, a call by name is made or code asks for it, never earlier. It adds no rule of its own.
 */
import type { NacosClient } from '../client/client.js';
import { createLogger, type Logger, type LogLevel } from '../logger.js';
import type {
  ListeningServer,
  ProcessHub,
  ProcessRuntime,
  RegistrationStatus,
} from '../process-hub.js';
import { DeclaredServices } from '../discovery/declared-services.js';
import type { Discovery } from '../discovery/discovery.js';
import { classifyHost } from '../discovery/target.js';
import { startedByCli } from '../options/env.js';
import { loadOptions, type LoadedOptions } from '../options/load.js';
import type { OptionsInput, ResolvedOptions } from '../options/schema.js';
import { isLoopback } from '../registration/identity/interfaces.js';
import type { Registrar } from '../registration/registrar-options.js';
import { createShutdown } from '../registration/shutdown.js';
import { systemClock } from '../util/clock.js';
import { asError, runInBackground } from '../util/deferred.js';
import { ClientPool } from './client-pool.js';
import { openDoors } from './doors.js';
import { createLazyCalls } from './lazy-calls.js';
import type { LiveLayer, LiveOptions } from './live-options.js';
import { LiveRegistrations } from './live-registrations.js';
import { makeRegistrar } from './make-registrar.js';
import { Registrations } from './registrations.js';
import type { Surroundings } from './surroundings.js';

/** @throws ConfigError when an option is wrong: the app then runs without us. */
export function startProcessRuntime(hub: ProcessHub, around: Surroundings): ProcessRuntime {
  const { options, notices } = load(around, hub.code);
  const { file } = options.logging;
  /** What counts now: `config.watch` may change some of it. */
  let current = options;
  let layer: LiveLayer | undefined;
  const level = (): LogLevel => current.logging.level;
  const logger = createLogger({ level, ...(file === undefined ? {} : { file }) });
  for (const notice of notices) logger.warn(notice);
  if (options.config.import.length > 0 && !startedByCli(around.env)) {
    logger.warn('config.import has no effect here: only `nacos-serving run` imports configs');
  }

  /** What happens before it has started, it would never hear of. */
  const telemetry = options.opentelemetry.enabled ? startOpenTelemetry(around, logger) : undefined;

  const pool = new ClientPool(logger);
  const client = pool.of(options);
  let discovery: Discovery | undefined;
  const discovered = discoveryOf(async () => {
    const { makeDiscovery } = await import('./make-discovery.js');
    return (discovery = makeDiscovery(current, { naming: client.naming, logger }));
  });
  const calls = createLazyCalls(async () => (await discovered()).calls, callsFailed(logger));
  const explicitCalls = createLazyCalls(
    async () => (await discovered()).explicitCalls,
    callsFailed(logger),
  );
  let declared = new DeclaredServices(current.discovery.services);
  let declaredBy = current;
  let leaving = false;
  const liveRegistrations = new LiveRegistrations(logger);
  const registrarBy = (own: ResolvedOptions, code?: object): Registrar => {
    const explicit = code !== undefined;
    const { naming } = pool.of(own);
    const registrar = makeRegistrar({ options: own, around, explicit, naming, logger });
    liveRegistrations.add(registrar, code ?? hub.code, own);
    return registrar;
  };
  const automatic =
    hub.automatic && options.registration.autoRegister ? registrarBy(options) : undefined;
  if (automatic !== undefined && telemetry === undefined) connectEarly(hub, client);
  const registrations: Registrations = new Registrations({
    hub,
    automatic,
    explicit(server, code) {
      const { options: own } = load(around, code, layer);
      doors.serverUp(server, own);
      return registrarBy(own, code);
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
    async closeClient() {
      await live?.close();
      await pool.close();
    },
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
  const comesUp = (server: ListeningServer): void => {
    if (hub.servers.has(server.server)) registrations.serverUp(server);
  };
  const runtime: ProcessRuntime = {
    calls,
    explicitCalls,
    declares(host) {
      if (declaredBy !== current) {
        declaredBy = current;
        declared = new DeclaredServices(current.discovery.services);
      }
      return (
        !declared.isEmpty && classifyHost(host) === 'dotted' && declared.of(host) !== undefined
      );
    },
    async hintOn(host) {
      // Nacos' own host is looked up for the very connection that would have to be waited for.
      const isNacos = options.server.some((server) => server.host === host);
      if (isNacos || classifyHost(host) === 'never') return undefined;
      try {
        return await (await discovered()).hintOn(host);
      } catch (error) {
        logger.debug(`${host}: ${asError(error).message}`);
        return undefined;
      }
    },
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
      doors.serverUp(server.local, options);
      // It is registered with what counts from the start, when that can be had.
      if (isSettled) comesUp(server);
      else runInBackground(settled.then(() => comesUp(server)));
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
  let live: LiveOptions | undefined;
  const { watch } = options.config;
  let isSettled = watch === undefined && telemetry === undefined;
  const settled = isSettled ? Promise.resolve() : settle();
  return runtime;

  async function settle(): Promise<void> {
    await telemetry;
    if (watch !== undefined) await follow(watch);
    isSettled = true;
  }

  /** Resolves when the first content counts, or does not come. */
  async function follow(words: string): Promise<void> {
    try {
      const { LiveOptions } = await import('./live-options.js');
      live = new LiveOptions({
        watch: words,
        group: options.service.group,
        config: client.config,
        load: (next) => load(around, hub.code, next),
        apply,
        logger,
        clock: systemClock,
      });
      await live.settled;
    } catch (error) {
      logger.error(asError(error).message);
    }
  }

  async function apply(loaded: LoadedOptions, next: LiveLayer | undefined): Promise<void> {
    const send = liveRegistrations.prepare((code) => load(around, code, next).options);
    const { callSettingsOf } = await import('./make-discovery.js');
    discovery?.reconfigure(callSettingsOf(loaded.options));
    current = loaded.options;
    layer = next;
    send();
  }
}

function takesTraffic({ wantsTraffic, state }: RegistrationStatus): boolean {
  return wantsTraffic && (state === 'registering' || state === 'registered');
}

/** @throws ConfigError */
function load(around: Surroundings, code: object | undefined, live?: LiveLayer) {
  // Checked value by value in there, whatever it is.
  const given = code === undefined ? {} : { code: code as OptionsInput };
  return loadOptions({ env: around.env, cwd: around.cwd, live, ...given });
}

/** With the SDK that the app has set up; without `@opentelemetry/api`, one line. Never rejects. */
async function startOpenTelemetry(around: Surroundings, logger: Logger): Promise<void> {
  try {
    const [{ apiOfApp }, { start }] = await Promise.all([
      import('../opentelemetry/from-app.js'),
      import('../opentelemetry/start.js'),
    ]);
    const api = apiOfApp(around);
    if (api !== undefined) start({ api, warn: (message) => logger.warn(message) });
    else {
      logger.error(
        'opentelemetry.enabled: the app has no @opentelemetry/api, so nothing is traced or measured: npm install @opentelemetry/api',
      );
    }
  } catch (error) {
    logger.error(`opentelemetry.enabled has no effect: ${asError(error).message}`);
  }
}

/** One discovery for all calls of the process, opened by the first of them. */
function discoveryOf(open: () => Promise<Discovery>): () => Promise<Discovery> {
  let opened: Promise<Discovery> | undefined;
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

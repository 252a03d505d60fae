/**
 * Owns the dev server as a whole: composes the parts, starts and stops them. Called by the CLI, by tests and demos. A
 * Nacos-compatible registry in this process, without Java: state lives in memory and ends with it. It is no
 * cluster and no production registry. Everything it opened is closed by `close()`.
 */
import type { Logger } from '../logger.js';
import { silentLogger } from '../logger.js';
import {
  DEFAULT_NAMESPACE,
  hostPort,
  toServiceRef,
  type Instance,
  type ServiceInput,
} from '../model.js';
import { systemClock, type Clock } from '../util/clock.js';
import type { Payload } from '../wire/payload.js';
import { AccessKeyCheck, type DevServerKeys } from './access-keys.js';
import { Connections, type Connection } from './connections.js';
import { FaultState } from './fault-state.js';
import { createFaults, type Faults } from './faults.js';
import { GrpcGate } from './grpc-gate.js';
import { configRoutes } from './http-api/config.js';
import { healthRoutes } from './http-api/health.js';
import { loginRoutes } from './http-api/login.js';
import { namingRoutes } from './http-api/naming.js';
import { HttpApi, type HttpRoutes } from './http-api/router.js';
import { IdleCheck } from './idle-check.js';
import { Pauses } from './pauses.js';
import { GRPC_PORT_OFFSET, listenOnPair } from './ports.js';
import { createRegistry, type Registry } from './registry.js';
import { Rpc } from './rpc.js';
import { TcpFront } from './tcp-front.js';
import type { DevServerTls } from './tls.js';
import { Tokens, type DevServerAuth } from './tokens.js';

/** What a dev server is made of. */
export interface DevServerOptions {
  /** HTTP port; gRPC listens 1000 above it. Default 0: any free pair. */
  readonly port?: number;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default: says nothing. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** Milliseconds from a change to its push, in which further changes are merged. Default 500, as real servers. */
  readonly pushDelayMs?: number;
  /** Milliseconds from a confirmed config publish to its being served. Default 100, about what real servers take. */
  readonly configDelayMs?: number;
  /** Calls need a login of this user. Default: no auth. */
  readonly auth?: DevServerAuth;
  /** gRPC calls have to be signed with these. Default: signatures are not looked at. A function is asked for each call. */
  readonly accessKeys?: DevServerKeys | (() => DevServerKeys);
  /** Default: plain text. */
  readonly tls?: DevServerTls;
  /** In front of the paths of the HTTP API; `/` for none. Default `/nacos`. */
  readonly contextPath?: string;
}

/** One registered connection, as it stands now. */
export interface ConnectionView {
  readonly connectionId: string;
  /** `naming`, `config`, or whatever the client said. */
  readonly module: string;
  readonly clientVersion: string;
  readonly clientIp: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A namespace that the server has from the start. */
export interface NamespaceOption {
  /** Default `public`. */
  readonly namespace?: string;
}

/** A Nacos-compatible server in this process. */
export interface DevServer extends AsyncDisposable {
  /** `host:port` for `NACOS_SERVER`. */
  readonly address: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly faults: Faults;
  /** Logins that were accepted so far. */
  readonly logins: number;
  /** The connections of now, registered or not. */
  connections(): readonly ConnectionView[];
  /** Everything published for a service, also disabled and unhealthy instances. */
  instances(service: ServiceInput, options?: NamespaceOption): readonly Instance[];
  /** Connection ids of who is subscribed to a service. */
  subscribers(service: ServiceInput, options?: NamespaceOption): readonly string[];
  /** Closes both ports and every socket. Idempotent. */
  close(): Promise<void>;
}

const DEFAULT_PUSH_DELAY_MS = 500;
const DEFAULT_CONFIG_DELAY_MS = 100;
/** Persistent instances over gRPC are not served: their requests get 302, as on servers before 2.3. */
const ABILITIES = { supportPersistentInstanceByGrpc: false, fuzzyWatch: true };

/**
 * Starts a Nacos-compatible server in this process:
 *
 *     await using server = await startDevServer();
 *     const client = createClient({ server: server.address });
 *     server.faults.dropConnections();
 *
 * @throws ConfigError INVALID_OPTION naming the port when it cannot be used.
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const server = new EmbeddedServer(options);
  try {
    await server.start(options.port ?? 0);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

class EmbeddedServer implements DevServer {
  readonly faults: Faults;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #connections: Connections;
  readonly #registry: Registry;
  readonly #gate: GrpcGate;
  readonly #http: TcpFront;
  readonly #api: HttpApi;
  readonly #idleCheck: IdleCheck;
  readonly #pauses: Pauses;
  readonly #tokens: Tokens;
  #closed: Promise<void> | undefined;

  constructor(options: DevServerOptions) {
    const { host = '127.0.0.1', logger = silentLogger, clock = systemClock } = options;
    const connections = new Connections(clock);
    const state = new FaultState();
    const pauses = new Pauses(clock);
    const tokens = new Tokens(options.auth, clock);
    const signatures = new AccessKeyCheck(keysOf(options.accessKeys), clock);
    const registry = createRegistry({
      clock,
      connections,
      pushDelayMs: options.pushDelayMs ?? DEFAULT_PUSH_DELAY_MS,
      dumpDelayMs: options.configDelayMs ?? DEFAULT_CONFIG_DELAY_MS,
    });
    const { handlers } = registry;
    const rpc = new Rpc({
      pauses,
      logger,
      connections,
      handlers,
      faults: state,
      abilities: ABILITIES,
      accepts: (module, request, body) =>
        tokens.accepts(request.headers['accessToken']) &&
        signatures.accepts(module, body, request.headers),
    });
    this.#host = host;
    this.#clock = clock;
    this.#connections = connections;
    this.#registry = registry;
    this.#gate = new GrpcGate({
      host,
      clock,
      tls: options.tls,
      handlers: {
        onClose: (peer) => connections.remove(peer),
        onUnary: (peer, request) => rpc.answer(peer, request),
        onStream: (peer, stream) => {
          stream.on('data', (message: Payload) => rpc.takeFromStream(peer, stream, message));
          // The stream may end before its connection, which stays registered and gets no push any more.
          stream.once('end', () => {
            connections.find(peer)?.streamEnded(stream);
            stream.end();
          });
          stream.once('cancelled', () => connections.find(peer)?.streamEnded(stream));
        },
      },
    });
    const api = new HttpApi({
      routes: this.#routes(state),
      forms: loginRoutes(tokens),
      accepts: (token) => tokens.accepts(token),
      logger,
      tls: options.tls,
      contextPath: (options.contextPath ?? '/nacos').replace(/\/+$/, ''),
    });
    this.#api = api;
    this.#http = new TcpFront({ host, createServer: () => api.createServer() });
    this.#idleCheck = new IdleCheck({ clock, connections, isPaused: () => this.#gate.frozen });
    this.#pauses = pauses;
    this.#tokens = tokens;
    this.faults = createFaults({
      pauses,
      state,
      connections,
      gate: this.#gate,
      setListening: (on) => this.#setListening(on),
      resetSockets: () => {
        this.#http.resetAll();
        this.#gate.front.resetAll();
      },
      forgetEphemeral: () => registry.forgetEphemeral(),
      forgetTokens: () => tokens.forget(),
      holdHttp: (on) => api.hold(on),
    });
  }

  get port(): number {
    return this.#http.port;
  }

  get grpcPort(): number {
    return this.#gate.front.port;
  }

  get address(): string {
    const anyHost = this.#host === '0.0.0.0' || this.#host === '::';
    return hostPort({ ip: anyHost ? '127.0.0.1' : this.#host, port: this.port });
  }

  get logins(): number {
    return this.#tokens.logins;
  }

  async start(port: number): Promise<void> {
    await this.#gate.start();
    await listenOnPair(port, this.#clock, {
      host: this.#host,
      listenHttp: (p) => this.#http.listen(p),
      listenGrpc: (p) => this.#gate.front.listen(p),
      stop: () => this.#http.stopListening(),
    });
    this.#idleCheck.start();
  }

  connections(): readonly ConnectionView[] {
    return this.#connections.all().map(viewOf);
  }

  instances(service: ServiceInput, options: NamespaceOption = {}): readonly Instance[] {
    return this.#registry.naming.instances(keyOf(service, options));
  }

  subscribers(service: ServiceInput, options: NamespaceOption = {}): readonly string[] {
    return [...this.#registry.subscriptions.of(keyOf(service, options)).keys()];
  }

  close(): Promise<void> {
    this.#closed ??= this.#stop();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #stop(): Promise<void> {
    this.#idleCheck.stop();
    this.#pauses.close();
    this.#api.hold(false);
    await Promise.all([this.#http.close(), this.#gate.close()]);
    this.#registry.close();
  }

  #routes(state: FaultState): HttpRoutes {
    const { naming, config, serviceInfo } = this.#registry;
    return new Map([
      ...namingRoutes({ store: naming, serviceInfo }),
      ...configRoutes(config),
      ...healthRoutes({
        isReady: () => !state.starting,
        port: () => this.port,
        grpcPort: () => this.grpcPort,
        namespaces: () => [...naming.namespaces(), ...config.namespaces()],
        configCount: (namespace) => config.count(namespace),
      }),
    ]);
  }

  async #setListening(on: boolean): Promise<void> {
    if (this.#closed !== undefined) return;
    if (!on) {
      this.#http.stopListening();
      this.#gate.front.stopListening();
      return;
    }
    const { port } = this;
    if (!this.#http.listening) await this.#http.listen(port);
    if (!this.#gate.front.listening) await this.#gate.front.listen(port + GRPC_PORT_OFFSET);
  }
}

function keysOf(keys: DevServerOptions['accessKeys']): (() => DevServerKeys) | undefined {
  return keys === undefined || typeof keys === 'function' ? keys : () => keys;
}

function keyOf(service: ServiceInput, options: NamespaceOption) {
  return { namespace: options.namespace ?? DEFAULT_NAMESPACE, service: toServiceRef(service) };
}

function viewOf(connection: Connection): ConnectionView {
  const { id, module, clientIp } = connection;
  const { clientVersion, labels } = connection.setup;
  return { connectionId: id, module, clientIp, clientVersion, labels };
}

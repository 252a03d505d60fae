/**
 * Owns a client: its sessions and the APIs over them. Built by users in code and by the runtime of a process. It reads no
 * environment, and no file but those that its options name: what it gets is what it uses. Closing it ends every socket, timer and wait.
 */
import type { ConfigApi, ConfigCipher } from '../config-api.js';
import { ConfigClient } from '../config/config-client.js';
import type { HttpGet } from '../config/http-get.js';
import { ConfigError } from '../errors.js';
import { createLogger, guardLogger, type Logger } from '../logger.js';
import { DEFAULT_NAMESPACE } from '../model.js';
import type { NamingApi, WaitOptions } from '../naming-api.js';
import { NamingClient } from '../naming/naming-client.js';
import type { ConnectionOptions } from '../options/connection.js';
import type { CredentialsProvider } from '../remote/auth/credentials.js';
import type { Login } from '../remote/auth/login.js';
import type { Identity } from '../remote/handshake.js';
import { Session } from '../remote/session.js';
import type { Transport } from '../remote/transport.js';
import { systemClock, type Clock } from '../util/clock.js';
import { VERSION } from '../version.js';
import { openConnection } from './connection.js';
import { createHttpGet } from './http-api.js';

/** What a client is made of. Nothing else is read: no environment, and no file but those that it names. */
export interface ClientOptions extends ConnectionOptions {
  /** Namespace id. Default `public`. */
  readonly namespace?: string;
  /** Credentials of your own, besides or instead of those above. */
  readonly credentials?: CredentialsProvider | undefined;
  /** Shown in Nacos' list of connections. Default `unknown`. */
  readonly appName?: string;
  /** Milliseconds for one request with all its attempts. Default 3000. */
  readonly requestTimeoutMs?: number;
  /** Silence in ms after which the connection is checked. 1000 to 15000, default 5000. */
  readonly heartbeatIntervalMs?: number;
  /** Wait in ms for the answer to such a check. Default 3000. */
  readonly heartbeatTimeoutMs?: number;
  /** Default: warnings and errors on stderr. */
  readonly logger?: Logger;
  /** Encrypt and decrypt the configs whose data ids begin with `cipher-<algorithm>-`; AES is there without. */
  readonly ciphers?: readonly ConfigCipher[];
  /** Folder for copies of the configs that were read, used while Nacos cannot be asked; may be shared. Default: none are kept. */
  readonly cacheDir?: string | undefined;
  /** Folder with an operator's files `<namespace>/<group>/<dataId>`: while there is one, it counts instead of what Nacos has. Default: none. */
  readonly failoverDir?: string | undefined;
}

/** What to connect, and for how long to wait. */
export interface ConnectOptions extends WaitOptions {
  /** Whose connections: each API has one of its own. Default `['naming']`. */
  readonly apis?: readonly ('naming' | 'config')[];
}

/** A client of Nacos: naming and config of one namespace, each over a connection of its own. */
export interface NacosClient extends AsyncDisposable {
  readonly naming: NamingApi;
  /** Has a connection of its own, made at its first use. */
  readonly config: ConfigApi;
  /**
   * Connects now instead of at first use, and resolves when each connection is registered.
   * @throws ConnectionError NOT_CONNECTED after `timeoutMs` (default: `requestTimeoutMs`); connecting goes on all the same.
   */
  connect(options?: ConnectOptions): Promise<void>;
  /** Ends the connections, every timer and every wait, and with them all that this client had registered and followed. Idempotent. */
  close(): Promise<void>;
}

/** What tests replace. */
export interface ClientParts {
  readonly clock?: Clock;
  readonly transport?: Transport;
  readonly login?: Login;
  readonly httpGet?: HttpGet;
}

const NAMESPACE = /^[\w-]{1,64}$/;
/** r-nacos changes its answers for the names of the Go and Python clients: we use a name of our own. */
const CLIENT_VERSION = `Nacos-NodeServing-Client:v${VERSION}`;

/**
 * Makes a client; it connects at first use.
 *
 * @example
 * const client = createClient({ server: '127.0.0.1:8848' });
 * await client.naming.register('orders', { ip: '10.0.0.5', port: 8080 });
 *
 * @throws ConfigError INVALID_OPTION
 */
export function createClient(options: ClientOptions, parts: ClientParts = {}): NacosClient {
  const clock = parts.clock ?? systemClock;
  const logger = guardLogger(options.logger ?? createLogger());
  const namespace = (options.namespace ?? '') === '' ? DEFAULT_NAMESPACE : options.namespace;
  if (namespace === undefined || !NAMESPACE.test(namespace)) {
    throw new ConfigError(
      'INVALID_OPTION',
      `namespace "${String(namespace)}" is not valid: allowed is 1 to 64 of letters, digits, _ and -`,
    );
  }
  const requestTimeoutMs = duration('requestTimeoutMs', options.requestTimeoutMs, 3000, 1, 600_000);
  const connection = openConnection(options, {
    namespace,
    clock,
    logger,
    provider: options.credentials,
    transport: parts.transport,
    login: parts.login,
  });
  const appName = options.appName ?? 'unknown';
  const common = {
    transport: connection.transport,
    clock,
    logger,
    requestTimeoutMs,
    heartbeatIntervalMs: duration(
      'heartbeatIntervalMs',
      options.heartbeatIntervalMs,
      5000,
      1000,
      15_000,
    ),
    heartbeatTimeoutMs: duration('heartbeatTimeoutMs', options.heartbeatTimeoutMs, 3000, 1, 60_000),
    credentials: connection.credentials,
  };
  const sessionFor = (module: Identity['module']): Session =>
    new Session({
      ...common,
      endpoints: connection.endpoints(),
      identity: { module, namespace, appName, clientVersion: CLIENT_VERSION },
    });
  // A server gives each module what it keeps for it by the connection: they never share one (docs/protocol.md#trap-3).
  const session = sessionFor('naming');
  const configSession = sessionFor('config');
  const apis = { namespace, clock, logger, requestTimeoutMs };
  const naming = new NamingClient({ ...apis, session });
  const { ciphers, cacheDir, failoverDir } = options;
  const config = new ConfigClient({
    ...apis,
    session: configSession,
    appName,
    get: parts.httpGet ?? createHttpGet({ ...connection, requestTimeoutMs }),
    ciphers,
    cache: cacheDir === undefined ? undefined : { dir: cacheDir, registry: connection.registry },
    failoverDir,
  });
  const close = async (): Promise<void> => {
    naming.close();
    const configClosed = config.close();
    await Promise.all([configClosed, session.close(), configSession.close()]);
    connection.close();
  };
  return {
    naming,
    config,
    connect: async ({ apis = ['naming'], ...bounds } = {}) => {
      const sessions = apis.map((api) =>
        connectable(api, { naming: session, config: configSession }),
      );
      for (const each of sessions) each.start();
      await Promise.all(sessions.map((each) => each.ready(bounds)));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Types do not hold for callers from JavaScript. */
function connectable(api: unknown, sessions: Readonly<Record<string, Session>>): Session {
  const session =
    typeof api === 'string' && Object.hasOwn(sessions, api) ? sessions[api] : undefined;
  if (session !== undefined) return session;
  throw new ConfigError(
    'INVALID_OPTION',
    `apis ${JSON.stringify(api)} is not valid: allowed is naming, config`,
  );
}

function duration(
  name: string,
  value: number | undefined,
  fallback: number,
  min: number,
  max: number,
): number {
  if (value === undefined) return fallback;
  if (!Number.isFinite(value) || value < min || value > max) {
    throw new ConfigError(
      'INVALID_OPTION',
      `${name} ${String(value)} is not valid: allowed is ${String(min)} to ${String(max)} ms`,
    );
  }
  return value;
}

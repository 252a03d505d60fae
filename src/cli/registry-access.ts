/**
 * Owns how a command reaches the registry: our options, one client, and one line on why it does not answer. Used by the commands that look
 * something up. Nothing is registered, and nothing is left behind: the caller closes it.
 */
import type { ConfigApi } from '../config-api.js';
import { createClient, type NacosClient } from '../client/client.js';
import { ConnectionError } from '../errors.js';
import { createLogger, silentLogger, type Logger } from '../logger.js';
import type { NamingApi } from '../naming-api.js';
import { connectionOf } from '../options/connection.js';
import type { CliValues } from '../options/env.js';
import { loadOptions } from '../options/load.js';
import type { ResolvedOptions } from '../options/schema.js';
import { serverText } from '../options/server-list.js';

export interface RegistryAccess extends AsyncDisposable {
  readonly options: ResolvedOptions;
  readonly naming: NamingApi;
  readonly config: ConfigApi;
  readonly logger: Logger;
  readonly group: string;
  /** `10.0.0.1:8848, namespace public`: for lines that people read. */
  readonly where: string;
  readonly timeoutMs: number;
  /** The same servers and user, another namespace. The caller closes it. */
  inNamespace(namespace: string): NacosClient;
}

/** Options of ours that were given as flags, and the bound of every wait for Nacos. */
export interface AccessInput {
  readonly values: CliValues;
  readonly timeoutMs: number;
}

/** Connected. @throws ConfigError, ConnectionError */
export async function openRegistry(invocation: AccessInput): Promise<RegistryAccess> {
  const { timeoutMs } = invocation;
  const { options, origins } = loadOptions({
    cli: invocation.values,
    env: process.env,
    cwd: process.cwd(),
  });
  const { level, file } = options.logging;
  // What we print is the answer; a log is for those who ask for it.
  const logger =
    origins['logging.level'] === 'default' && file === undefined
      ? silentLogger
      : createLogger({ level, ...(file === undefined ? {} : { file }) });
  let problem: string | undefined;
  const hearing: Logger = {
    ...logger,
    warn(message) {
      problem ??= message;
      logger.warn(message);
    },
  };
  const clientOf = (namespace: string, clientLogger: Logger): NacosClient =>
    createClient({
      ...connectionOf(options),
      namespace,
      appName: 'nacos-serving',
      requestTimeoutMs: timeoutMs,
      logger: clientLogger,
    });
  const client = clientOf(options.namespace, hearing);
  const servers = options.endpoint ?? serverText(options.server);
  try {
    await connect(client, timeoutMs, () => problem);
  } catch (error) {
    await client.close();
    throw new ConnectionError(
      'NOT_CONNECTED',
      `Nacos at ${servers} cannot be reached${because(problem)}`,
      {
        cause: error,
      },
    );
  }
  return {
    options,
    naming: client.naming,
    config: client.config,
    logger,
    group: options.service.group,
    where: `${servers}, namespace ${options.namespace}`,
    timeoutMs,
    inNamespace: (namespace) => clientOf(namespace, logger),
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** Gives up as soon as every server has failed once: who typed a command does not wait for a server that refuses. */
async function connect(
  client: NacosClient,
  timeoutMs: number,
  problem: () => string | undefined,
): Promise<void> {
  const refused = new AbortController();
  const stop = client.naming.onConnectionState(() => {
    if (problem() !== undefined) refused.abort(new ConnectionError('CONNECT_FAILED', 'refused'));
  });
  try {
    await client.connect({ timeoutMs, signal: refused.signal });
  } finally {
    stop();
  }
}

/** From the line of the log, which goes on about an app. */
function because(problem: string | undefined): string {
  const why =
    problem === undefined ? undefined : /^cannot reach Nacos at \S+: (.*); the app /.exec(problem);
  return why?.[1] === undefined ? ' in time' : `: ${why[1]}`;
}

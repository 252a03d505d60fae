/**
 * Owns the clients of a process: one for each way to Nacos (servers, credentials, TLS) and namespace, since a connection to Nacos belongs to one namespace. Used by
 * the runtime. Registrations and calls that agree in these share a connection; a client connects at its first use.
 */
import { createClient, type NacosClient } from '../client/client.js';
import type { Logger } from '../logger.js';
import type { ConnectionState } from '../naming-api.js';
import { configFoldersOf, connectionKey, connectionOf } from '../options/connection.js';
import type { ResolvedOptions } from '../options/schema.js';

const WORST_FIRST = ['backoff', 'connecting', 'closed', 'ready'] as const;

export class ClientPool {
  readonly #logger: Logger;
  /** By what tells connections apart. */
  readonly #clients = new Map<string, NacosClient>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Of the client that is worst off; those that nobody has used yet do not count. */
  get connection(): ConnectionState {
    const states = [...this.#clients.values()].map(({ naming }) => naming.connectionState);
    return WORST_FIRST.find((state) => states.includes(state)) ?? 'idle';
  }

  of(options: ResolvedOptions): NacosClient {
    const { namespace, heartbeat, service } = options;
    const connection = connectionOf(options);
    const key = JSON.stringify([connectionKey(connection), namespace, heartbeat]);
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = createClient({
      ...connection,
      ...configFoldersOf(options),
      namespace,
      heartbeatIntervalMs: heartbeat.intervalMs,
      heartbeatTimeoutMs: heartbeat.timeoutMs,
      logger: this.#logger,
      ...(service.name === undefined ? {} : { appName: service.name }),
    });
    this.#clients.set(key, client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}

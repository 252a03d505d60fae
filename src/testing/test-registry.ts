/**
 * Owns the in-memory registry for users' unit tests: our own client and our own server, joined by function calls instead of sockets. So it is
 * the real client that a test has in hand, and what it does is not an imitation. No network, no file, no timer of the process.
 */
import { createClient, type NacosClient } from '../client/client.js';
import { typeOfDataId } from '../config/config-type.js';
import type { HttpGet } from '../config/http-get.js';
import { Connections } from '../dev-server/connections.js';
import { FaultState } from '../dev-server/fault-state.js';
import { configRoutes } from '../dev-server/http-api/config.js';
import { Pauses } from '../dev-server/pauses.js';
import { createRegistry } from '../dev-server/registry.js';
import { Rpc } from '../dev-server/rpc.js';
import { toStored, type ServiceKey } from '../dev-server/store/naming-store.js';
import { createDiscovery, type Discovery, type DiscoveryOptions } from '../discovery/discovery.js';
import { ClosedError, ConfigError, ConnectionError } from '../errors.js';
import { silentLogger, type Logger } from '../logger.js';
import {
  DEFAULT_GROUP,
  DEFAULT_NAMESPACE,
  type Instance,
  type InstanceInput,
  type ServiceInput,
} from '../model.js';
import { checkInstance, checkService } from '../naming-rules.js';
import { MemoryTransport } from './memory-transport.js';
import { settled, StillClock } from './still-clock.js';

/** How to make a test registry. */
export interface TestRegistryOptions {
  /** Of `naming`, `config` and what the registry is told. Default `public`. */
  readonly namespace?: string;
  /** Of the clients. Default: says nothing. */
  readonly logger?: Logger;
}

/** In which namespace; default: that of the test registry. */
export interface InNamespace {
  readonly namespace?: string;
}

/** Which config; the group is `DEFAULT_GROUP` unless it is given. */
export interface InGroup extends InNamespace {
  readonly group?: string;
}

/**
 * A registry and config center in memory. Everything that can happen without time passing has happened when a promise of this object resolves:
 * listeners have been called, lists are up to date. Time stands still until `advance`.
 */
export interface TestRegistry extends AsyncDisposable {
  /** Of a client like any other; hand it to the code under test. */
  readonly naming: NacosClient['naming'];
  /** Of the same client. */
  readonly config: NacosClient['config'];
  /** A further client, as another process would be; closed with the registry. */
  client(options?: InNamespace): NacosClient;
  /** Calls by name over this registry, with its instances; closed with the registry. */
  discovery(options?: Omit<DiscoveryOptions, 'naming'>): Discovery;
  /**
   * Makes these the instances that other processes have published for a service: `'10.0.0.5:8080'`, or with all fields. What clients of this registry
   * registered stays beside them. Works in an outage too, which is when nobody hears of it.
   * @throws ConfigError INVALID_INSTANCE
   */
  setInstances(
    service: ServiceInput,
    instances: readonly (string | InstanceInput)[],
    options?: InNamespace,
  ): Promise<void>;
  /** All that is registered for a service, by whomever; also disabled and unhealthy ones. */
  instances(service: ServiceInput, options?: InNamespace): readonly Instance[];
  /** Publishes a config as somebody else, or removes it (undefined). Works in an outage too. */
  setConfig(dataId: string, content: string | undefined, options?: InGroup): Promise<void>;
  /** What is stored now, by whomever. */
  configContent(dataId: string, options?: InGroup): string | undefined;
  /** The registry is out of reach: connections break and cannot be made; ephemeral instances of our clients are gone. */
  startOutage(): Promise<void>;
  /** It is back: the clients connect, register and subscribe again, all of it before this resolves. */
  endOutage(): Promise<void>;
  /** Lets time pass: time-outs, retries and the like fall due. */
  advance(ms: number): Promise<void>;
  /** Resolves when all that was begun has been done, as far as no time has to pass. */
  settle(): Promise<void>;
  /** Closes the clients and discoveries that were made here. Idempotent. */
  close(): Promise<void>;
}

/** Publishes what `setInstances` says. */
const OTHERS = 'others';
/** More than the longest pause between two attempts to connect. */
const RECONNECT_MS = 15_000;

/**
 * Makes an in-memory registry:
 *
 *     await using registry = createTestRegistry();
 *     await registry.setInstances('orders', ['10.0.0.5:8080']);
 *     await myApp({ naming: registry.naming }).listOrders();
 *
 * @throws ConfigError INVALID_OPTION for a namespace that is not valid.
 */
export function createTestRegistry(options: TestRegistryOptions = {}): TestRegistry {
  return new MemoryRegistry(options);
}

class MemoryRegistry implements TestRegistry {
  readonly #namespace: string;
  readonly #logger: Logger;
  readonly #clock = new StillClock();
  readonly #registry: ReturnType<typeof createRegistry>;
  readonly #transport: MemoryTransport;
  readonly #pauses: Pauses;
  readonly #opened: AsyncDisposable[] = [];
  readonly #clients: NacosClient[] = [];
  readonly #client: NacosClient;
  #closed: Promise<void> | undefined;

  constructor(options: TestRegistryOptions) {
    const clock = this.#clock;
    const connections = new Connections(clock);
    this.#namespace = options.namespace ?? DEFAULT_NAMESPACE;
    this.#logger = options.logger ?? silentLogger;
    this.#pauses = new Pauses(clock);
    this.#registry = createRegistry({
      clock,
      connections,
      pushDelayMs: 0,
      dumpDelayMs: 0,
      patternDelayMs: 0,
    });
    const rpc = new Rpc({
      pauses: this.#pauses,
      logger: silentLogger,
      connections,
      handlers: this.#registry.handlers,
      faults: new FaultState(),
      abilities: { fuzzyWatch: true },
      accepts: () => true,
    });
    this.#transport = new MemoryTransport({ clock, connections, rpc });
    this.#client = this.client();
  }

  get naming(): NacosClient['naming'] {
    return this.#client.naming;
  }

  get config(): NacosClient['config'] {
    return this.#client.config;
  }

  client({ namespace = this.#namespace }: InNamespace = {}): NacosClient {
    this.#checkOpen();
    const client = createClient(
      { server: 'test-registry:8848', namespace, logger: this.#logger },
      { clock: this.#clock, transport: this.#transport, httpGet: this.#httpGet },
    );
    this.#clients.push(client);
    this.#opened.push(client);
    return client;
  }

  discovery(options: Omit<DiscoveryOptions, 'naming'> = {}): Discovery {
    this.#checkOpen();
    const discovery = createDiscovery({ logger: this.#logger, ...options, naming: this.naming });
    this.#opened.push(discovery);
    return discovery;
  }

  async setInstances(
    service: ServiceInput,
    instances: readonly (string | InstanceInput)[],
    options: InNamespace = {},
  ): Promise<void> {
    this.#checkOpen();
    const key = this.#keyOf(service, options);
    const stored = instances.map((input) => toStored(key, checkInstance(instanceOf(input)), ''));
    if (stored.length > 0) this.#registry.naming.publish(OTHERS, key, stored);
    else this.#registry.naming.unpublish(OTHERS, key);
    await this.settle();
  }

  instances(service: ServiceInput, options: InNamespace = {}): readonly Instance[] {
    return this.#registry.naming.instances(this.#keyOf(service, options));
  }

  async setConfig(
    dataId: string,
    content: string | undefined,
    { group, namespace }: InGroup = {},
  ): Promise<void> {
    this.#checkOpen();
    const ref = {
      namespace: namespace ?? this.#namespace,
      group: group ?? DEFAULT_GROUP,
      dataId,
    };
    if (content === undefined) this.#registry.config.remove(ref);
    else {
      const draft = { ref, content, contentType: typeOfDataId(dataId), encryptedDataKey: '' };
      this.#registry.config.publish(draft, '');
    }
    await this.settle();
  }

  configContent(dataId: string, { group, namespace }: InGroup = {}): string | undefined {
    return this.#registry.config.served({
      namespace: namespace ?? this.#namespace,
      group: group ?? DEFAULT_GROUP,
      dataId,
    })?.content;
  }

  async startOutage(): Promise<void> {
    this.#checkOpen();
    this.#transport.setReachable(false);
    await this.settle();
  }

  async endOutage(): Promise<void> {
    this.#checkOpen();
    this.#transport.setReachable(true);
    await this.#clock.advance(RECONNECT_MS);
  }

  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new ConfigError(
        'INVALID_OPTION',
        `advance ${String(ms)} is not valid: allowed is a number of milliseconds from 0`,
      );
    }
    await this.#clock.advance(ms);
  }

  settle(): Promise<void> {
    return settled();
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    // What was made later may stand on what was made earlier.
    for (const one of this.#opened.reverse()) await one[Symbol.asyncDispose]();
    this.#pauses.close();
    this.#registry.close();
  }

  /** The HTTP API of the server, without HTTP. */
  readonly #httpGet: HttpGet = (path, query) => {
    if (!this.#transport.isReachable) {
      return Promise.reject(new ConnectionError('CONNECT_FAILED', `${path}: no connection`));
    }
    const answer = configRoutes(this.#registry.config).get(`/nacos${path}`)?.(
      (name) => query[name] ?? '',
    ) ?? { status: 404, body: 'Not Found' };
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    return Promise.resolve({ status: answer.status, body });
  };

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new ClosedError('the test registry is closed');
  }

  #keyOf(service: ServiceInput, { namespace }: InNamespace): ServiceKey {
    return { namespace: namespace ?? this.#namespace, service: checkService(service) };
  }
}

/** `host:port`; an IPv6 in brackets. */
function instanceOf(input: string | InstanceInput): InstanceInput {
  if (typeof input !== 'string') return input;
  const cut = input.lastIndexOf(':');
  return { ip: input.slice(0, Math.max(0, cut)), port: Number(input.slice(cut + 1)) };
}

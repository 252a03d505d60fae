/**
 * Owns `nacos-serving/grpc`: channels of @grpc/grpc-js to `nacos:///service` follow the instances of that service. Called by users with their own
 * copy of grpc-js, since resolvers belong to the copy whose clients use them. It hands addresses over and nothing more: connections, balancing,
 * retries and deadlines stay with grpc-js, which knows no weights.
 */
import type { Discovery } from '../discovery/discovery.js';
import { ConfigError } from '../errors.js';
import type { Instance, ServiceInput } from '../model.js';
import type { ProcessRuntime } from '../process-hub.js';
import { runInBackground } from '../util/deferred.js';
import { findHub } from './hooks.js';

/** What is used of grpc-js 1.14, `import * as grpc from '@grpc/grpc-js'`. */
export interface GrpcModule<M extends object = object> {
  readonly Metadata: new () => M;
  readonly status: { readonly UNAVAILABLE: number };
  readonly experimental: {
    /** Makes targets of a scheme known to every channel made afterwards. */
    registerResolver(scheme: string, resolver: GrpcResolverClass<M>): void;
    /** Only to tell versions apart: since 1.14 listeners take what it makes. */
    readonly statusOrFromValue: unknown;
  };
}

/** The class that grpc-js makes a resolver of for each channel. */
export interface GrpcResolverClass<M extends object = object> {
  new (target: GrpcTarget, listener: GrpcListener<M>, channel: GrpcChannelOptions): GrpcResolver;
  /** The authority of calls over a channel to this target. */
  getDefaultAuthority(target: GrpcTarget): string;
}
/** What grpc-js expects of a resolver. */
export interface GrpcResolver {
  /** Asks for the addresses again. */
  updateResolution(): void;
  /** Ends it; nothing is told to the channel afterwards. */
  destroy(): void;
}
/** `nacos://group/service`: authority and path. */
export interface GrpcTarget {
  readonly scheme?: string;
  readonly authority?: string;
  readonly path: string;
}
/** Options of the channel, which the resolver hands on. */
export type GrpcChannelOptions = Readonly<Record<string, unknown>>;
type StatusOr<T, M extends object> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: number;
        readonly details: string;
        readonly metadata: M;
      };
    };
interface GrpcServiceConfig {
  loadBalancingConfig: Record<string, object>[];
  methodConfig: [];
}
interface Endpoint {
  readonly addresses: { host: string; port: number }[];
}
/** How a resolver tells its channel what it found. */
export type GrpcListener<M extends object> = (
  endpoints: StatusOr<Endpoint[], M>,
  attributes: Record<string, unknown>,
  serviceConfig: StatusOr<GrpcServiceConfig, M> | null,
  note: string,
) => boolean;

/** Where the resolver looks names up. */
export interface GrpcResolverOptions {
  /** Default: that of the process, with the options of command line, variables and option file. */
  readonly discovery?: Discovery;
  /** Of targets. Default `nacos`. */
  readonly scheme?: string;
  /**
   * Metadata that holds the port of gRPC, where that is not the port of the instance; the first that is one counts. Default: those of
   * Spring, `gRPC_port` and `gRPC.port`.
   */
  readonly portKeys?: readonly string[];
}

type Watch = (
  service: ServiceInput,
  listener: (instances: readonly Instance[] | undefined) => void,
) => () => void;

const SCHEME = /^[a-z][a-z0-9+.-]*$/;
const SPRING_PORT_KEYS = ['gRPC_port', 'gRPC.port'];
/** Calls are spread, unless the user's own `grpc.service_config` says otherwise; the default of grpc-js is one instance for all. */
const ROUND_ROBIN: { readonly ok: true; readonly value: GrpcServiceConfig } = {
  ok: true,
  value: { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] },
};
const USERS_CONFIG = 'grpc.service_config';

/**
 * Makes targets like `nacos:///orders` and `nacos://group/orders` known to grpc-js. Once per process, before the first channel.
 *
 * @example
 * import * as grpc from '@grpc/grpc-js';
 * registerResolver(grpc);
 * const client = new Orders('nacos:///orders', grpc.credentials.createInsecure());
 *
 * @throws ConfigError when this is no grpc-js of 1.14 or later, or the scheme is none
 */
export function registerResolver<M extends object>(
  grpc: GrpcModule<M>,
  options: GrpcResolverOptions = {},
): void {
  const { scheme = 'nacos', portKeys = SPRING_PORT_KEYS, discovery } = options;
  const given: { readonly experimental?: Partial<GrpcModule<M>['experimental']> } = grpc;
  if (typeof given.experimental?.statusOrFromValue !== 'function') {
    throw new ConfigError(
      'INVALID_OPTION',
      'grpc (code): must be the module @grpc/grpc-js, 1.14 or later: import * as grpc from "@grpc/grpc-js"',
    );
  }
  if (!SCHEME.test(scheme)) {
    throw new ConfigError('INVALID_OPTION', `scheme (code): must be like nacos, but is ${scheme}`);
  }
  const watch: Watch =
    discovery === undefined
      ? watchOfProcess
      : (service, listener) => discovery.watch(service, listener);
  grpc.experimental.registerResolver(
    scheme,
    class extends NacosResolver<M> {
      constructor(target: GrpcTarget, listener: GrpcListener<M>, channel: GrpcChannelOptions) {
        super({ grpc, watch, portKeys, target, listener, channel });
      }

      /** The name that TLS checks the certificate against, unless the channel says another. */
      static getDefaultAuthority(target: GrpcTarget): string {
        return serviceOf(target).name;
      }
    },
  );
}

interface ResolverParts<M extends object> {
  readonly grpc: GrpcModule<M>;
  readonly watch: Watch;
  readonly portKeys: readonly string[];
  readonly target: GrpcTarget;
  readonly listener: GrpcListener<M>;
  readonly channel: GrpcChannelOptions;
}

/** One channel's view of one service. grpc-js makes it, asks for addresses by `updateResolution`, and may ask again after `destroy`. */
class NacosResolver<M extends object> implements GrpcResolver {
  readonly #parts: ResolverParts<M>;
  #stop: (() => void) | undefined;
  #hasAddresses = false;

  constructor(parts: ResolverParts<M>) {
    this.#parts = parts;
  }

  /** What is pushed is always the newest: asked again, there is nothing to add. */
  updateResolution(): void {
    if (this.#stop !== undefined) return;
    let isCurrent = true;
    const tell = (instances: readonly Instance[] | undefined): void => {
      if (isCurrent) this.#tell(instances);
    };
    let stopWatching = (): void => undefined;
    const service = serviceOf(this.#parts.target);
    try {
      stopWatching = this.#parts.watch(service, tell);
    } catch (error) {
      // A name that no service can have, or a discovery that is closed: calls get the reason. Never from within this call.
      const { message } = error instanceof Error ? error : new Error(String(error));
      setImmediate(() => {
        if (isCurrent) this.#fail(message);
      });
    }
    this.#stop = () => {
      isCurrent = false;
      stopWatching();
    };
  }

  destroy(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#hasAddresses = false;
  }

  #tell(instances: readonly Instance[] | undefined): void {
    const { name, group } = serviceOf(this.#parts.target);
    const shown = group === undefined ? name : `${group}@@${name}`;
    if (instances === undefined) {
      // Older addresses stay in use.
      if (!this.#hasAddresses) this.#fail(`Nacos did not tell the instances of ${shown} in time`);
    } else if (instances.length === 0) {
      // Balancers keep their addresses through an error, so those are taken away first.
      if (this.#hasAddresses) this.#addresses([]);
      this.#hasAddresses = false;
      this.#fail(`no instance of ${shown} can be called`);
    } else {
      this.#hasAddresses = true;
      this.#addresses(instances);
    }
  }

  #addresses(instances: readonly Instance[]): void {
    const { listener, portKeys } = this.#parts;
    const value = instances.map((instance) => ({
      addresses: [{ host: instance.ip, port: portOf(instance, portKeys) }],
    }));
    listener({ ok: true, value }, {}, this.#config, 'instances of Nacos');
  }

  #fail(details: string): void {
    const { listener, grpc } = this.#parts;
    const error = { code: grpc.status.UNAVAILABLE, details, metadata: new grpc.Metadata() };
    listener({ ok: false, error }, {}, this.#config, details);
  }

  get #config(): typeof ROUND_ROBIN | null {
    return this.#parts.channel[USERS_CONFIG] === undefined ? ROUND_ROBIN : null;
  }
}

/** The one of the process is loaded by the first channel. */
const watchOfProcess: Watch = (service, listener) => {
  let stop: (() => void) | undefined;
  let isStopped = false;
  const begin = (runtime: ProcessRuntime | undefined): void => {
    if (isStopped) return;
    if (runtime === undefined) listener(undefined);
    else stop = runtime.watchService(service, listener);
  };
  runInBackground(findHub().load().then(begin));
  return () => {
    isStopped = true;
    stop?.();
  };
};

function serviceOf({ authority, path }: GrpcTarget): { name: string; group?: string } {
  const name = path.replace(/^\//, '');
  return authority === undefined || authority === '' ? { name } : { name, group: authority };
}

function portOf({ port, metadata }: Instance, keys: readonly string[]): number {
  for (const key of keys) {
    const other = Number(metadata[key]);
    if (Number.isInteger(other) && other > 0 && other <= 65_535) return other;
  }
  return port;
}

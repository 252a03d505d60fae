/**
 * Owns the shape of what one process shares: the hooks (CommonJS, installed at preload) put servers and calls in, the
 * runtime (loaded lazily) takes them out. It sits under `globalThis[Symbol.for('nacos-serving.runtime.1')]`, so
 * that a second copy of the package finds the first. Types only; `runtime/hub.cts` makes the hub.
 */
import type { Server } from 'node:net';

import type { ServiceStats } from './diagnostics.js';
import type { Ejection } from './ejection.js';
import type {
  Instance,
  InstanceAddress,
  RegistrationState,
  ServiceInput,
  ServiceRef,
} from './model.js';
import type { ConnectionState, WaitOptions } from './naming-api.js';
import type { RouteRule } from './route-rule.js';

export type { RegistrationState } from './model.js';

/** An HTTP server that listens now, as the listen trigger saw it. */
export interface ListeningServer {
  /** What tells servers apart: the server itself, or a stand-in for one of a worker process or thread. */
  readonly server: object;
  /** The server when it lives in this thread, where it can be held open and drained. */
  readonly local: Server | undefined;
  readonly scheme: 'http' | 'https';
  /** The address it is bound to, like `0.0.0.0`, `::` or `10.0.0.5`. */
  readonly host: string;
  /** The port really bound, never 0. */
  readonly port: number;
  /**
   * What it is when it is not the service, as far as it shows. surely: WebSockets only, or an exporter that keeps nothing alive: only
   * registered when its port is asked for. perhaps: any other server is rather the service.
   */
  readonly side?: 'surely' | 'perhaps';
}

/** Where one call goes. Made by discovery, read by the client hooks. */
export interface CallTarget extends InstanceAddress {
  /** The service's name as the registry spells it. */
  readonly service: string;
  readonly group: string;
  readonly namespace: string;
  /** The instance wants https (metadata `secure=true`). */
  readonly secure: boolean;
}

/** What is known of a call before it is sent. Hooks and adapters make one for each call by name; it is read while the call lasts. */
export interface CallInfo {
  /** In capitals. */
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** The body can be sent a second time as it is: none, a text or bytes. */
  readonly isReplayable: boolean;
  /** A header as the caller gave it; `name` in lower case. */
  header(name: string): string | undefined;
}

/**
 * How one attempt at an instance ended. unsent: there never was a connection, so nothing was sent. broken: the connection was lost or timed
 * out after something may have been sent. answered: a response came, whatever its status. abandoned: the caller gave up,
 * which says nothing about the instance.
 */
export type CallOutcome = 'unsent' | 'broken' | 'answered' | 'abandoned';

/** One attempt that is over. */
export interface EndedAttempt {
  readonly outcome: CallOutcome;
  /** Of the response, when there is one. */
  readonly status?: number | undefined;
  /** From sending to the response's headers, or to the failure. Read while `settle` runs: it may be found out only then. */
  readonly tookMs: number;
}

/** A call whose last attempt failed, and what was tried so far. */
export interface FailedCall {
  readonly name: string;
  readonly info: CallInfo;
  /** In order; the failed one last. */
  readonly tried: readonly CallTarget[];
  readonly outcome: 'unsent' | 'broken' | 'answered';
  readonly status?: number;
  /** From the response's `Retry-After`, where it has one. */
  readonly retryAfterMs?: number;
  /** Since the first attempt began. */
  readonly elapsedMs: number;
}

/** The next attempt of a call. */
export interface NextAttempt {
  readonly target: CallTarget;
  /** To be waited before it; 0 when nothing was sent. The caller's abort ends this wait. */
  readonly delayMs: number;
}

/**
 * What the client hooks and explicit adapters ask. `name` is the host of a URL, in whatever case. All methods are safe to call
 * at any time and only `resolve` may reject. Every target that is given out by `pickNow`, `resolve` or `nextAttempt` is given back once,
 * through `settle`, when its attempt is over.
 */
export interface CallRouter {
  /**
   * A target at once when the service's list is here; undefined when `resolve` has to wait for it or has to
   * say why there is none; null when the host is not ours and the call goes on untouched.
   */
  pickNow(name: string, info: CallInfo): CallTarget | null | undefined;
  /**
   * Waits (bounded by `discovery.first_list_timeout`) for the first list. null: not ours, use DNS.
   * @throws NoInstanceError, DiscoveryError AMBIGUOUS_SERVICE_NAME; never because Nacos is away.
   */
  resolve(name: string, info: CallInfo, signal?: AbortSignal): Promise<CallTarget | null>;
  /**
   * Another instance after a failure, when there is one and the rules allow it: never-sent failures for every method, others for idempotent
   * methods with a replayable body, within budget and deadline. undefined: the caller gets the failure.
   */
  nextAttempt(failed: FailedCall): NextAttempt | undefined;
  /** Exactly once for each target given out. */
  settle(target: CallTarget, ended: EndedAttempt): void;
  /** The most that a whole call may take until its response begins, with all attempts; 0: no bound of ours. */
  timeoutMs(name: string): number;
  /**
   * Headers to be set on a call by name, in place of the caller's own of that name: what is handed on from the request that is being served.
   * Only such are given that the caller lacks, but for `baggage`, which holds the caller's own entries as well. Asked in the
   * caller's async context, before the first attempt. Names in lower case; names and values are safe to be sent.
   */
  headersToAdd(info: CallInfo): readonly (readonly [name: string, value: string])[];
  /**
   * Calls back when instances of any service are gone from the lists: sockets to these addresses that are idle are of no use any more.
   * Returns the function which stops that.
   */
  onGone(listener: (addresses: readonly InstanceAddress[]) => void): () => void;
}

/** One registration of this process as its owner, health and `nacos-serving status` see it. Frozen. */
export interface RegistrationStatus {
  readonly state: RegistrationState;
  readonly service: ServiceRef;
  readonly namespace: string;
  readonly ip: string;
  readonly port: number;
  readonly cluster: string;
  /** As the registry lists it; what an operator set in the console counts. */
  readonly weight: number;
  readonly enabled: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** The readiness gate is open. */
  readonly ready: boolean;
  /**
   * This process wants calls: it is ready, and not taken out by `enabled: false` of its own. What the registry makes of that is
   * `enabled`.
   */
  readonly wantsTraffic: boolean;
  /** Why it is not registered, in one line, when there is a reason. */
  readonly problem: string | undefined;
}

/** What changes at run time; what is not given stays. */
export interface InstanceChange {
  /** False takes the instance out of every caller's list, while it stays registered. */
  readonly enabled?: boolean;
  readonly weight?: number;
  /** Joined key by key; null takes a key out. */
  readonly metadata?: Readonly<Record<string, string | null>>;
}

/** One server that code asked to register. Shown to users as `ServerRegistration`. */
export interface ServerRegistration extends AsyncDisposable {
  /** undefined until name, address and port are decided. */
  readonly status: RegistrationStatus | undefined;
  /** Resolves when the server has confirmed the registration. @throws RegistrationError when there is no way, ClosedError */
  registered(options?: WaitOptions): Promise<RegistrationStatus>;
  /** Changes the instance and resolves once that is confirmed. */
  change(change: InstanceChange, options?: WaitOptions): Promise<RegistrationStatus>;
  /** Opens or shuts the readiness gate: shut, the instance takes no traffic. It starts open. */
  setReady(ready: boolean): void;
  /** Out of the registry, then the quiet time. Idempotent, never rejects. The server itself is left as it is. */
  close(): Promise<void>;
}

/** What the hooks see of the loaded runtime. Implemented by `runtime/process-runtime.ts`. */
export interface ProcessRuntime {
  /** For the hooks: what is not surely ours goes on untouched. */
  readonly calls: CallRouter;
  /** A service that options declare may be meant by this host, which has a dot. */
  declares(host: string): boolean;
  /**
   * How to call the service that has the name of this host, for errors of DNS; undefined when the registry has none, or does not say soon. Never
   * rejects.
   */
  hintOn(host: string): Promise<string | undefined>;
  /** For explicit adapters, whose users say that they mean services: names may have dots. */
  readonly explicitCalls: CallRouter;
  /**
   * As `Discovery.watch`: callable instances at first and at each change; undefined when Nacos did not say in time. Returns the function which stops
   * that.
   */
  watchService(
    service: ServiceInput,
    listener: (instances: readonly Instance[] | undefined) => void,
  ): () => void;
  /** Counters of the services that this process has called; empty before the first call. */
  readonly discoveryStats: readonly ServiceStats[];
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
  /**
   * The app wants to close this server. undefined: at once. Else the close waits for the promise, which resolves when the instance is
   * out and its callers know; bounded, never rejects.
   */
  serverClosing(server: ListeningServer): Promise<void> | undefined;
  /** A worker process or thread has got its first request: seen there, for `registration.register_on_request`. */
  requestSeen(): void;
  /** Other routes for a service that this process calls by name, from the next call on. Never rejects for Nacos' sake. */
  setRoutes(service: string, rules: readonly RouteRule[]): Promise<void>;
  /** Instances of a service that calls of this process are kept off now; none before its first call. */
  ejected(service: string): readonly Ejection[];
  /** Calls go there again: of one service, or of all. */
  resetEjections(service?: string): void;
  /** Registers this very server by options given in code, checked here. @throws ConfigError */
  register(server: Server, code: object): ServerRegistration;
  readonly registrations: readonly RegistrationStatus[];
  /** The same, with the registry asked now; what cannot be asked is as it was. Bounded. @throws RequestTimeoutError */
  look(options?: WaitOptions): Promise<readonly RegistrationStatus[]>;
  /** Of the connections to Nacos, the one that is worst off; `idle` before the first is used. */
  readonly connection: ConnectionState;
  /** Changes every registration of this process, or those of one service. */
  change(
    change: InstanceChange,
    options?: WaitOptions & { readonly service?: string },
  ): Promise<readonly RegistrationStatus[]>;
  /** The user's part of the readiness of every registration of this process. */
  setReady(ready: boolean): void;
  /**
   * For health: something is registered or wanted, all of it wants traffic, and nothing is on its way out. What the registry answers, or that
   * it does not, makes no difference: its outage must not take healthy instances out.
   */
  readonly isReady: boolean;
}

/** What a held signal waits for. Installed by `registration/shutdown.ts` while something is registered. */
export interface SignalHold {
  /** Deregister and quiet time; bounded, never rejects. */
  leave(signal: string): Promise<void>;
  /** Only when the app has no handler of its own: stop accepting, drain, close. Bounded, never rejects. */
  drain(): Promise<void>;
  /** The app's handlers have got the signal. Called again for each further one: an app that goes on after all of them comes back. */
  delivered(): void;
}

/** The one object of a process. Its `version` is the package version of the copy that owns it. */
export interface ProcessHub {
  readonly version: string;
  /** Servers listening now, in the order they came up: the runtime reads it when it is loaded. */
  readonly servers: ReadonlyMap<object, ListeningServer>;
  /** Options that code gave before the runtime was loaded. */
  readonly code: object | undefined;
  /** Servers are registered as they listen. False when only single servers are registered, by code. */
  readonly automatic: boolean;
  /** undefined until `load` is through, and for ever when loading failed (said once in the log). */
  readonly runtime: ProcessRuntime | undefined;
  /** Loads the runtime once; later calls give the same promise. Never rejects. */
  load(): Promise<ProcessRuntime | undefined>;
  /**
   * A host with a dot that options may declare as a service. Before they are read this says whether they declare anything, so that a
   * process without declared services loads nothing for it.
   */
  mayDeclare(host: string): boolean;
  /** What `HTTP_PROXY`, `HTTPS_PROXY` and `ALL_PROXY` say now, in capitals or not. */
  readonly proxies: readonly string[];
  /** Code registers this server in this very process: it is handed to no primary and no main thread. */
  keep(server: object): void;
  /** As `ProcessRuntime.setReady`, also before the runtime is there. */
  setReady(ready: boolean): void;
  /** Holds SIGTERM and SIGINT from now on; undefined lets them through again. */
  setSignalHold(hold: SignalHold | undefined): void;
  /**
   * From now on servers are registered as they listen, also those that listen already. Idempotent. `code` are options of code; false
   * when they come too late, because the runtime has read its options.
   */
  watchServers(code?: object): boolean;
  /**
   * Options of one server that code registers: the first ones count for what the process has once, like its log and its shutdown, unless
   * it has options of code or has read them.
   */
  offerCode(code: object): void;
}

/**
 * Owns the shape of what one process shares: the hooks (CommonJS, installed at preload) put servers and calls in, the
 * runtime (loaded lazily) takes them out. It sits under `globalThis[Symbol.for('nacos-serving.runtime.1')]`, so
 * that a second copy of the package finds the first. Types only; `entry/register.cts` makes the hub.
 */
import type { Server } from 'node:net';

import type { InstanceAddress } from './model.js';

/** An HTTP server that listens now, as the listen trigger saw it. */
export interface ListeningServer {
  readonly server: Server;
  readonly scheme: 'http' | 'https';
  /** The address it is bound to, like `0.0.0.0`, `::` or `10.0.0.5`. */
  readonly host: string;
  /** The port really bound, never 0. */
  readonly port: number;
}

/** Where one call goes. Made by discovery, read by the client hooks. */
export interface CallTarget extends InstanceAddress {
  /** The service's name as the registry spells it. */
  readonly service: string;
  /** The instance wants https (metadata `secure=true`). */
  readonly secure: boolean;
}

/**
 * What the client hooks ask. `name` is the host of a URL, in whatever case. All methods are safe to call
 * at any time and none throws synchronously, but for `pickOther`'s callers nothing has to be caught.
 */
export interface CallRouter {
  /**
   * A target at once when the service's list is here; undefined when `resolve` has to wait for it or has to
   * say why there is none; null when the host is not ours and the call goes on untouched.
   */
  pickNow(name: string): CallTarget | null | undefined;
  /**
   * Waits (bounded by 3 s) for the first list. null: not ours, use DNS.
   * @throws NoInstanceError, DiscoveryError AMBIGUOUS_SERVICE_NAME; never because Nacos is away.
   */
  resolve(name: string, signal?: AbortSignal): Promise<CallTarget | null>;
  /** Another instance after these could not be connected to; undefined when none is left. */
  pickOther(name: string, tried: readonly CallTarget[]): CallTarget | undefined;
}

/** What the hooks see of the loaded runtime. Implemented by `runtime/process-runtime.ts`. */
export interface ProcessRuntime {
  readonly calls: CallRouter;
  serverUp(server: ListeningServer): void;
  serverDown(server: ListeningServer): void;
}

/** What a held signal waits for. Installed by `registration/shutdown.ts` while something is registered. */
export interface SignalHold {
  /** Deregister and quiet time; bounded, never rejects. */
  leave(signal: NodeJS.Signals): Promise<void>;
  /** Only when the app has no handler of its own: stop accepting, drain, close. Bounded, never rejects. */
  drain(): Promise<void>;
}

/** The one object of a process. Its `version` is the package version of the copy that owns it. */
export interface ProcessHub {
  readonly version: string;
  /** Servers listening now, in the order they came up: the runtime reads it when it is loaded. */
  readonly servers: ReadonlyMap<Server, ListeningServer>;
  /** undefined until `load` is through, and for ever when loading failed (said once in the log). */
  readonly runtime: ProcessRuntime | undefined;
  /** Loads the runtime once; later calls give the same promise. Never rejects. */
  load(): Promise<ProcessRuntime | undefined>;
  /** Holds SIGTERM and SIGINT from now on; undefined lets them through again. */
  setSignalHold(hold: SignalHold | undefined): void;
}

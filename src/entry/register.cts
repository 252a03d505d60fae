/**
 * Owns the one effect of the package: what `--require` and `require('nacos-serving/register')` load. It makes the hub of the
 * process (src/process-hub.ts) and installs the hooks, and nothing more: it also runs in npm, in build tools and in
 * loader threads, so it reads no file, opens nothing and keeps nothing alive. The runtime, with the options and the client,
 * is loaded when an HTTP server starts to listen or when a call by name is made.
 */
import type { Server } from 'node:net';

import { installFetchHook } from '../adapters/fetch-hook.cjs';
import { installHttpHook } from '../adapters/http-hook.cjs';
import type { ListeningServer, ProcessHub, ProcessRuntime, SignalHold } from '../process-hub.js';
import { installListenTrigger } from '../registration/listen-trigger.cjs';
import { installSignalGate, type SignalGate } from '../registration/signal-gate.cjs';
import { VERSION } from './version.cjs';

const HUB = Symbol.for('nacos-serving.runtime.1');

class Hub implements ProcessHub {
  readonly version = VERSION;
  readonly #gate: SignalGate;
  readonly #servers = new Map<Server, ListeningServer>();
  #runtime: ProcessRuntime | undefined;
  #loading: Promise<ProcessRuntime | undefined> | undefined;
  #failed = false;
  /** What happened while the runtime was being loaded; it hears all of it, in order. */
  #missed: ((runtime: ProcessRuntime) => void)[] = [];

  constructor(gate: SignalGate) {
    this.#gate = gate;
  }

  get servers(): ReadonlyMap<Server, ListeningServer> {
    return this.#servers;
  }

  get runtime(): ProcessRuntime | undefined {
    return this.#runtime;
  }

  load(): Promise<ProcessRuntime | undefined> {
    this.#loading ??= this.#start();
    return this.#loading;
  }

  setSignalHold(hold: SignalHold | undefined): void {
    this.#gate.setHold(hold);
  }

  /** Of the listen trigger; not part of what others see. */
  serverUp(server: ListeningServer): void {
    this.#servers.set(server.server, server);
    this.#tell((runtime) => runtime.serverUp(server));
  }

  serverDown(server: ListeningServer): void {
    this.#servers.delete(server.server);
    this.#tell((runtime) => runtime.serverDown(server));
  }

  #tell(news: (runtime: ProcessRuntime) => void): void {
    if (this.#failed) return;
    if (this.#runtime === undefined) this.#missed.push(news);
    else news(this.#runtime);
  }

  async #start(): Promise<ProcessRuntime | undefined> {
    try {
      const { startProcessRuntime } = await import('../runtime/process-runtime.js');
      const runtime = startProcessRuntime(this, {
        env: process.env,
        cwd: process.cwd(),
        script: process.argv[1],
      });
      this.#runtime = runtime;
      for (const news of this.#missed.splice(0)) news(runtime);
    } catch (error) {
      this.#failed = true;
      this.#missed = [];
      say('error', `cannot start: ${whyOf(error)}; the app goes on without us`);
    }
    return this.#runtime;
  }
}

function install(): void {
  const first: unknown = Reflect.get(globalThis, HUB);
  if (first !== undefined) {
    const version: unknown = Reflect.get(Object(first) as object, 'version');
    // The same version twice changes nothing; another one may lack what its owner expects.
    if (version !== VERSION) {
      say('warn', `version ${VERSION} is loaded second and yields to ${String(version)}`);
    }
    return;
  }
  const hub = new Hub(installSignalGate());
  Object.defineProperty(globalThis, HUB, { value: hub });
  installListenTrigger({
    starting: () => void hub.load(),
    up: (server) => {
      hub.serverUp(server);
      // Also for one that was not recognised before it listened.
      void hub.load();
    },
    down: (server) => hub.serverDown(server),
  });
  installHttpHook(hub);
  installFetchHook(hub);
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As src/logger.ts writes, which is not loaded here: a stderr that nobody reads must not end the host. */
function say(level: 'warn' | 'error', message: string): void {
  const { stderr } = process;
  try {
    stderr.write(`nacos-serving ${level.padEnd(5)} ${message}\n`, (error) => {
      if (error instanceof Error && stderr.listenerCount('error') === 0) {
        stderr.once('error', () => undefined);
      }
    });
  } catch {
    // The stream is gone for good, and there is no other place to say so.
  }
}

try {
  install();
} catch (error) {
  // A Node that is not as we know it: the app runs as if we were not there.
  say('error', `cannot install the hooks: ${whyOf(error)}; the app goes on without them`);
}

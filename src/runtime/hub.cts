/**
 * Owns the hub of a process (src/process-hub.ts): found under the global symbol, or made. Called by `entry/register.cts` and by what registers
 * from code. Making it installs the listen trigger and the signal gate, and nothing more: it also runs in npm, in
 * build tools and in loader threads, so it reads no file, opens nothing and keeps nothing alive. The runtime, with the
 * options and the client, is loaded when a server starts to listen, a call by name is made, or code asks for it.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';

import type { ListeningServer, ProcessHub, ProcessRuntime, SignalHold } from '../process-hub.js';
import type { Family } from '../registration/family/family.cjs';
import { installListenTrigger } from '../registration/listen-trigger.cjs';
import { installSignalGate, type SignalGate } from '../registration/signal-gate.cjs';

const HUB = Symbol.for('nacos-serving.runtime.1');

class Hub implements ProcessHub {
  readonly version: string;
  readonly #servers = new Map<object, ListeningServer>();
  #code: object | undefined;
  #automatic = false;
  #runtime: ProcessRuntime | undefined;
  #loading: Promise<ProcessRuntime | undefined> | undefined;
  #failed = false;
  /** What happened while the runtime was being loaded; it hears all of it, in order. */
  #missed: ((runtime: ProcessRuntime) => void)[] = [];
  readonly #gate: SignalGate;
  #inbound: Promise<((server: Server) => void) | undefined> | undefined;
  #ownFamily: Family | undefined;
  #mayDeclare: ((host: string, code: object | undefined) => boolean) | undefined;

  constructor(version: string, gate: SignalGate) {
    this.version = version;
    this.#gate = gate;
  }

  /** Loaded with the first server, fork or thread: most processes have none of them. */
  #familyOf(): Family {
    type FamilyModule = typeof import('../registration/family/family.cjs');
    this.#ownFamily ??= (require('../registration/family/family.cjs') as FamilyModule).createFamily(
      {
        isAutomatic: () => this.#automatic,
        load: () => void this.load(),
        serverUp: (server) => this.#up(server),
        serverDown: (server) => this.#down(server),
        serverClosing: (server) => this.#runtime?.serverClosing(server),
        requestSeen: () => this.#tell((runtime) => runtime.requestSeen()),
        setSignalHold: (hold) => this.#gate.setHold(hold),
      },
    );
    return this.#ownFamily;
  }

  get servers(): ReadonlyMap<object, ListeningServer> {
    return this.#servers;
  }

  get code(): object | undefined {
    return this.#code;
  }

  get automatic(): boolean {
    return this.#automatic;
  }

  get runtime(): ProcessRuntime | undefined {
    return this.#runtime;
  }

  load(): Promise<ProcessRuntime | undefined> {
    this.#loading ??= this.#start();
    return this.#loading;
  }

  get proxies(): readonly string[] {
    const { env } = process;
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'];
    const values = names.flatMap((name) => [env[name] ?? '', env[name.toLowerCase()] ?? '']);
    return values.filter((value) => value !== '');
  }

  mayDeclare(host: string): boolean {
    if (this.#runtime !== undefined) return this.#runtime.declares(host);
    if (this.#failed) return false;
    type Declared = typeof import('./may-declare.cjs');
    this.#mayDeclare ??= (require('./may-declare.cjs') as Declared).mayDeclareServices({
      env: process.env,
      cwd: process.cwd(),
    });
    return this.#mayDeclare(host, this.#code);
  }

  setSignalHold(hold: SignalHold | undefined): void {
    this.#familyOf().setHold(hold);
  }

  keep(server: object): void {
    this.#familyOf().keep(server);
  }

  setReady(ready: boolean): void {
    this.#tell((runtime) => runtime.setReady(ready));
  }

  watchServers(code?: object): boolean {
    const inTime = code === undefined || this.#runtime === undefined;
    if (code !== undefined && inTime) this.#code = code;
    this.#automatic = true;
    if (this.#servers.size > 0) void this.load();
    return inTime;
  }

  offerCode(code: object): void {
    if (this.#runtime === undefined && Object.keys(code).length > 0) this.#code ??= code;
  }

  /** What this process starts may have servers that it registers. */
  watchBirths(): void {
    subscribe('child_process', (message) => {
      const child: unknown = Reflect.get(Object(message), 'process');
      // Its channel is there as soon as `spawn` is through, and only a fork has one.
      process.nextTick(() => {
        if (Reflect.get(Object(child), 'channel')) this.#familyOf().childStarted(child);
      });
    });
    subscribe('worker_threads', (message) => {
      this.#familyOf().threadStarted(Reflect.get(Object(message), 'worker'));
    });
    // Late: a cluster may be there already, and then it is looked at once.
    const loaded: unknown = Reflect.get(process, 'moduleLoadList');
    if (Array.isArray(loaded) && loaded.includes('NativeModule internal/cluster/primary')) {
      this.#familyOf();
    }
  }

  /** Of the listen trigger; not part of what others see. */
  serverStarting(): void {
    if (this.#automatic) this.#familyOf().starting();
  }

  serverUp(server: ListeningServer): void {
    if (server.local !== undefined) void this.#coverInbound(server.local);
    if (this.#automatic) this.#familyOf().serverUp(server);
    else this.#up(server);
  }

  /** Here and not in the runtime, which a worker may never load. */
  async #coverInbound(server: Server): Promise<void> {
    this.#inbound ??= this.#loadInbound();
    (await this.#inbound)?.(server);
  }

  async #loadInbound(): Promise<((server: Server) => void) | undefined> {
    try {
      const { createInboundHook } = await import('./inbound-hook.js');
      return createInboundHook({ env: process.env, cwd: process.cwd() }, this.#code);
    } catch {
      // Wrong options: whoever registers says so, and this process goes on as without us.
      return undefined;
    }
  }

  #up(server: ListeningServer): void {
    this.#servers.set(server.server, server);
    this.#tell((runtime) => runtime.serverUp(server));
    // Also for one that was not recognised before it listened.
    if (this.#automatic) void this.load();
  }

  serverDown(server: ListeningServer): void {
    this.#familyOf().serverDown(server);
  }

  #down(server: ListeningServer): void {
    this.#servers.delete(server.server);
    this.#tell((runtime) => runtime.serverDown(server));
  }

  serverClosing(server: ListeningServer): Promise<void> | undefined {
    return this.#familyOf().serverClosing(server);
  }

  #tell(news: (runtime: ProcessRuntime) => void): void {
    if (this.#failed) return;
    if (this.#runtime === undefined) this.#missed.push(news);
    else news(this.#runtime);
  }

  async #start(): Promise<ProcessRuntime | undefined> {
    try {
      const { startProcessRuntime } = await import('./process-runtime.js');
      type FirstRequest = typeof import('../registration/first-request.cjs');
      const watchFirstRequest: FirstRequest['watchFirstRequest'] = (run) =>
        (require('../registration/first-request.cjs') as FirstRequest).watchFirstRequest(run);
      const runtime = startProcessRuntime(this, {
        env: process.env,
        cwd: process.cwd(),
        script: process.argv[1],
        pid: process.pid,
        platform: process.platform,
        uid: process.getuid?.(),
        watchFirstRequest,
        exit: (code) => process.exit(code),
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

/**
 * The hub of this process. A hub of another copy of the package is given as it is: the first one owns the process. Another
 * version may lack what its owner expects, which is said once.
 */
export function findHub(version: string): ProcessHub {
  const first: unknown = Reflect.get(globalThis, HUB);
  if (isHub(first)) {
    if (first.version !== version) {
      say('warn', `version ${version} is loaded second and yields to ${first.version}`);
    }
    return first;
  }
  const hub = new Hub(version, installSignalGate());
  hub.watchBirths();
  Object.defineProperty(globalThis, HUB, { value: hub });
  installListenTrigger({
    starting: () => hub.serverStarting(),
    up: (server) => hub.serverUp(server),
    closing: (server) => hub.serverClosing(server),
    down: (server) => hub.serverDown(server),
  });
  return hub;
}

/** Of whatever version: what is there under our symbol was put there by a copy of this package. */
function isHub(value: unknown): value is ProcessHub {
  return typeof value === 'object' && value !== null && 'version' in value;
}

function whyOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As src/logger.ts writes, which is not loaded here: a stderr that nobody reads must not end the host. */
export function say(level: 'warn' | 'error', message: string): void {
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

/**
 * Owns how we learn that an HTTP server of the app listens, wants to close, or stops listening. Installed once by
 * `runtime/hub.cts`. Two sources, since neither is there on every Node: `net.Server.prototype.listen`, which http, https,
 * http2 and every framework end in, and the channel `tracing:net.server.listen`; servers that listened before us are
 * found among the open handles. Plain net servers, the primary of a cluster and unix sockets drop out here. It loads
 * nothing that the app has not loaded, and never throws into the app.
 */
import { subscribe } from 'node:diagnostics_channel';
import { Server as HttpServer } from 'node:http';
import { Server, type AddressInfo } from 'node:net';

import type { ListeningServer } from '../process-hub.js';
import { installCloseGate } from './close-gate.cjs';

type SideServers = typeof import('./side-server.cjs');

export interface ListenSink {
  /** An HTTP server was told to listen on a port: the moment to load what a registration needs. */
  starting(): void;
  up(server: ListeningServer): void;
  /** The app closes it. undefined: at once; else when the promise settles. With the object that `up` got. */
  closing(server: ListeningServer): Promise<void> | undefined;
  /** It accepts no more connections. With the object that `up` got. */
  down(server: ListeningServer): void;
}

/** Loaded with the first server. */
const sideServers = (): SideServers => require('./side-server.cjs') as SideServers;

const OWN_SERVER = Symbol.for('nacos-serving.own-server');
const LISTEN_DONE = 'tracing:net.server.listen:asyncEnd';
/** https has the very same function, so it tells https servers without loading https. Read before anybody wraps it. */
const closeIdle: unknown = Reflect.get(HttpServer.prototype, 'closeIdleConnections');

export function installListenTrigger(sink: ListenSink): void {
  const watched = new WeakSet<Server>();
  const listening = new WeakMap<Server, ListeningServer>();

  const onUp = (server: Server): void => {
    const now = describe(server);
    if (now === undefined) return;
    const before = listening.get(server);
    if (before?.host === now.host && before.port === now.port) return;
    if (before !== undefined) onDown(server);
    listening.set(server, now);
    sink.up(now);
  };
  const onDown = (server: Server): void => {
    const before = listening.get(server);
    if (before === undefined) return;
    listening.delete(server);
    sink.down(before);
  };
  // Connections are refused from the real close on, and from then on it may listen again: the event of the first
  // time may come later.
  const onClosed = (server: Server): void => {
    if (!server.listening) onDown(server);
  };
  const gate = installCloseGate({
    leave: (server) => {
      const now = listening.get(server);
      return now === undefined ? undefined : sink.closing(now);
    },
    closed: (server) => guard(() => onClosed(server)),
  });
  const watch = (server: Server): void => {
    if (watched.has(server)) return;
    watched.add(server);
    gate.watch(server);
    // One lasting listener: a `once` for each call of listen would stay behind after EADDRINUSE.
    server.prependListener('listening', () => guard(() => onUp(server)));
    server.on('close', () => guard(() => onClosed(server)));
  };
  const found = (server: unknown): void => {
    if (!(server instanceof Server)) return;
    watch(server);
    onUp(server);
  };

  beforeListen((server, args) => {
    watch(server);
    gate.makeWay(server, args);
    if (!isPipe(args[0]) && isHttpServer(server) && !sideServers().isGrpcServer(server)) {
      sink.starting();
    }
  });
  subscribe(LISTEN_DONE, (message) => {
    guard(() => found(Reflect.get(Object(message), 'server')));
  });
  guard(() => {
    for (const handle of openHandles()) found(handle);
  });
}

/** A proxy, so that name, length, result and everything else of `listen` stay what they are. */
function beforeListen(step: (server: Server, args: readonly unknown[]) => void): void {
  const original: unknown = Reflect.get(Server.prototype, 'listen');
  if (typeof original !== 'function') return;
  const value = new Proxy(original, {
    apply(target, server: unknown, args: unknown[]): unknown {
      if (server instanceof Server) guard(() => step(server, args));
      return Reflect.apply(target, server, args);
    },
  });
  Reflect.set(Server.prototype, 'listen', value);
}

/**
 * What keeps the process alive, servers among it: the only list of them that Node has. One that is unref'd is not in it, and
 * one of a cluster worker neither.
 */
function openHandles(): readonly unknown[] {
  const list: unknown = Reflect.get(process, '_getActiveHandles');
  const handles: unknown = typeof list === 'function' ? Reflect.apply(list, process, []) : [];
  return Array.isArray(handles) ? handles : [];
}

/** undefined when it does not listen, listens on a pipe, or speaks no HTTP. */
function describe(server: Server): ListeningServer | undefined {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string' || !(address.port > 0)) return undefined;
  if (!isHttpServer(server)) return undefined;
  const { isGrpcServer, sideServer } = sideServers();
  if (isGrpcServer(server)) return undefined;
  // tls is not loaded just to ask `instanceof`: only its servers have this method.
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  const { address: host, port } = address;
  const side = sideServer(server, port);
  const seen = { server, local: server, scheme, host, port } as const;
  return side === undefined ? seen : { ...seen, side };
}

/**
 * The class first, since a server may get its `request` listener after it listens; then the listeners, for classes
 * of others. Those of http2 are not exported anywhere, so their names have to do.
 */
function isHttpServer(server: Server): boolean {
  // The health server of this package (runtime/health-server.ts).
  if (Reflect.get(server, OWN_SERVER) === true) return false;
  if (server instanceof HttpServer) return true;
  for (let proto: unknown = server; proto instanceof Server; proto = Object.getPrototypeOf(proto)) {
    if (Object.hasOwn(proto, 'closeIdleConnections')) {
      if (Reflect.get(proto, 'closeIdleConnections') === closeIdle) return true;
    }
    const { name } = proto.constructor;
    if (name === 'Http2Server' || name === 'Http2SecureServer') return true;
  }
  return server.listenerCount('request') + server.listenerCount('stream') > 0;
}

/** The first argument of `listen` names a unix socket or a Windows pipe. */
function isPipe(target: unknown): boolean {
  if (typeof target === 'string') return Number.isNaN(Number(target));
  return typeof target === 'object' && target !== null && 'path' in target && Boolean(target.path);
}

function guard(step: () => void): void {
  try {
    step();
  } catch {
    // A defect of ours must not become an error of the app's listen or close.
  }
}

/**
 * Owns how we learn that an HTTP server of the app listens or stops listening. Installed once at preload by
 * `entry/register.cts`. Two sources, since neither is there on every Node: `net.Server.prototype.listen`, which http, https,
 * http2 and every framework end in, and the channel `tracing:net.server.listen`. Plain net servers, the primary of a
 * cluster and unix sockets drop out here. It loads nothing that the app has not loaded, and never throws into the app.
 */
import { subscribe } from 'node:diagnostics_channel';
import { Server as HttpServer } from 'node:http';
import { Server, type AddressInfo } from 'node:net';

import type { ListeningServer } from '../process-hub.js';

export interface ListenSink {
  /** An HTTP server was told to listen on a port: the moment to load what a registration needs. */
  starting(): void;
  up(server: ListeningServer): void;
  /** It accepts no more connections. With the object that `up` got. */
  down(server: ListeningServer): void;
}

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
  const watch = (server: Server): void => {
    if (watched.has(server)) return;
    watched.add(server);
    // One lasting listener: a `once` for each call of listen would stay behind after EADDRINUSE.
    server.prependListener('listening', () => guard(() => onUp(server)));
    server.on('close', () => guard(() => onDown(server)));
  };

  intercept('listen', {
    before: (server, args) => {
      watch(server);
      if (!isPipe(args[0]) && isHttpServer(server)) sink.starting();
    },
  });
  // `close` is emitted when the last connection is gone; connections are refused from the call on.
  intercept('close', {
    after: (server) => {
      if (!server.listening) onDown(server);
    },
  });
  subscribe(LISTEN_DONE, (message) => {
    guard(() => {
      const server: unknown = Reflect.get(Object(message), 'server');
      if (!(server instanceof Server)) return;
      watch(server);
      onUp(server);
    });
  });
}

interface Around {
  readonly before?: (server: Server, args: readonly unknown[]) => void;
  readonly after?: (server: Server) => void;
}

/** Puts our steps around a method. A proxy, so that name, length, result and everything else stay what they are. */
function intercept(method: 'listen' | 'close', around: Around): void {
  const original: unknown = Reflect.get(Server.prototype, method);
  if (typeof original !== 'function') return;
  Reflect.set(
    Server.prototype,
    method,
    new Proxy(original, {
      apply(target, server: unknown, args: unknown[]): unknown {
        const { before, after } = around;
        if (before !== undefined && server instanceof Server) guard(() => before(server, args));
        const result: unknown = Reflect.apply(target, server, args);
        if (after !== undefined && server instanceof Server) guard(() => after(server));
        return result;
      },
    }),
  );
}

/** undefined when it does not listen, listens on a pipe, or speaks no HTTP. */
function describe(server: Server): ListeningServer | undefined {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string' || !(address.port > 0)) return undefined;
  if (!isHttpServer(server)) return undefined;
  // tls is not loaded just to ask `instanceof`: only its servers have this method.
  const scheme = 'setSecureContext' in server ? 'https' : 'http';
  return { server, local: server, scheme, host: address.address, port: address.port };
}

/**
 * The class first, since a server may get its `request` listener after it listens; then the listeners, for classes
 * of others. Those of http2 are not exported anywhere, so their names have to do.
 */
function isHttpServer(server: Server): boolean {
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

/**
 * Owns how the first request of this process is noticed, for `registration.register_on_request`. Installed by the hub only while the
 * runtime wants to know; until then, and after the first request, it costs nothing. It sees every HTTP server, ours or not,
 * and never delays a request: what follows runs in a turn of its own. It never throws into the app.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server } from 'node:net';

export interface FirstRequestWatch {
  /** Servers of http2 tell on no channel of Node 20: they are listened to. Others need not be named. */
  add(server: Server): void;
  /** Idempotent. */
  stop(): void;
}

/** HTTP/1 of http, https and of http2 servers that allow it. Published before the app's handler runs. */
const REQUEST_START = 'http.server.request.start';

/** Calls back once, after the first request has been handed to the app; then it has stopped. */
export function watchFirstRequest(onRequest: () => void): FirstRequestWatch {
  const servers = new Set<Server>();
  let done = false;
  const stop = (): void => {
    if (done) return;
    done = true;
    unsubscribe(REQUEST_START, seen);
    for (const server of servers) server.removeListener('stream', seen);
    servers.clear();
  };
  const seen = (): void => {
    if (done) return;
    stop();
    setImmediate(() => {
      try {
        onRequest();
      } catch {
        // A defect of ours must not become an exception of the app.
      }
    });
  };
  subscribe(REQUEST_START, seen);
  return {
    add(server) {
      if (done || servers.has(server) || !isHttp2(server)) return;
      servers.add(server);
      // Not `request`: a listener for that would have http2 answer streams that the app wants to answer itself.
      server.on('stream', seen);
      server.once('close', () => servers.delete(server));
    },
    stop,
  };
}

/** Their classes are not exported anywhere, so the names have to do. */
function isHttp2(server: Server): boolean {
  for (let proto: unknown = server; typeof proto === 'object' && proto !== null;) {
    const { name } = proto.constructor;
    if (name === 'Http2Server' || name === 'Http2SecureServer') return true;
    proto = Object.getPrototypeOf(proto);
  }
  return false;
}

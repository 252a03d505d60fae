/**
 * Owns what is known of the connections of one HTTP server: which of them still owe an answer, and how callers are sent to
 * another instance without losing one. Used by the drain. It ends no connection that is at work.
 *
 * At work is a request whose response comes to an end. An upgraded connection (WebSocket) and a stream of server-sent events
 * have none, so nobody waits for them: they end with the process.
 *
 * A session of http2 is told nothing before it is closed. Node has no notice of a goodbye to come: once it has sent GOAWAY, whatever stream that
 * names, it takes no new request and reads nothing more while no stream is open. Requests under way would be lost, and the end of the
 * connection never be seen, so that a process could end before the event `close` of its server.
 */
import type { Server } from 'node:net';

export interface OpenConnections {
  /** From now on the next response of each connection of HTTP/1 is its last. Idempotent. */
  sendAway(): void;
  /** Takes `sendAway` back for connections to come. */
  keep(): void;
  /** Ends connections without a request; an http2 session when its last stream has ended. */
  closeIdle(): void;
  /** As of the last `closeIdle`. */
  readonly isBusy: boolean;
}

const EVENT_STREAM = /^content-type:\s*text\/event-stream/im;

export function followConnections(server: Server): OpenConnections {
  const sockets = new Set<object>();
  const sessions = new Set<object>();
  /** Opened before we followed, or not through their handshake. */
  let strangers = 0;
  let away = false;

  // https gives the raw connection first, which never carries a request.
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: unknown) => {
    follow(socket, sockets);
  });
  // Never emitted by http and https.
  server.on('session', (session: unknown) => follow(session, sessions));

  const onRequest = (_: unknown, response: unknown): void => lastOne(response);
  // A listener for requests would change how an http2 server hands out its streams.
  const hasRequests = !('updateSettings' in server);
  return {
    sendAway() {
      if (away) return;
      away = true;
      if (hasRequests) server.prependListener('request', onRequest);
      for (const socket of sockets) lastOne(responseOn(socket));
    },
    keep() {
      away = false;
      server.removeListener('request', onRequest);
    },
    closeIdle() {
      call(server, 'closeIdleConnections');
      for (const session of sessions) call(session, 'close');
      server.getConnections((error, count) => {
        strangers = error === null ? Math.max(0, count - sockets.size) : 0;
      });
    },
    get isBusy() {
      if (sessions.size > 0 || strangers > 0) return true;
      for (const socket of sockets) {
        const response = responseOn(socket);
        if (response !== undefined && !isEventStream(response)) return true;
      }
      return false;
    },
  };
}

function follow(one: unknown, among: Set<object>): void {
  if (typeof one !== 'object' || one === null) return;
  among.add(one);
  call(one, 'once', 'close', () => among.delete(one));
}

/** The response that node:http is about to give on a connection, from the request until its last byte is handed over. */
function responseOn(socket: object): object | undefined {
  const response: unknown = Reflect.get(socket, '_httpMessage');
  return typeof response === 'object' && response !== null ? response : undefined;
}

/** Makes Node send `Connection: close`, when the head of the response has not been sent yet. */
function lastOne(response: unknown): void {
  if (typeof response !== 'object' || response === null) return;
  if (Reflect.get(response, 'headersSent') === false)
    Reflect.set(response, 'shouldKeepAlive', false);
}

/** Given to `writeHead` at once, headers are nowhere but in the head that was sent. */
function isEventStream(response: object): boolean {
  const head: unknown = Reflect.get(response, '_header');
  return typeof head === 'string' && EVENT_STREAM.test(head);
}

/** Calls a method that not every kind of server or session has. */
function call(target: object, method: string, ...args: readonly unknown[]): void {
  const found: unknown = Reflect.get(target, method);
  if (typeof found === 'function') Reflect.apply(found, target, args);
}

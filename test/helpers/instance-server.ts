/**
 * Owns HTTP servers that stand for instances of a service in tests of the client hooks: each answers with what it received, and
 * counts its connections. Also the port of an instance that is dead.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';

import { openWebSocket } from './web-socket-server.js';

/** The answer's body, as JSON. */
export interface Received {
  readonly port: number;
  readonly method: string;
  /** Path and query, as the request line had them. */
  readonly target: string;
  readonly host: string | undefined;
  readonly servername: string | false | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Headers that are for a proxy. */
  readonly proxyHeaders: readonly string[];
}

export interface InstanceServer extends AsyncDisposable {
  readonly ip: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Connections so far. */
  readonly connections: number;
  /** The most connections at one time. */
  readonly mostAtOnce: number;
}

const TLS = path.resolve(import.meta.dirname, '..', 'fixtures', 'tls');
/** Self-signed for the DNS name `orders`; it is its own CA. */
export const CERTIFICATE = path.join(TLS, 'orders.crt');
/** The same for `orders` and for `vault`, in one file. */
export const CERTIFICATES = path.join(TLS, 'both.crt');

/**
 * `/to?URL` redirects there; `/hang` is never answered. Who asks for events gets one, with the same JSON, and then no more; who asks for a WebSocket gets
 * one, and the JSON as its first message. `tls`: true is the certificate of `orders`. `port`: that of one that was dead; default: any.
 */
export async function startInstance(
  options: { readonly tls?: boolean | 'vault'; readonly port?: number } = {},
): Promise<InstanceServer> {
  const received: Received[] = [];
  let connections = 0;
  let open = 0;
  let mostAtOnce = 0;
  const webSockets = new Set<Duplex>();
  const receive = (request: IncomingMessage, body: string): Received => {
    const { method = '', url = '', headers, socket } = request;
    const one: Received = {
      port,
      method,
      target: url,
      host: headers.host,
      servername: 'servername' in socket ? (socket.servername as string) : undefined,
      body,
      headers,
      proxyHeaders: Object.keys(headers).filter((name) => name.startsWith('proxy-')),
    };
    received.push(one);
    return one;
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const one = receive(request, body);
      const { target, headers } = one;
      if (target === '/hang') return;
      if (target.startsWith('/to?')) response.writeHead(302, { location: target.slice(4) });
      else if (headers['accept'] === 'text/event-stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`data: ${JSON.stringify(one)}\n\n`);
        return;
      }
      response.end(JSON.stringify(one));
    });
  };
  const upgrade = (request: IncomingMessage, socket: Duplex): void => {
    webSockets.add(socket);
    socket.on('error', () => undefined).on('close', () => webSockets.delete(socket));
    const one = receive(request, '');
    if (one.target === '/hang') return;
    if (one.target.startsWith('/to?')) {
      socket.end(`HTTP/1.1 302 Found\r\nLocation: ${one.target.slice(4)}\r\n\r\n`);
    } else {
      openWebSocket(request, socket, JSON.stringify(one));
    }
  };
  const server: Server =
    options.tls === undefined || options.tls === false
      ? createServer(answer)
      : createTlsServer(keysOf(options.tls === 'vault' ? 'vault' : 'orders'), answer);
  server.on('upgrade', upgrade);
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    mostAtOnce = Math.max(mostAtOnce, open);
    socket.on('close', () => (open -= 1));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ip: '127.0.0.1',
    port,
    received,
    get connections() {
      return connections;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of webSockets) socket.destroy();
      }),
  };
}

function keysOf(name: string): { readonly cert: Buffer; readonly key: Buffer } {
  const read = (kind: string): Buffer => readFileSync(path.join(TLS, `${name}.${kind}`));
  return { cert: read('crt'), key: read('key') };
}

/** Below the ports that systems give out by themselves, and none of them is one that fetch refuses. */
const QUIET_PORTS = { from: 7000, count: 3000 };

/** An address where nobody listens, and nobody will who asks for any free port. */
export async function deadInstance(): Promise<{ readonly ip: string; readonly port: number }> {
  const first = Math.floor(Math.random() * QUIET_PORTS.count);
  for (let turn = 0; turn < QUIET_PORTS.count; turn += 1) {
    const port = QUIET_PORTS.from + ((first + turn) % QUIET_PORTS.count);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return { ip: '127.0.0.1', port };
  }
  throw new Error('no port is free');
}

const given = new Set<number>();

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

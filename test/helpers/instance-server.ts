/**
 * Owns HTTP servers that stand for instances of a service in tests of the client hooks: each answers with what it received, and
 * counts its connections. Also the port of an instance that is dead.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

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

/** `/to?URL` redirects there; `/hang` is never answered. `tls`: true is the certificate of `orders`. `port`: that of one that was dead; default: any. */
export async function startInstance(
  options: { readonly tls?: boolean | 'vault'; readonly port?: number } = {},
): Promise<InstanceServer> {
  const received: Received[] = [];
  let connections = 0;
  let open = 0;
  let mostAtOnce = 0;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const target = request.url ?? '';
      const one: Received = {
        port,
        method: request.method ?? '',
        target,
        host: request.headers.host,
        servername:
          'servername' in request.socket ? (request.socket.servername as string) : undefined,
        body,
        headers: request.headers,
        proxyHeaders: Object.keys(request.headers).filter((name) => name.startsWith('proxy-')),
      };
      received.push(one);
      if (target === '/hang') return;
      if (target.startsWith('/to?')) response.writeHead(302, { location: target.slice(4) });
      response.end(JSON.stringify(one));
    });
  };
  const server: Server =
    options.tls === undefined || options.tls === false
      ? createServer(answer)
      : createTlsServer(keysOf(options.tls === 'vault' ? 'vault' : 'orders'), answer);
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

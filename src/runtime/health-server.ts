/**
 * Owns the health route as a server of its own (option `health.port`) and as a path on the app's servers (`health.path`). Opened by the process
 * runtime. The server is never registered, holds no process, and one that cannot listen is one line in the log. The path is
 * answered before the app sees the request; every other request goes on untouched.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';

import type { Logger } from '../logger.js';
import type { HealthAnswer } from './health.js';

export interface HealthServer extends AsyncDisposable {
  /** undefined until it listens. */
  readonly port: number | undefined;
  close(): Promise<void>;
}

export interface HealthServerOptions {
  /** 0 takes any free one, which the log tells. */
  readonly port: number;
  readonly answer: () => HealthAnswer;
  readonly logger: Logger;
}

/** A server with this property is ours: the listen trigger lets it pass. */
const OWN = Symbol.for('nacos-serving.own-server');

export function openHealthServer(options: HealthServerOptions): HealthServer {
  const { answer, logger } = options;
  const server = createServer((request, response) => {
    const path = pathOf(request.url);
    if (!isRead(request.method)) send(request, response, 405, '');
    else if (path === '/live') send(request, response, 200, `${JSON.stringify({ live: true })}\n`);
    else if (path === '/' || path === '/ready') sendHealth(request, response, answer());
    else send(request, response, 404, '');
  });
  Object.defineProperty(server, OWN, { value: true });
  const port = (): number | undefined => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  };
  server.on('error', ({ message }) => {
    logger.error(`the health server cannot listen on port ${String(options.port)}: ${message}`);
  });
  server.listen(options.port, () => {
    logger.info(`health is answered on port ${String(port())}`);
  });
  server.unref();
  // A prober's kept connection must not hold the process either.
  server.on('connection', (socket) => socket.unref());
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    get port() {
      return port();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers this path of an http, https or http2 server of the app from now on. Idempotent for the same server. */
export function answerHealthOn(server: Server, path: string, answer: () => HealthAnswer): void {
  if (Reflect.has(server, OWN)) return;
  Object.defineProperty(server, OWN, { value: false });
  const { emit } = server;
  const value = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'request') {
      const [request, response] = args as [IncomingMessage, ServerResponse]; // of every kind of server
      if (pathOf(request.url) === path && isRead(request.method)) {
        sendHealth(request, response, answer());
        return true;
      }
    }
    return Boolean(Reflect.apply(emit, this, [event, ...args]));
  };
  Object.defineProperty(server, 'emit', { value, writable: true, configurable: true });
}

function sendHealth(
  request: IncomingMessage,
  response: ServerResponse,
  health: HealthAnswer,
): void {
  send(request, response, health.status, health.body);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: string,
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  // Whatever came with it is of no use.
  request.resume();
}

function pathOf(url = ''): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function isRead(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

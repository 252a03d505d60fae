/**
 * Owns the health answers on a port of their own (option `health.port`): `/` and `/ready` say whether this process may be sent traffic, `/live`
 * that it runs; and with `metrics.path`, the metrics of it. Opened by the process runtime with the first server of the app. The server is never registered, holds no
 * process, and one that cannot listen is one line in the log.
 */
import { createServer } from 'node:http';

import type { Logger } from '../logger.js';
import type { HealthAnswer } from './health.js';
import { answerHttp, isRead, pathOf, type HttpAnswer } from './health-response.js';

export interface HealthServer extends AsyncDisposable {
  /** undefined until it listens. */
  readonly port: number | undefined;
  /** Resolves when it listens, or is known not to. Never rejects. */
  opened(): Promise<void>;
  close(): Promise<void>;
}

export interface HealthServerOptions {
  /** 0 takes any free one, which the log tells. */
  readonly port: number;
  readonly answer: () => HealthAnswer;
  readonly metrics?: { readonly path: string; readonly answer: () => HttpAnswer } | undefined;
  readonly logger: Logger;
}

/** A server with this property is ours: the listen trigger lets it pass. */
const OWN = Symbol.for('nacos-serving.own-server');
const LIVE = `${JSON.stringify({ live: true })}\n`;
/** Probers are few; the connections of somebody else must not use up the app's file handles. */
const MAX_CONNECTIONS = 256;

export function openHealthServer(options: HealthServerOptions): HealthServer {
  const { logger } = options;
  const server = createServer((request, response) => {
    answerHttp(request, response, answerFor(request.method, request.url, options));
  });
  Object.defineProperty(server, OWN, { value: true });
  server.maxConnections = MAX_CONNECTIONS;
  const port = (): number | undefined => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : undefined;
  };
  const opened = new Promise<void>((resolve) => {
    server.on('error', ({ message }) => {
      const wanted = String(options.port);
      logger.error(`health.port: no health answers on port ${wanted}: ${message}; the app goes on`);
      resolve();
    });
    server.once('listening', () => {
      logger.info(`health is answered on port ${String(port())}`);
      resolve();
    });
  });
  // A prober's kept connection must not hold the process either.
  server.on('connection', (socket) => socket.unref());
  server.unref();
  // Exclusive: in a cluster worker it would else be the primary who listens, which the app would see.
  server.listen({ port: options.port, exclusive: true });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    get port() {
      return port();
    },
    opened: () => opened,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function answerFor(
  method: string | undefined,
  url: string | undefined,
  { answer, metrics }: HealthServerOptions,
): HttpAnswer {
  const path = pathOf(url);
  const isMetrics = path === metrics?.path;
  const isReady = path === '/' || path === '/ready';
  if (!isReady && !isMetrics && path !== '/live') return { status: 404, body: '' };
  if (!isRead(method)) return { status: 405, body: '', allow: 'GET, HEAD' };
  if (isMetrics && metrics !== undefined) return metrics.answer();
  return isReady ? answer() : { status: 200, body: LIVE };
}

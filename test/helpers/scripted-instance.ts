/**
 * Owns instances that misbehave, for tests of attempts: each request gets what the script says next, and the last thing again when the
 * script is through. It also opens WebSockets, unless the step is to reset: such a connection gets one text which says what was asked.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Socket, type AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { CERTIFICATE } from './instance-server.js';
import { openWebSocket } from './web-socket-server.js';

/**
 * reset: the connection is reset. cut: it is closed before any response. hang: nothing comes. A number: this status, with `retry-after: 1` when it
 * is 503. long: status 503 with a body that never ends. ok: 200 with what was received as JSON. slow: the same 10 ms later.
 */
export type Step = 'reset' | 'cut' | 'hang' | 'long' | 'ok' | 'slow' | number;

export interface ScriptedInstance extends AsyncDisposable {
  readonly ip: string;
  readonly port: number;
  /** `METHOD target body`, in order. */
  readonly received: readonly string[];
  readonly connections: number;
  /** Closes idle connections, as a server does that stops. */
  closeIdle(): void;
}

const SLOW_MS = 10;

export async function startScripted(
  steps: readonly Step[],
  options: { readonly tls?: boolean } = {},
): Promise<ScriptedInstance> {
  const received: string[] = [];
  let connections = 0;
  const answer: RequestListener = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const step = steps[Math.min(received.length, steps.length - 1)];
      received.push(`${String(request.method)} ${String(request.url)} ${body}`);
      const { socket } = request;
      if (step === 'reset') socket.resetAndDestroy();
      else if (step === 'cut') socket.end();
      else if (step === 'long') response.writeHead(503).write('x');
      else if (typeof step === 'number') {
        response.writeHead(step, step === 503 ? { 'retry-after': '1' } : {}).end('refused');
      } else if (step === 'ok' || step === 'slow') {
        const { headers } = request;
        const text = JSON.stringify({ port, body, headers });
        if (step === 'ok') response.end(text);
        // How slow it is is what a test is about; nobody waits for this time.
        else void setTimeout(SLOW_MS).then(() => response.end(text));
      }
    });
  };
  const server =
    options.tls === true
      ? createTlsServer(
          {
            cert: readFileSync(CERTIFICATE),
            key: readFileSync(path.join(path.dirname(CERTIFICATE), 'orders.key')),
          },
          answer,
        )
      : createServer(answer);
  server.on('connection', () => (connections += 1));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const step = steps[Math.min(received.length, steps.length - 1)];
    received.push(`${String(request.method)} ${String(request.url)} `);
    if (step === 'reset' && socket instanceof Socket) {
      socket.resetAndDestroy();
      return;
    }
    const said = {
      port,
      host: request.headers.host,
      target: request.url,
      servername: 'servername' in socket ? socket.servername : undefined,
    };
    openWebSocket(request, socket, JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ip: '127.0.0.1',
    port,
    received,
    get connections() {
      return connections;
    },
    closeIdle: () => server.closeIdleConnections(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Owns what the dev server speaks TLS with, and the two kinds of servers that do: gRPC, which negotiates HTTP/2, and HTTPS. Used by server.ts.
 */
import { createServer as createSecureHttp } from 'node:https';
import type { RequestListener, Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import { createServer as createTls, type TlsOptions } from 'node:tls';

/** TLS of the dev server; PEM texts. */
export interface DevServerTls {
  /** Certificate of the server with its chain. */
  readonly cert: string;
  /** Private key of that certificate. */
  readonly key: string;
  /** Given: clients have to show a certificate of this authority. */
  readonly clientCa?: string;
  /** HTTP goes by TLS as well. Default false, as on real servers, which have TLS for gRPC only. */
  readonly https?: boolean;
}

export function createTlsServer(tls: DevServerTls, onSocket: (socket: Socket) => void): Server {
  return createTls({ ...optionsOf(tls), ALPNProtocols: ['h2'] }, (socket) => {
    socket.setNoDelay(true);
    onSocket(socket);
  });
}

export function createHttpsServer(tls: DevServerTls, onRequest: RequestListener): HttpServer {
  return createSecureHttp(optionsOf(tls), onRequest);
}

function optionsOf({ cert, key, clientCa }: DevServerTls): TlsOptions {
  if (clientCa === undefined) return { cert, key };
  return { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: true };
}

/**
 * Owns a TCP server that keeps the bytes of each HTTP request exactly as they came, for comparing what two processes send. It answers
 * every request with the same few bytes and closes the connection.
 */
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';

import { CERTIFICATE } from './instance-server.js';

export interface CaptureServer extends AsyncDisposable {
  readonly port: number;
  /** Requests so far, in the order of their connections. Taking them empties the list. */
  take(): string[];
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';

/** `tls`: what comes is kept as it was before TLS, after a line with the server name that was asked for. */
export async function startCaptureServer(
  options: { readonly tls?: boolean } = {},
): Promise<CaptureServer> {
  let requests: { bytes: string }[] = [];
  const sockets = new Set<Socket>();
  const listener = (socket: Socket | TLSSocket): void => {
    const name = 'servername' in socket ? String(socket.servername) : undefined;
    const request = { bytes: name === undefined ? '' : `server name: ${name}\r\n` };
    requests.push(request);
    sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      request.bytes += chunk;
      if (isWhole(request.bytes)) socket.end(ANSWER, 'latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = options.tls === true ? createTlsServer(keys(), listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    take() {
      const taken = requests.map(({ bytes }) => bytes);
      requests = [];
      return taken;
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function keys(): { readonly cert: Buffer; readonly key: Buffer } {
  const key = CERTIFICATE.replace(/\.crt$/, '.key');
  return { cert: readFileSync(CERTIFICATE), key: readFileSync(key) };
}

function isWhole(bytes: string): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const head = bytes.slice(0, end);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return bytes.length >= end + 4 + Number(length);
  return !/^transfer-encoding: *chunked/im.test(head) || bytes.endsWith('\r\n0\r\n\r\n');
}

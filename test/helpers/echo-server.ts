/** Owns an HTTP server that keeps the headers of what it is asked, for tests of what is sent along. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  /** Of each request so far. */
  readonly headers: readonly IncomingHttpHeaders[];
}

/** Answers everything with `name`. */
export async function startEcho(name = 'echo'): Promise<EchoServer> {
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    headers.push(request.headers);
    response.end(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    headers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

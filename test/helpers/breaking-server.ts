/**
 * Owns a server that stands for an instance which breaks: it reads each request to its end and closes the connection without an answer. For
 * tests of what is repeated.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BreakingServer extends AsyncDisposable {
  readonly ip: string;
  readonly port: number;
  /** Method and path of each request that came whole. */
  readonly received: readonly string[];
}

export async function startBreaking(): Promise<BreakingServer> {
  const received: string[] = [];
  const server = createServer((request) => {
    request.resume().once('end', () => {
      received.push(`${request.method ?? ''} ${request.url ?? ''}`);
      request.socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ip: '127.0.0.1',
    port,
    received,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

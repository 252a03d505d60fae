/** What gRPC has no request for is asked over HTTP: also when one of the servers says nothing. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

import { expect, it } from 'vitest';

import { createHttpGet } from '../../src/client/http-api.js';
import { startDevServer } from '../../src/dev-server/index.js';
import { RequestTimeoutError } from '../../src/errors.js';
import { silentLogger } from '../../src/logger.js';
import { fixedServers } from '../../src/remote/server-source.js';
import { TlsMaterial } from '../../src/remote/tls-material.js';

/** Takes connections, and never says a word. */
async function aSilentServer(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => void socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // of a port that listens
  return {
    port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const PATH = '/v1/cs/configs';
const QUERY = { search: 'blur', dataId: '', group: '', tenant: '', pageNo: '1', pageSize: '1' };
const at = (port: number) => ({ host: '127.0.0.1', port, grpcPort: port + 1000, tls: false });
const getOf = (ports: readonly number[]) =>
  createHttpGet({
    servers: fixedServers(ports.map(at)),
    tls: new TlsMaterial({}, silentLogger),
    credentials: undefined,
    requestTimeoutMs: 3000,
  });

it('one that says nothing does not keep the others from being asked', async () => {
  await using silent = await aSilentServer();
  await using dev = await startDevServer();
  const get = getOf([silent.port, dev.port]);
  expect(await get(PATH, QUERY, { timeoutMs: 2000 })).toMatchObject({ status: 200 });
});

it('when none says anything, that is said within the bound', async () => {
  await using one = await aSilentServer();
  await using other = await aSilentServer();
  const asked = getOf([one.port, other.port])(PATH, QUERY, { timeoutMs: 200 });
  await expect(asked).rejects.toBeInstanceOf(RequestTimeoutError);
});

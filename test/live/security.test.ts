/**
 * Logins and TLS against a real server of our own that wants both: with them everything works, without them nothing does. The server of the
 * Nacos start script has TLS for gRPC and plain HTTP, so HTTPS comes from a proxy in front. r-nacos has neither flag.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type AddressInfo, type Server } from 'node:net';
import path from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { createClient, type ClientOptions, type NacosClient } from '../../src/index.js';
import { createLogger } from '../../src/logger.js';
import { anOwnServer, type OwnServer } from '../helpers/own-server.js';

const STARTS_MS = 300_000;
const WAIT = { timeout: 30_000, interval: 50 };
const INSTANCE = { ip: '10.0.0.5', port: 8080 };
const USER = { username: 'nacos', password: process.env['NACOS_PASSWORD'] ?? 'nacos' };
const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures', 'tls', 'nacos');

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

function client(options: ClientOptions): { readonly made: NacosClient; readonly log: string[] } {
  const log: string[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(line) });
  const made = createClient({ logger, requestTimeoutMs: 10_000, ...options });
  open.push(made);
  return { made, log };
}

async function useBoth({ naming, config }: NacosClient, name: string): Promise<void> {
  await naming.register(name, INSTANCE, { timeoutMs: 30_000 });
  await vi.waitFor(async () => {
    expect((await naming.query(name)).instances).toHaveLength(1);
  }, WAIT);
  await config.publish(`${name}.txt`, undefined, 'text of it');
  await vi.waitFor(async () => {
    expect((await config.get(`${name}.txt`))?.content).toBe('text of it');
  }, WAIT);
  await config.remove(`${name}.txt`);
}

describe('a server that knows nothing of access keys', () => {
  it('takes signed requests as any others', async () => {
    const server = process.env['NACOS_TEST_SERVER'];
    if (server === undefined) throw new Error('NACOS_TEST_SERVER is not set');
    for (const signatureRegion of [undefined, 'cn-hangzhou']) {
      const { made } = client({ server, accessKey: 'ak', secretKey: 'sk', signatureRegion });
      await useBoth(made, `signed-${String(process.pid)}`);
    }
  });
});

describe('a server behind a proxy that asks for certificates of clients', () => {
  it('serves who has one of the right authority, and nobody else', async () => {
    const [host = '', port = ''] = (process.env['NACOS_TEST_SERVER'] ?? '').split(':');
    const pem = (name: string): string => readFileSync(path.join(FIXTURES, name), 'utf8');
    const proxy = await tlsProxy(Number(port) + 1000, {
      requestCert: true,
      rejectUnauthorized: true,
      ca: pem('ca.crt'),
      ALPNProtocols: ['h2'],
    });
    open.push({ [Symbol.asyncDispose]: () => Promise.resolve(void proxy.close()) });
    const grpcPort = String((proxy.address() as AddressInfo).port); // it listens on a port
    const server = `${host}:${port}?grpcPort=${grpcPort}`;
    const ca = pem('ca.crt');
    const own = { cert: pem('client.crt'), key: pem('client.key') };
    await useBoth(client({ server, tls: { ca, ...own } }).made, `mutual-${String(process.pid)}`);
    const { made: bare } = client({ server, tls: { ca } });
    await expect(bare.connect({ timeoutMs: 3000 })).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
    });
  });
});

if (process.env['NACOS_TEST_KIND'] !== 'r-nacos') {
  describe('a server that wants a login and TLS', () => {
    let server: OwnServer;
    let tls: { readonly caFile: string };
    beforeAll(async () => {
      server = await anOwnServer(['--auth', '--tls']);
      await server.start();
      tls = { caFile: path.join(server.data, 'tls', 'ca.pem') };
    }, STARTS_MS);
    afterAll(() => server[Symbol.asyncDispose](), STARTS_MS);

    it('serves who has both', async () => {
      await useBoth(client({ server: server.address, tls, ...USER }).made, 'both');
    });

    it('refuses who has no login, or a wrong one', async () => {
      const { made } = client({ server: server.address, tls });
      await expect(made.naming.query('orders')).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(made.config.get('app.yaml')).rejects.toMatchObject({ code: 'FORBIDDEN' });
      const password = 'not-the-password';
      const { made: wrong, log } = client({ server: server.address, tls, ...USER, password });
      await expect(wrong.naming.query('orders')).rejects.toThrow(/user nacos/);
      expect(log.join('')).not.toContain(password);
    });

    it.each([
      ['plain text', { enabled: false }, /ended|closed|reset/i],
      ['another authority', { caFile: path.join(FIXTURES, 'other-ca.crt') }, /tls\.ca_file/],
      ['another name', { serverName: 'elsewhere' }, /tls\.server_name/],
    ])('is not talked to with %s', async (_, other, why) => {
      const { made, log } = client({ server: server.address, tls: { ...tls, ...other }, ...USER });
      await expect(made.connect({ timeoutMs: 5000 })).rejects.toMatchObject({
        code: 'NOT_CONNECTED',
      });
      expect(log.join('')).toMatch(why);
    });

    it('behind a proxy for HTTPS takes the login there, under its context path', async () => {
      const proxy = await tlsProxy(server.port);
      open.push({ [Symbol.asyncDispose]: () => Promise.resolve(void proxy.close()) });
      const { port } = proxy.address() as AddressInfo;
      const grpcPort = String(server.port + 1000);
      const ours = readFileSync(path.join(FIXTURES, 'ca.crt'), 'utf8');
      const { made } = client({
        server: `https://127.0.0.1:${String(port)}/nacos?grpcPort=${grpcPort}`,
        tls: { ca: [readFileSync(tls.caFile, 'utf8'), ours] },
        ...USER,
      });
      await useBoth(made, 'proxied');
    });

    it('is passed to from dead addresses', async () => {
      const addresses = `127.0.0.1:1,[::1]:1,${server.address}`;
      const { made } = client({ server: addresses, tls, ...USER });
      await made.connect({ timeoutMs: 30_000 });
      await useBoth(made, 'dead-ones');
    });
  });
}

/** Ends TLS and hands the bytes on, as a load balancer does. */
async function tlsProxy(target: number, asked: TlsOptions = {}): Promise<Server> {
  const pem = (name: string): string => readFileSync(path.join(FIXTURES, name), 'utf8');
  const own = { cert: pem('server.crt'), key: pem('server.key') };
  const proxy = createServer({ ...own, ...asked }, (socket) => {
    const upstream = connect(target, '127.0.0.1');
    for (const one of [socket, upstream]) one.on('error', () => undefined);
    socket.pipe(upstream).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}

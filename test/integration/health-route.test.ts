/** Health answers on a path of the app's own server, of every kind, and that no other request notices. */
import { readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  connect,
  createSecureServer,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
} from 'node:http2';
import { createServer as createHttpsServer, request as secureRequest } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import path from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { answerRouteOn } from '../../src/runtime/health-route.js';
import type { HealthAnswer } from '../../src/runtime/health.js';

const TLS = path.resolve(import.meta.dirname, '..', 'fixtures', 'tls');
const tls = {
  cert: readFileSync(path.join(TLS, 'orders.crt')),
  key: readFileSync(path.join(TLS, 'orders.key')),
};
const READY: HealthAnswer = { ready: true, status: 200, body: '{"ready":true}\n' };
const NOT_READY: HealthAnswer = { ready: false, status: 503, body: '{"ready":false}\n' };

interface Got {
  readonly status: number;
  readonly body: string;
}

let seen: string[] = [];
const servers: Server[] = [];
const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  seen = [];
  for (const session of sessions.splice(0)) session.destroy();
  for (const server of servers.splice(0)) server.close();
});

function app(
  { method, url }: { method?: string | undefined; url?: string | undefined },
  response: { end(text: string): unknown },
): void {
  seen.push(`${String(method)} ${String(url)}`);
  response.end('app');
}
const handler = (message: IncomingMessage, response: ServerResponse): void =>
  app(message, response);

const KINDS = {
  http: () => createServer(handler),
  https: () => createHttpsServer(tls, handler),
  http2: () => createHttp2Server((message, response) => app(message, response)),
  'http2 with TLS': () => createSecureServer(tls, (message, response) => app(message, response)),
  'http2 with streams': () =>
    createHttp2Server().on('stream', (stream, headers) => {
      app({ method: headers[':method'], url: headers[':path'] }, stream);
    }),
  'http1 on http2': () =>
    createSecureServer({ ...tls, allowHTTP1: true }, (message, response) => app(message, response)),
} as const;
type Kind = keyof typeof KINDS;

async function start(kind: Kind, answer: () => HealthAnswer | undefined): Promise<number> {
  const server: Server = KINDS[kind]();
  servers.push(server);
  answerRouteOn(server, { kind: 'health', path: '/healthz', answer });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function ask(kind: Kind, port: number, url: string, method = 'GET'): Promise<Got> {
  if (kind.startsWith('http2')) return askHttp2(kind, port, url, method);
  const send = kind === 'http' ? request : secureRequest;
  return new Promise((resolve, reject) => {
    const where = { host: '127.0.0.1', port, path: url, method, agent: false };
    send({ ...where, rejectUnauthorized: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .once('error', reject)
      .end();
  });
}

function askHttp2(kind: Kind, port: number, url: string, method: string): Promise<Got> {
  const scheme = kind === 'http2 with TLS' ? 'https' : 'http';
  const session = connect(`${scheme}://127.0.0.1:${String(port)}`, { rejectUnauthorized: false });
  sessions.push(session);
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    const stream = session.request({ ':path': url, ':method': method });
    let status = 0;
    let body = '';
    stream.once('response', (headers: IncomingHttpHeaders & { ':status'?: number }) => {
      status = headers[':status'] ?? 0;
    });
    stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    stream.once('error', reject).once('end', () => resolve({ status, body }));
    stream.end();
  });
}

describe.each(Object.keys(KINDS) as Kind[])('a server of %s', (kind) => {
  it('answers exactly its path, also with a query, before the app sees it', async () => {
    let answer = READY;
    const port = await start(kind, () => answer);
    expect(await ask(kind, port, '/healthz')).toEqual({ status: 200, body: READY.body });
    expect(await ask(kind, port, '/healthz?from=probe')).toEqual({ status: 200, body: READY.body });
    answer = NOT_READY;
    expect(await ask(kind, port, '/healthz')).toEqual({ status: 503, body: NOT_READY.body });
    expect(await ask(kind, port, '/healthz', 'HEAD')).toEqual({ status: 503, body: '' });
    expect(seen).toEqual([]);
  });

  it('leaves every other path and method to the app', async () => {
    const port = await start(kind, () => READY);
    const others = ['/', '/healthz/', '/healthzz', '/x/healthz', '/x?/healthz', '/HEALTHZ'];
    for (const url of others) expect(await ask(kind, port, url)).toMatchObject({ body: 'app' });
    for (const method of ['POST', 'DELETE', 'OPTIONS']) {
      expect(await ask(kind, port, '/healthz', method)).toMatchObject({ body: 'app' });
    }
    expect(seen).toHaveLength(others.length + 3);
  });

  it('leaves it to the app while there is no answer', async () => {
    const port = await start(kind, () => undefined);
    expect(await ask(kind, port, '/healthz')).toEqual({ status: 200, body: 'app' });
  });
});

it('health and metrics are two paths of one server', async () => {
  const server = createServer(app);
  servers.push(server);
  const text = { status: 200, type: 'text/plain; version=0.0.4', body: 'a 1\n' };
  answerRouteOn(server, { kind: 'health', path: '/healthz', answer: () => READY });
  answerRouteOn(server, { kind: 'metrics', path: '/metrics', answer: () => text });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const metrics = await fetch(`http://127.0.0.1:${String(port)}/metrics?x=1`);
  expect(metrics.headers.get('content-type')).toBe(text.type);
  expect(await metrics.text()).toBe(text.body);
  expect(await ask('http', port, '/healthz')).toEqual({ status: 200, body: READY.body });
  expect(await ask('http', port, '/other')).toEqual({ status: 200, body: 'app' });
  expect(await ask('http', port, '/metrics', 'POST')).toEqual({ status: 200, body: 'app' });
});

describe('the app', () => {
  it('sees no listener more, and the same results of emit', () => {
    const server = createServer();
    answerRouteOn(server, { kind: 'health', path: '/healthz', answer: () => READY });
    answerRouteOn(server, { kind: 'health', path: '/other', answer: () => READY });
    expect(server.listenerCount('request')).toBe(0);
    expect(Object.keys(server)).not.toContain('emit');
    expect(server.emit('unknown')).toBe(false);
    server.on('unknown', () => undefined);
    expect(server.emit('unknown')).toBe(true);
    expect(() => server.emit('error', new Error('as before'))).toThrow('as before');
  });

  it('sees no health request as http2 streams either when it has no listener for requests', async () => {
    const port = await start('http2 with streams', () => READY);
    const [server] = servers;
    await ask('http2 with streams', port, '/healthz');
    expect(server?.listenerCount('request')).toBe(0);
    expect(seen).toEqual([]);
  });
});

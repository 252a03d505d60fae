import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import {
  createSecureServer,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type Server } from 'node:net';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { probeOwnServer, type ProbeResult } from '../../src/registration/http-probe.js';
import { systemClock } from '../../src/util/clock.js';
import { openApps, type Apps } from './registration-fixture.js';

const TLS = path.join(import.meta.dirname, '../fixtures/tls');
const tls = {
  key: readFileSync(path.join(TLS, 'orders.key')),
  cert: readFileSync(path.join(TLS, 'orders.crt')),
};

let apps: Apps;
beforeEach(() => {
  apps = openApps();
});
afterEach(() => apps.close());

/** Both APIs have these. */
interface Exchange {
  readonly request: { readonly url?: string | undefined };
  readonly response: { statusCode: number; end(): unknown };
}

function answer({ request, response }: Exchange): void {
  response.statusCode = request.url === '/ready' ? 204 : 503;
  response.end();
}
const onHttp2 = (request: Http2ServerRequest, response: Http2ServerResponse): void =>
  answer({ request, response });

const KINDS: readonly (readonly [string, () => Server])[] = [
  ['http', () => createServer((request, response) => answer({ request, response }))],
  ['https', () => createHttps(tls, (request, response) => answer({ request, response }))],
  ['http2 without TLS', () => createHttp2(onHttp2)],
  ['http2 alone', () => createSecureServer(tls, onHttp2)],
  ['http2 with HTTP/1', () => createSecureServer({ ...tls, allowHTTP1: true }, onHttp2)],
];

async function probe(
  server: Server,
  target: string,
  options: { host?: string; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<ProbeResult> {
  const { host = '127.0.0.1', timeoutMs = 5000 } = options;
  return probeOwnServer(await apps.listen(server, host), target, {
    clock: systemClock,
    timeoutMs,
    signal: options.signal ?? new AbortController().signal,
  });
}

describe.each(KINDS)('the probe of a server of %s', (_, create) => {
  it('is good with a 2xx status, and tells any other', async () => {
    expect(await probe(create(), '/ready')).toEqual({ ok: true, detail: 'status 204' });
    expect(await probe(create(), '/other')).toEqual({ ok: false, detail: 'status 503' });
  });
});

describe('the probe', () => {
  it.each(['0.0.0.0', '::', '127.0.0.1'])('reaches a server bound to %s', async (host) => {
    const server = createServer((request, response) => answer({ request, response }));
    expect(await probe(server, '/ready', { host })).toMatchObject({ ok: true });
  });

  it('is bounded where the server never answers', async () => {
    const silent = createServer(() => undefined);
    const result = await probe(silent, '/ready', { timeoutMs: 100 });
    expect(result).toEqual({ ok: false, detail: 'no answer within 100 ms' });
    silent.closeAllConnections();
  });

  it('ends with its signal', async () => {
    const abort = new AbortController();
    const silent = createServer(() => abort.abort());
    const result = await probe(silent, '/ready', { signal: abort.signal });
    expect(result).toEqual({ ok: false, detail: 'not wanted any more' });
  });

  it('tells of a server that is no HTTP server, or has gone', async () => {
    const cutting = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.destroy();
    });
    expect(await probe(cutting, '/ready')).toMatchObject({ ok: false });
    const closed = createServer();
    const gone = await apps.listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const bounds = { clock: systemClock, timeoutMs: 5000, signal: new AbortController().signal };
    const result = await probeOwnServer(gone, '/ready', bounds);
    expect(result.detail).toMatch(/ECONNREFUSED/);
  });
});

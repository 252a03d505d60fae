/** A login against servers that answer badly: each ends within its bound, with an error of ours, and leaves nothing on the signal. */
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';

import { afterEach, expect, it } from 'vitest';

import { silentLogger } from '../../src/logger.js';
import { createHttpLogin } from '../../src/remote/auth/login.js';
import { TlsMaterial } from '../../src/remote/tls-material.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function loginAt(answer: (response: ServerResponse) => void, signal: AbortSignal) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const request = { username: 'ann', password: 'secret', timeoutMs: 300, signal };
  return createHttpLogin(new TlsMaterial({}, silentLogger))({ host: '127.0.0.1', port }, request);
}

/** A byte now and then, for ever: no idle time-out sees an end. */
function drip(response: ServerResponse): void {
  response.write('{');
  const timer = setInterval(() => response.write(' '), 20);
  response.once('close', () => clearInterval(timer));
}

it('an answer that drips is given up after the bound', async () => {
  const { signal } = new AbortController();
  await expect(loginAt(drip, signal)).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
});

it('no answer at all is given up after the bound', async () => {
  const { signal } = new AbortController();
  await expect(loginAt(() => undefined, signal)).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
});

it('an abort ends an answer that has begun', async () => {
  const stop = new AbortController();
  const dripping = loginAt((response) => {
    drip(response);
    setImmediate(() => stop.abort(new Error('enough')));
  }, stop.signal);
  await expect(dripping).rejects.toThrow('enough');
});

it('an answer that is cut short says that the server could not be reached', async () => {
  const { signal } = new AbortController();
  const cut = loginAt((response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{');
    setImmediate(() => response.destroy());
  }, signal);
  await expect(cut).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});

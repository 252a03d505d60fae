/**
 * Instances that speak HTTP/2, which undici 8 asks for over TLS by itself and undici 7 when it is told to: the name of the service is what they are asked for,
 * a dead one is passed over, and connections to one that is gone end when nothing is under way on them.
 */
import { readFileSync } from 'node:fs';
import { createSecureServer, type Http2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';

import { expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance } from '../helpers/instance-server.js';
import { UNDICI_COPIES } from '../helpers/undici-copies.js';

/** Answers with what it was asked for; `/held` is answered in two parts, the second one when `/go` was asked. */
async function startHttp2Instance() {
  const sessions = new Set<Http2Session>();
  let go = (): void => undefined;
  const server = createSecureServer(
    { cert: readFileSync(CERTIFICATE), key: readFileSync(CERTIFICATE.replace(/crt$/, 'key')) },
    (request, response) => {
      const { authority, method, url } = request;
      if (url === '/held') {
        response.write('first ');
        go = () => response.end('second');
        return;
      }
      if (url === '/go') go();
      response.end(JSON.stringify({ authority, method, url, version: request.httpVersion }));
    },
  );
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ip: '127.0.0.1',
    port,
    secure: true,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it.each(UNDICI_COPIES)(
  '%s calls them by name, and leaves what is under way on one that is gone',
  async (undici) => {
    await using one = await startHttp2Instance();
    const dead = await deadInstance();
    const said = await runHooked(
      `
      const { Agent, request } = require('${undici}');
      const dispatcher = new Agent({ allowH2: true });
      const call = (url, options) => request(url, { dispatcher, ...options });
      const json = (url, options) => call(url, options).then(({ body }) => body.json());
      await say('past a dead one', json('https://orders/q'));
      await say('call', json('https://orders/p?x=1'));
      await say('post', json('https://orders/p', { method: 'POST', body: 'b' }));
      const { body } = await call('https://orders/held');
      const disconnected = new Promise((resolve) => dispatcher.once('disconnect', () => resolve('disconnected')));
      const gone = () => {
        for (const listener of hub.goneListeners) listener([{ ip: '127.0.0.1', port: ${String(one.port)} }]);
      };
      gone();
      await say('go', json('https://orders/go'));
      await say('held', body.text());
      gone();
      await say('then', disconnected);
      `,
      {
        routes: { orders: [{ ...dead, secure: true }, one] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE, NODE_NO_WARNINGS: '1' },
      },
    );
    expect(said['call']).toEqual({
      value: { authority: 'orders', method: 'GET', url: '/p?x=1', version: '2.0' },
    });
    expect(said['post']).toMatchObject({ value: { authority: 'orders', method: 'POST' } });
    expect(said['past a dead one']).toMatchObject({ value: { url: '/q', version: '2.0' } });
    expect(said['go']).toMatchObject({ value: { url: '/go' } });
    expect(said['held']).toEqual({ value: 'first second' });
    expect(said['then']).toEqual({ value: 'disconnected' });
  },
);

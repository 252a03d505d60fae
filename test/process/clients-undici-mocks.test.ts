/** Who stands before us: mocks win, what they let through is ours, proxies are passed by, and event streams come by name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { deadInstance, startInstance } from '../helpers/instance-server.js';
import { UNDICI_COPIES } from '../helpers/undici-copies.js';

it.each(UNDICI_COPIES)(
  'a MockAgent of %s answers alone, and hands on what is ours',
  async (undici) => {
    await using one = await startInstance();
    const said = await runHooked(
      `
    const { MockAgent, request, fetch: undiciFetch } = require('${undici}');
    const mock = new MockAgent();
    mock.get('http://orders').intercept({ path: '/mocked' }).reply(200, 'by the mock').persist();
    const text = async (path, call = request) => {
      const { body, ...rest } = await call('http://orders' + path, { dispatcher: mock });
      return call === request ? body.text() : new Response(body).text();
    };
    await say('request', text('/mocked'));
    await say('fetch', text('/mocked', undiciFetch));
    await say('asked', [hub.asked, hub.loads]);
    mock.enableNetConnect();
    await say('let through', text('/real').then(JSON.parse));
    `,
      { routes: { orders: [one] } },
    );
    expect(said['request']?.value).toBe('by the mock');
    expect(said['fetch']?.value).toBe('by the mock');
    expect(said['asked']?.value).toEqual([[], 0]);
    expect(said['let through']?.value).toMatchObject({ port: one.port, host: 'orders' });
  },
);

it('mocks of fetch by msw and nock answer alone, and hand on what is ours', async () => {
  await using one = await startInstance();
  const said = await runHooked(
    `
    const { setupServer } = await import('msw/node');
    const { http: msw, HttpResponse } = await import('msw');
    const server = setupServer(msw.get('http://orders/mocked', () => HttpResponse.json({ by: 'msw' })));
    server.listen({ onUnhandledRequest: 'bypass' });
    await say('msw', viaFetch('http://orders/mocked'));
    await say('asked', [hub.asked, hub.loads]);
    await say('by msw', viaFetch('http://orders/real'));
    server.close();
    const { default: nock } = await import('nock');
    nock('http://orders').get('/mocked').reply(200, { by: 'nock' });
    await say('nock', viaFetch('http://orders/mocked'));
    nock.restore();
    await say('after', viaFetch('http://orders/real'));
    `,
    // msw looks whether there is a `localStorage`; Node 26 warns then that it has no file for it.
    { routes: { orders: [one] }, env: { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' } },
  );
  expect(said['msw']?.value).toMatchObject({ by: 'msw' });
  expect(said['asked']?.value).toEqual([[], 0]);
  expect(said['by msw']?.value).toMatchObject({ port: one.port, host: 'orders' });
  expect(said['nock']?.value).toMatchObject({ by: 'nock' });
  expect(said['after']?.value).toMatchObject({ port: one.port });
});

it.each(UNDICI_COPIES)('proxies of %s are passed by', async (undici) => {
  await using one = await startInstance();
  const dead = await deadInstance();
  const said = await runHooked(
    `
    const { ProxyAgent, EnvHttpProxyAgent, request } = require('${undici}');
    const proxy = 'http://127.0.0.1:${String(dead.port)}';
    for (const dispatcher of [new ProxyAgent(proxy), new EnvHttpProxyAgent({ httpProxy: proxy })]) {
      const call = request('http://orders/p', { dispatcher }).then(({ body }) => body.json());
      await say(dispatcher.constructor.name, call);
      await say('other host', request('http://127.0.0.1:${String(one.port)}/', { dispatcher }));
    }
    `,
    // Undici 6 calls one of them experimental.
    { routes: { orders: [one] }, env: { NODE_NO_WARNINGS: '1' } },
  );
  expect(said['ProxyAgent']?.value).toMatchObject({ port: one.port, proxyHeaders: [] });
  expect(said['EnvHttpProxyAgent']?.value).toMatchObject({ port: one.port, proxyHeaders: [] });
  expect(said['other host']?.error?.code).toBe('ECONNREFUSED');
});

it('event streams come by name, through fetch and through EventSource', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: one\n\ndata: two\n\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const said = await runHooked(
      `
      const stop = new AbortController();
      const { body } = await fetch('http://events/', { signal: stop.signal });
      const { value } = await body.getReader().read();
      await say('fetch', new TextDecoder().decode(value));
      stop.abort();
      const { EventSource } = await import('eventsource');
      const source = new EventSource('http://events/');
      await say('EventSource', new Promise((resolve) => {
        const seen = [];
        source.onmessage = ({ data }) => seen.push(data) === 2 && resolve(seen);
      }));
      source.close();
      `,
      { routes: { events: [{ ip: '127.0.0.1', port }] } },
    );
    expect(said['fetch']?.value).toContain('data: one');
    expect(said['EventSource']?.value).toEqual(['one', 'two']);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** WebSocket upgrades by name (`ws` connects without an agent), and event streams. */
import { describe, expect, it } from 'vitest';

import { startCaptureServer } from '../helpers/capture-server.js';
import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance, startInstance } from '../helpers/instance-server.js';
import { startScripted } from '../helpers/scripted-instance.js';

/** What the instance says in its first message. */
const OPEN = `
  const WebSocket = require('ws');
  const open = (url, options) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    socket.on('error', reject).on('unexpected-response', (request, { statusCode }) => resolve(statusCode));
    socket.on('message', (data) => { resolve(JSON.parse(String(data))); socket.close(); });
  });
`;

describe('a WebSocket by name', () => {
  it('goes to the instances in turn, past a dead one, under the logical name', async () => {
    const dead = await deadInstance();
    await using one = await startScripted(['ok']);
    await using two = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${OPEN}
      await say('first', open('ws://orders/path?x=1'));
      await say('second', open('ws://orders/path'));
      await say('agent', open('ws://orders/path', { agent: new http.Agent({ keepAlive: true }) }));
      await say('dead', open('ws://half/path'));
      await say('ended', hub.ended);
      await say('empty', open('ws://empty/'));
      await say('unknown', open('ws://no-such-host-of-ours/'));
      `,
      { routes: { orders: [one, two], half: [dead, one], empty: [] } },
    );
    expect(said['first']?.value).toMatchObject({
      port: one.port,
      host: 'orders',
      target: '/path?x=1',
    });
    expect(said['second']?.value).toMatchObject({ port: two.port });
    expect(said['agent']?.value).toMatchObject({ port: one.port });
    expect(said['dead']?.value).toMatchObject({ port: one.port, host: 'half' });
    expect(said['ended']?.value).toEqual([
      [one.port, 'answered', 101],
      [two.port, 'answered', 101],
      [one.port, 'answered', 101],
      [dead.port, 'unsent', null],
      [one.port, 'answered', 101],
    ]);
    expect(said['empty']?.error).toMatchObject({ code: 'NO_INSTANCE' });
    expect(said['unknown']?.error?.code).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('checks the certificate of a wss instance against the name, and speaks TLS where it is wanted', async () => {
    await using tls = await startScripted(['ok'], { tls: true });
    const said = await runHooked(
      `
      ${OPEN}
      await say('wss', open('wss://orders/path'));
      await say('other', open('wss://stock/'));
      await say('secure', open('ws://vault/', { headers: { host: 'orders' } }));
      `,
      {
        routes: { orders: [tls], stock: [tls], vault: [{ ...tls, secure: true }] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    expect(said['wss']?.value).toMatchObject({ servername: 'orders', host: 'orders' });
    expect(said['other']?.error?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(said['secure']?.value).toMatchObject({ servername: 'orders' });
  });

  it('that is refused is tried elsewhere when the rules say so', async () => {
    await using busy = await startScripted(['reset']);
    await using one = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${OPEN}
      hub.repeats = ['unsent', 'broken'];
      const { createServer } = require('node:net');
      const resets = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      await new Promise((resolve) => resets.listen(0, '127.0.0.1', resolve));
      hub.route('orders', [{ ip: '127.0.0.1', port: resets.address().port }, { ip: '127.0.0.1', port: PORT }]);
      await say('open', open('ws://orders/'));
      resets.close();
      `.replace('PORT', String(one.port)),
      { routes: { orders: [busy] } },
    );
    expect(said['open']?.value).toMatchObject({ port: one.port, host: 'orders' });
  });
});

describe('what is open by name', () => {
  it('stays open when the time of a call is up, and when the instance leaves', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      const WebSocket = require('ws');
      hub.timeoutMs = 100;
      const open = (options) => new Promise((resolve, reject) => {
        const socket = new WebSocket('ws://orders/p', options);
        socket.on('error', reject).on('message', () => resolve(socket));
      });
      const alone = await open();
      const withAgent = await open({ agent: new http.Agent({ keepAlive: true }) });
      const events = await new Promise((resolve, reject) => {
        const options = { headers: { accept: 'text/event-stream' } };
        http.get('http://orders/p', options, (response) => response.once('data', () => resolve(response))).on('error', reject);
      });
      // Begun later, with the same time.
      await say('hangs', new Promise((resolve, reject) => http.get('http://orders/hang', resolve).on('error', reject)));
      for (const listener of hub.goneListeners) listener([{ ip: '127.0.0.1', port: PORT }]);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      await say('states', [alone.readyState, withAgent.readyState, events.destroyed]);
      `.replace('PORT', String(one.port)),
      { routes: { orders: [one] } },
    );
    expect(said['hangs']?.error?.code).toBe('CALL_TIMEOUT');
    expect(said['states']?.value).toEqual([1, 1, false]);
  });
});

describe('requests without an agent that are none of ours', () => {
  it('are byte for byte and field by field as without us', async () => {
    await using server = await startCaptureServer();
    const app = `
      const net = require('node:net');
      const port = process.env.PORT;
      const fields = [];
      for (const headers of [{ a: '1' }, ['A', '1', 'Host', 'x'], ['Expect', '100-continue']]) {
        for (const host of ['127.0.0.1', 'not-ours']) {
          for (const method of ['GET', 'POST']) {
            await new Promise((resolve) => {
              const seen = [];
              const createConnection = (options) => {
                seen.push(Object.keys(options).sort());
                return net.connect({ port, host: '127.0.0.1' });
              };
              const request = http.request({ host, method, headers, createConnection });
              fields.push(seen, Object.keys(request), request.agent, request.shouldKeepAlive, request._last);
              request.on('response', (response) => response.resume()).on('close', resolve).on('error', resolve);
              request.end(method === 'POST' ? 'body' : undefined);
            });
          }
        }
      }
      const failed = (createConnection) => new Promise((resolve) => {
        http.request({ host: 'not-ours', createConnection }).on('error', ({ message }) => resolve(message)).end();
      });
      await say('thrown', failed(() => { throw new Error('thrown'); }));
      await say('told', failed((options, done) => { done(new Error('told')); }));
      await say('fields', fields);
    `;
    const env = { PORT: String(server.port) };
    const without = await runHooked(app, { hub: 'off', env });
    const bytesWithout = server.take();
    const withUs = await runHooked(app, { env });
    expect(bytesWithout).toHaveLength(12);
    expect(server.take()).toEqual(bytesWithout);
    expect(withUs).toEqual(without);
  });
});

describe('an event stream by name', () => {
  it('comes as it is written, and is settled when it begins', async () => {
    const said = await runHooked(
      `
      const server = http.createServer((request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: one\\n\\n');
        request.on('close', () => server.close());
        setImmediate(() => response.write('data: two\\n\\n'));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      hub.route('orders', [{ ip: '127.0.0.1', port: server.address().port }]);
      await say('events', new Promise((resolve, reject) => {
        const request = http.get('http://orders/events', (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
            if (!text.includes('two')) return;
            request.destroy();
            resolve([text, hub.settled]);
          });
        });
        request.on('error', reject);
      }));
      `,
    );
    expect(said['events']?.value).toEqual(['data: one\n\ndata: two\n\n', ['answered']]);
  });
});

/**
 * Connections that stay, of undici's own: WebSocket, EventSource and `upgrade` of each copy, and the global classes of Node; by name, with the preload and
 * with the interceptor of `nacos-serving/undici`.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance, startInstance } from '../helpers/instance-server.js';
import { UNDICI_COPIES } from '../helpers/undici-copies.js';

const DIST = pathToFileURL(path.resolve(import.meta.dirname, '../../dist')).href;
const ENV = { NODE_NO_WARNINGS: '1', NODE_EXTRA_CA_CERTS: CERTIFICATE };
/** On Node 20 both are there for those who ask. */
const FLAGS = ['--experimental-websocket', '--experimental-eventsource'];

/** The first global fetch by name has the global dispatcher know services. */
const GLOBAL = `
  const { WebSocket, EventSource } = globalThis;
  const Agent = undefined;
  await (await fetch('http://warm/')).text();
  hub.ended.length = hub.settled.length = 0;
`;
const OF_COPY = (copy: string): string =>
  `const { WebSocket, EventSource, upgrade, request, Agent } = require('${copy}');`;

/** What they give is open, and what was asked for is in the first thing that comes. */
const OPEN = `
  const told = (data) => {
    const { port, host, target, servername } = JSON.parse(data);
    return { port, host, target, servername };
  };
  const open = (url, options) => new Promise((resolve, reject) => {
    const opened = new WebSocket(url, options);
    opened.onmessage = ({ data }) => resolve({ opened, told: told(data) });
    opened.onerror = ({ error, message }) => reject(error ?? new Error(message));
  });
  const listen = (url, options) => new Promise((resolve, reject) => {
    const opened = new EventSource(url, options);
    opened.onmessage = ({ data }) => resolve({ opened, told: told(data) });
    opened.onerror = () => { opened.close(); reject(new Error('no events')); };
  });
  const asked = async (call) => (await call).told;
`;

describe.each([...UNDICI_COPIES, 'global'])('WebSocket and EventSource by name: %s', (copy) => {
  const clients = `${copy === 'global' ? GLOBAL : OF_COPY(copy)} ${OPEN}`;

  it('open at the instances in turn, past a dead one', async () => {
    const dead = await deadInstance();
    await using one = await startInstance();
    await using two = await startInstance();
    const app = `
      ${clients}
      await say('ws 1', asked(open('ws://orders/p?x=1')));
      await say('ws 2', asked(open('ws://orders/p', Agent && { dispatcher: new Agent() })));
      await say('events 1', asked(listen('http://orders/p?x=1')));
      await say('events 2', asked(listen('http://orders/p')));
      await say('ws past', asked(open('ws://half/p')));
      hub.restart();
      await say('events past', asked(listen('http://half/p')));
      await say('ended', hub.ended);
      await say('empty', open('ws://empty/p'));
      await say('no events', listen('http://empty/p'));
    `;
    const said = await runHooked(app, {
      routes: { orders: [one, two], half: [dead, one], empty: [], warm: [one] },
      env: ENV,
      flags: FLAGS,
    });
    const asked = { host: 'orders', target: '/p?x=1' };
    expect(said['ws 1']?.value).toMatchObject({ port: one.port, ...asked });
    expect(said['ws 2']?.value).toMatchObject({ port: two.port, host: 'orders' });
    expect(said['events 1']?.value).toMatchObject({ port: one.port, ...asked });
    expect(said['events 2']?.value).toMatchObject({ port: two.port, host: 'orders' });
    expect(said['ws past']?.value).toMatchObject({ port: one.port, host: 'half' });
    expect(said['events past']?.value).toMatchObject({ port: one.port, host: 'half' });
    expect(said['ended']?.value).toEqual([
      [one.port, 'answered', 101],
      [two.port, 'answered', 101],
      [one.port, 'answered', 200],
      [two.port, 'answered', 200],
      [dead.port, 'unsent', null],
      [one.port, 'answered', 101],
      [dead.port, 'unsent', null],
      [one.port, 'answered', 200],
    ]);
    expect(said['empty']?.error).toBeDefined();
    expect(said['no events']?.error).toBeDefined();
  });

  it('check the certificate against the name', async () => {
    await using tls = await startInstance({ tls: true });
    await using plain = await startInstance();
    const app = `
      ${clients}
      await say('wss', asked(open('wss://orders/p')));
      await say('secure', asked(open('ws://orders/p')));
      await say('events', asked(listen('https://orders/p')));
      await say('other', open('wss://stock/p'));
    `;
    const said = await runHooked(app, {
      routes: { orders: [{ ...tls, secure: true }], stock: [tls], warm: [plain] },
      env: ENV,
      flags: FLAGS,
    });
    for (const what of ['wss', 'secure', 'events']) {
      expect(said[what]?.value).toMatchObject({ servername: 'orders', host: 'orders' });
    }
    expect(said['other']?.error).toBeDefined();
    expect(tls.received.map(({ host }) => host)).toEqual(['orders', 'orders', 'orders']);
  });

  it('stay open when the time of a call is up, and when the instance leaves', async () => {
    await using one = await startInstance();
    const app = `
      ${clients}
      hub.timeoutMs = 100;
      const socket = (await open('ws://orders/p')).opened;
      const source = (await listen('http://orders/p')).opened;
      // Begun later, with the same time.
      await say('hangs', fetch('http://orders/hang').catch(({ cause }) => { throw cause; }));
      for (const listener of hub.goneListeners) listener([{ ip: '127.0.0.1', port: ${String(one.port)} }]);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      await say('states', [socket.readyState, source.readyState]);
      await say('settled', hub.settled);
    `;
    const said = await runHooked(app, {
      routes: { orders: [one], warm: [one] },
      env: ENV,
      flags: FLAGS,
    });
    expect(said['hangs']?.error?.code).toBe('CALL_TIMEOUT');
    expect(said['states']?.value).toEqual([1, 1]);
    expect(said['settled']?.value).toEqual(['answered', 'answered', 'broken']);
  });
});

describe.each(UNDICI_COPIES)('%s', (copy) => {
  it('upgrades by name, past a dead instance, and the socket is its user’s for good', async () => {
    const dead = await deadInstance();
    await using one = await startInstance();
    const app = `
      ${OF_COPY(copy)}
      hub.timeoutMs = 100;
      const { socket, headers } = await upgrade('http://orders/p', { protocol: 'websocket' });
      await say('hangs', request('http://orders/hang'));
      await say('upgraded', [headers.upgrade, socket.destroyed]);
      await say('ended', hub.ended);
    `;
    const said = await runHooked(app, { routes: { orders: [dead, one] }, env: ENV });
    expect(said['hangs']?.error?.code).toBe('CALL_TIMEOUT');
    expect(said['upgraded']?.value).toEqual(['websocket', false]);
    expect(said['ended']?.value).toEqual([
      [dead.port, 'unsent', null],
      [one.port, 'answered', 101],
      [one.port, 'broken', null],
    ]);
  });

  it('opens WebSockets and event streams by the interceptor, without the preload', async () => {
    const dead = await deadInstance();
    await using one = await startInstance();
    const app = `
      ${OF_COPY(copy)} ${OPEN}
      const { interceptor } = await import('${DIST}/adapters/undici.js');
      const { createTestRegistry } = await import('${DIST}/testing/index.js');
      const registry = createTestRegistry();
      await registry.setInstances('shop.orders', [
        { ip: '127.0.0.1', port: ${String(dead.port)}, weight: 10000 },
        { ip: '127.0.0.1', port: ${String(one.port)}, weight: 0.01 },
      ]);
      const discovery = registry.discovery();
      const dispatcher = new Agent().compose(interceptor({ discovery }));
      await say('ws', asked(open('ws://shop.orders/p', { dispatcher })));
      await say('events', asked(listen('http://shop.orders/p', { dispatcher, node: { dispatcher } })));
      await say('none', open('ws://none.of.ours/p', { dispatcher }));
    `;
    const said = await runHooked(app, { hub: 'off', env: ENV });
    const asked = { port: one.port, host: 'shop.orders', target: '/p' };
    expect(said['ws']?.value).toMatchObject(asked);
    expect(said['events']?.value).toMatchObject(asked);
    expect(said['none']?.error).toBeDefined();
  });
});

import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance, startInstance } from '../helpers/instance-server.js';

describe('node:http by name', () => {
  it('calls the instances in turn in every form of request and keeps the Host header logical', async () => {
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      await say('get(text)', viaRequest(http.get, 'http://Orders/p?x=1'));
      await say('request(URL)', viaRequest(http.request, new URL('http://orders/p')));
      await say('request(options)', viaRequest(http.request, { host: 'orders', path: '/p', method: 'PUT' }, 'body'));
      await say('hostname', viaRequest(http.request, { hostname: 'orders', port: 80, path: '/p' }));
      await say('agent: false', viaRequest(http.request, { host: 'orders', agent: false }));
      await say('new ClientRequest', viaRequest((url, done) => new http.ClientRequest(url, done), 'http://orders/'));
      class Mine extends http.Agent { createConnection(...args) { return super.createConnection(...args); } }
      await say('own agent', viaRequest(http.request, { host: 'orders', agent: new Mine({ keepAlive: true }) }));
      await say('own Host', viaRequest(http.request, { host: 'orders', headers: { host: 'shop' } }));
      await say('array', viaRequest(http.request, { host: 'orders', headers: ['Host', 'list', 'X-A', '1'] }));
      `,
      { routes: { orders: [one, two] } },
    );

    expect(said['get(text)']?.value).toMatchObject({
      port: one.port,
      target: '/p?x=1',
      host: 'orders',
    });
    expect(said['request(URL)']?.value).toMatchObject({ port: two.port, host: 'orders' });
    expect(said['request(options)']?.value).toMatchObject({
      port: one.port,
      method: 'PUT',
      body: 'body',
    });
    for (const label of ['hostname', 'agent: false', 'new ClientRequest', 'own agent']) {
      expect(said[label]?.value).toMatchObject({ host: 'orders' });
    }
    expect(said['own Host']?.value).toMatchObject({ host: 'shop' });
    expect(said['array']?.value).toMatchObject({ host: 'list' });
    expect(Math.abs(one.received.length - two.received.length)).toBe(1);
  });

  it.each([
    ['an explicit port', `{ host: 'orders', port: 1 }`],
    ['a port of the other scheme', `{ host: 'orders', port: 443 }`],
    ['a socket path', `{ host: 'orders', socketPath: '/nowhere' }`],
    [
      'an agent with a host of its own',
      `{ host: 'orders', agent: new http.Agent({ host: '127.0.0.1', port: 1 }) }`,
    ],
    ['localhost', `{ host: 'localhost', port: 80 }`],
    ['a name with a dot', `{ host: 'orders.invalid' }`],
    ['an address in decimal', `{ host: '2130706433' }`],
    ['no host', `{ path: '/' }`],
  ])('leaves %s alone', async (_case, options) => {
    const said = await runHooked(
      `
      const lookup = (host, options, done) => done(Object.assign(new Error('looked up'), { code: 'ENOTFOUND' }));
      await say('call', viaRequest(http.request, { lookup, ...${options} }));
      await say('asked', [hub.asked, hub.loads]);
      `,
      { routes: { orders: [{ ip: '127.0.0.1', port: 1 }] } },
    );
    expect(said['call']?.error).toBeDefined();
    expect(said['asked']?.value).toEqual([[], 0]);
  });

  it('pools connections by instance and balances each call', async () => {
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      const agent = new http.Agent({ keepAlive: true });
      for (let call = 0; call < 10; call += 1) await viaRequest(http.request, { host: 'orders', agent });
      await new Promise(setImmediate);
      await say('pools', Object.keys(agent.freeSockets));
      `,
      { routes: { orders: [one, two] } },
    );
    expect(said['pools']?.value).toEqual([
      `127.0.0.1:${String(one.port)}:`,
      `127.0.0.1:${String(two.port)}:`,
    ]);
    expect([one.received.length, two.received.length]).toEqual([5, 5]);
    expect([one.connections, two.connections]).toEqual([1, 1]);
  });

  it('keeps to maxSockets per instance, also when requests move on from a dead one', async () => {
    const dead = await deadInstance();
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const calls = Array.from({ length: 12 }, (_, at) =>
        viaRequest(http.request, { host: 'orders', path: '/' + at, method: 'POST', agent }, 'b' + at));
      await say('all', Promise.all(calls));
      await new Promise(setImmediate);
      await say('left', [Object.keys(agent.requests), Object.keys(agent.sockets), agent.totalSocketCount]);
      await say('pools', Object.keys(agent.freeSockets).length);
      `,
      { routes: { orders: [dead, one, two] } },
    );
    const targets = [...one.received, ...two.received].map(
      ({ target, body }) => `${target} ${body}`,
    );
    expect(targets.sort()).toEqual(
      Array.from({ length: 12 }, (_, at) => `/${String(at)} b${String(at)}`).sort(),
    );
    expect(said['left']?.value).toEqual([[], [], 2]);
    expect(said['pools']?.value).toBe(2);
    expect([one.mostAtOnce, two.mostAtOnce]).toEqual([1, 1]);
  });

  it('fails every waiting request when all instances are dead', async () => {
    const dead = await deadInstance();
    const said = await runHooked(
      `
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const calls = Array.from({ length: 5 }, () => viaRequest(http.request, { host: 'orders', agent }));
      await say('all', Promise.allSettled(calls).then((all) => all.map(({ reason }) => reason.code)));
      while (agent.totalSocketCount > 0) await new Promise(setImmediate);
      await say('left', [Object.keys(agent.requests), Object.keys(agent.sockets), agent.totalSocketCount]);
      `,
      { routes: { orders: [dead] } },
    );
    expect(said['all']?.value).toEqual(Array(5).fill('ECONNREFUSED'));
    expect(said['left']?.value).toEqual([[], [], 0]);
  });

  it('moves on from a dead instance with every method and body, and pools where it went', async () => {
    const dead = await deadInstance();
    await using alive = await startInstance();
    const said = await runHooked(
      `
      const { Readable } = require('node:stream');
      const { pipeline } = require('node:stream/promises');
      const agent = new http.Agent({ keepAlive: true });
      await say('GET', viaRequest(http.request, { host: 'orders', agent }));
      hub.restart();
      await say('POST', viaRequest(http.request, { host: 'orders', method: 'POST', agent }, ['a', 'b', 'c']));
      hub.restart();
      await say('stream', new Promise((resolve, reject) => {
        const request = http.request({ host: 'orders', method: 'PUT', agent }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(JSON.parse(text)));
        });
        request.on('error', reject);
        pipeline(Readable.from(Array(50).fill('x'.repeat(10_000))), request).catch(reject);
      }));
      hub.restart();
      await say('global agent', viaRequest(http.request, { host: 'orders', method: 'DELETE' }));
      hub.restart();
      await say('agent: false', viaRequest(http.request, { host: 'orders', agent: false }));
      await new Promise(setImmediate);
      await say('pools', Object.keys(agent.freeSockets));
      await say('failed', hub.failed);
      `,
      { routes: { orders: [dead, alive] } },
    );
    expect(said['GET']?.value).toMatchObject({ port: alive.port, host: 'orders' });
    expect(said['POST']?.value).toMatchObject({ port: alive.port, body: 'abc' });
    expect(said['stream']?.value).toMatchObject({ method: 'PUT', body: 'x'.repeat(500_000) });
    expect(said['global agent']?.value).toMatchObject({ method: 'DELETE' });
    expect(said['agent: false']?.value).toMatchObject({ port: alive.port });
    expect(said['pools']?.value).toEqual([`127.0.0.1:${String(alive.port)}:`]);
    expect(said['failed']?.value).toEqual(Array(5).fill(dead.port));
    expect(alive.received).toHaveLength(5);
  });

  it("gives Node's own error of the last attempt when every instance is dead", async () => {
    const dead = [await deadInstance(), await deadInstance()];
    const said = await runHooked(
      `
      await say('dead', viaRequest(http.request, { host: 'orders', method: 'POST' }, 'body'));
      await say('failed', hub.failed.length);
      `,
      { routes: { orders: dead } },
    );
    expect(said['dead']?.error).toMatchObject({ name: 'Error', code: 'ECONNREFUSED' });
    expect(said['failed']?.value).toBe(2);
  });

  it('emits NoInstanceError on the request, then close, and throws nothing', async () => {
    const said = await runHooked(
      `
      const events = [];
      const request = http.get('http://orders/');
      request.on('error', (error) => events.push(error.code)).on('close', () => events.push('close'));
      await new Promise((resolve) => request.on('close', resolve));
      await say('events', [...events, request.destroyed]);
      `,
      { routes: { orders: [] } },
    );
    expect(said['events']?.value).toEqual(['NO_INSTANCE', 'close', true]);
  });

  it('leaves names to DNS that are no service, and all when the runtime cannot be loaded', async () => {
    const app = `await say('dns', viaRequest(http.get, 'http://no-such-host-of-ours/'));`;
    for (const said of [await runHooked(app), await runHooked(app, { hub: 'broken' })]) {
      expect(said['dns']?.error?.code).toMatch(/ENOTFOUND|EAI_AGAIN/);
    }
  });

  it('keeps the async context of the caller through waiting and failover', async () => {
    const dead = await deadInstance();
    await using alive = await startInstance();
    const said = await runHooked(
      `
      const { AsyncLocalStorage } = require('node:async_hooks');
      const context = new AsyncLocalStorage();
      const seen = [];
      const release = hub.hold();
      const calls = [1, 2].map((id) => context.run(id, () => new Promise((resolve, reject) => {
        http.get('http://orders/', (response) => {
          seen.push(context.getStore());
          response.resume().on('end', resolve);
        }).on('error', reject);
      })));
      setImmediate(release);
      await Promise.all(calls);
      await say('seen', seen.sort());
      `,
      { routes: { orders: [dead, alive] } },
    );
    expect(said['seen']?.value).toEqual([1, 2]);
  });
});

describe('waiting for the first list', () => {
  it('keeps what is written meanwhile', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      const release = hub.hold();
      const call = viaRequest(http.request, { host: 'orders', method: 'POST' }, ['a', 'b'.repeat(5000)]);
      setImmediate(release);
      await say('late', call);
      `,
      { routes: { orders: [one] } },
    );
    expect(said['late']?.value).toMatchObject({ body: `a${'b'.repeat(5000)}`, host: 'orders' });
  });

  it('ends at once when the request is destroyed or aborted, each as Node does it', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      hub.hold();
      const ended = (request) => new Promise((resolve) => {
        const events = [];
        request.on('error', (error) => events.push(error.name, error.code ?? error.message));
        request.on('close', () => resolve([...events, 'close', Object.hasOwn(request, 'destroy')]));
      });
      const destroyed = http.get('http://orders/');
      setImmediate(() => destroyed.destroy());
      await say('destroy', ended(destroyed));
      const failed = http.get('http://orders/');
      setImmediate(() => failed.destroy(new RangeError('mine')));
      await say('destroy(error)', ended(failed));
      const aborted = http.get('http://orders/');
      setImmediate(() => aborted.abort());
      await say('abort', ended(aborted));
      const stop = new AbortController();
      const signalled = http.get('http://orders/', { signal: stop.signal });
      setImmediate(() => stop.abort());
      await say('signal', ended(signalled));
      await say('early', ended(http.get('http://orders/', { signal: AbortSignal.abort() })));
      `,
      { routes: { orders: [one] } },
    );
    expect(said['destroy']?.value).toEqual(['Error', 'ECONNRESET', 'close', false]);
    expect(said['destroy(error)']?.value).toEqual(['RangeError', 'mine', 'close', false]);
    expect(said['abort']?.value).toEqual(['close', false]);
    expect(said['signal']?.value).toEqual(['AbortError', 'ABORT_ERR', 'close', false]);
    expect(said['early']?.value).toEqual(['AbortError', 'ABORT_ERR', 'close', false]);
    expect(one.received).toEqual([]);
  });
});

describe('a connection that hangs', () => {
  // The instance is a host name whose look-up never ends.
  const routes = { orders: [{ ip: 'never.invalid', port: 1 }] };
  const lookup = `const lookup = () => {};`;

  it('still has the timeout of the request', async () => {
    const said = await runHooked(
      `
      ${lookup}
      const events = [];
      const agent = new http.Agent({ timeout: 600_000 });
      const request = http.get({ host: 'orders', lookup, agent, timeout: 20 });
      request.on('timeout', () => { events.push('timeout'); request.destroy(); });
      request.on('error', (error) => events.push(error.code));
      await new Promise((resolve) => request.on('close', resolve));
      await say('events', events);
      `,
      { routes },
    );
    expect(said['events']?.value).toEqual(['timeout', 'ECONNRESET']);
  });

  it('ends when the request is aborted or its agent destroyed', async () => {
    const said = await runHooked(
      `
      ${lookup}
      const stop = new AbortController();
      const agent = new http.Agent({ keepAlive: true });
      const aborted = viaRequest(http.request, { host: 'orders', lookup, agent, signal: stop.signal });
      setImmediate(() => stop.abort());
      await say('aborted', aborted);
      while (agent.totalSocketCount > 0) await new Promise(setImmediate);
      await say('sockets', [Object.keys(agent.sockets), agent.totalSocketCount]);
      const dropped = viaRequest(http.request, { host: 'orders', lookup, agent });
      setImmediate(() => agent.destroy());
      await say('dropped', dropped);
      `,
      { routes },
    );
    expect(said['aborted']?.error).toMatchObject({ name: 'AbortError' });
    expect(said['sockets']?.value).toEqual([[], 0]);
    expect(said['dropped']?.error).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('node:https by name', () => {
  it('checks the certificate against the name of the service, also without a Host header', async () => {
    await using tls = await startInstance({ tls: true });
    const said = await runHooked(
      `
      const https = require('node:https');
      const agent = new https.Agent({ keepAlive: true });
      await say('get', viaRequest(https.get, 'https://Orders/p'));
      await say('agent', viaRequest(https.request, { host: 'orders', agent }));
      await say('array', viaRequest(https.request, { host: 'orders', headers: ['Host', 'orders'] }));
      await say('given', viaRequest(https.request, { host: 'stock', servername: 'orders' }));
      await say('other', viaRequest(https.get, 'https://stock/'));
      `,
      {
        routes: { orders: [tls], stock: [tls] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    for (const label of ['get', 'agent', 'array']) {
      expect(said[label]?.value).toMatchObject({ servername: 'orders', host: 'orders' });
    }
    expect(said['given']?.value).toMatchObject({ servername: 'orders', host: 'stock' });
    expect(said['other']?.error?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('moves on from a dead instance, but not from a wrong certificate', async () => {
    const dead = await deadInstance();
    await using tls = await startInstance({ tls: true });
    const said = await runHooked(
      `
      const https = require('node:https');
      await say('dead first', viaRequest(https.request, { host: 'orders', method: 'POST' }, 'body'));
      await say('wrong', viaRequest(https.get, 'https://stock/'));
      await say('failed', hub.failed);
      `,
      {
        routes: { orders: [dead, tls], stock: [tls, dead] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    expect(said['dead first']?.value).toMatchObject({ port: tls.port, body: 'body' });
    expect(said['wrong']?.error?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(said['failed']?.value).toEqual([dead.port]);
  });

  it('speaks TLS to an instance that wants it, also for an http URL, and mixes both', async () => {
    await using tls = await startInstance({ tls: true });
    await using plain = await startInstance();
    const dead = await deadInstance();
    const said = await runHooked(
      `
      const agent = new http.Agent({ keepAlive: true });
      for (const label of ['one', 'two', 'three', 'four', 'five', 'six']) {
        await say(label, viaRequest(http.request, { host: 'orders', method: 'POST', agent }, label));
      }
      `,
      {
        routes: {
          orders: [
            { ip: tls.ip, port: tls.port, secure: true },
            plain,
            { ip: dead.ip, port: dead.port, secure: true },
          ],
        },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    expect(Object.values(said).map(({ error }) => error)).toEqual(Array(6).fill(undefined));
    expect(said['one']?.value).toMatchObject({ servername: 'orders', body: 'one' });
    expect(said['two']?.value).toMatchObject({ port: plain.port, body: 'two' });
    expect(tls.connections).toBe(1);
    expect(plain.connections).toBe(1);
  });
});

describe('the place of our hook', () => {
  it('does not keep a process alive after its calls', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      await say('http', viaRequest(http.request, { host: 'orders', agent: new http.Agent({ keepAlive: true }) }));
      await say('fetch', viaFetch('http://orders/'));
      clearInterval(hub.alive);
      await new Promise((resolve) => process.once('beforeExit', resolve));
      await say('ended', true);
      `,
      { routes: { orders: [one] } },
    );
    expect(said['ended']?.value).toBe(true);
  });

  it('loads nothing but node:http', async () => {
    const said = await runHooked(
      `
      const added = process.moduleLoadList.filter((name) => !loadedBefore.includes(name));
      await say('added', added.filter((name) => name.startsWith('NativeModule')));
      await say('loads', hub.loads);
      `,
      {
        before: `
        require('node:http');
        require('node:path');
        const loadedBefore = [...process.moduleLoadList];
        `,
      },
    );
    expect(said['added']?.value).toEqual([]);
    expect(said['loads']?.value).toBe(0);
  });

  it('keeps the looks of the methods, and covers them once', async () => {
    const said = await runHooked(
      `
      const looks = () => ['addRequest', 'createSocket'].map((name) => {
        const { value, ...flags } = Object.getOwnPropertyDescriptor(http.Agent.prototype, name);
        return [value.name, flags];
      });
      await say('looks', looks());
      await say('once', hub.installAgain());
      `,
    );
    const flags = { writable: true, enumerable: true, configurable: true };
    expect(said['looks']?.value).toEqual([
      ['addRequest', flags],
      ['createSocket', flags],
    ]);
    expect(said['once']?.value).toBe(true);
  });

  it('calls instances past a proxy that the environment sets', async () => {
    await using one = await startInstance();
    await using tls = await startInstance({ tls: true });
    const dead = await deadInstance();
    const proxy = `http://127.0.0.1:${String(dead.port)}`;
    const said = await runHooked(
      `
      await say('http', viaRequest(http.request, { host: 'orders', path: '/p', method: 'POST' }, ['a', 'b']));
      await say('later', viaRequest(http.request, { host: 'orders', path: '/p' }));
      await say('https', viaRequest(require('node:https').get, 'https://stock/'));
      `,
      {
        routes: { orders: [one], stock: [{ ip: tls.ip, port: tls.port }] },
        env: {
          NODE_USE_ENV_PROXY: '1',
          HTTP_PROXY: proxy,
          HTTPS_PROXY: proxy,
          NODE_NO_WARNINGS: '1',
          NODE_TLS_REJECT_UNAUTHORIZED: '0',
        },
      },
    );
    for (const label of ['http', 'later']) {
      expect(said[label]?.value).toMatchObject({ port: one.port, target: '/p', host: 'orders' });
    }
    expect(said['http']?.value).toMatchObject({ body: 'ab', proxyHeaders: [] });
    expect(said['https']?.value).toMatchObject({ port: tls.port, target: '/' });
  });
});

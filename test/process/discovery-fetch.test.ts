import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { CERTIFICATE, deadInstance, startInstance } from '../helpers/instance-server.js';

describe('the global fetch by name', () => {
  it('calls the instances in turn and keeps URL and Host header logical, whatever the case', async () => {
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      await say('string', viaFetch('http://Orders/p?x=1'));
      await say('URL', viaFetch(new URL('http://orders/p')));
      await say('Request', viaFetch(new Request('http://orders/p', { method: 'PUT', body: 'b' })));
      await say('default port', viaFetch('http://orders:80/p'));
      await say('text', viaFetch({ toString: () => 'http://orders/p' }));
      `,
      { routes: { orders: [one, two] } },
    );

    expect(said['string']?.value).toMatchObject({
      port: one.port,
      url: 'http://orders/p?x=1',
      host: 'orders',
    });
    expect(one.received[0]).toMatchObject({ target: '/p?x=1' });
    expect(said['URL']?.value).toMatchObject({ port: two.port, host: 'orders' });
    expect(said['Request']?.value).toMatchObject({ port: one.port, method: 'PUT', body: 'b' });
    expect(said['default port']?.value).toMatchObject({ port: two.port, host: 'orders' });
    expect(said['text']?.value).toMatchObject({ port: one.port, host: 'orders' });
  });

  it("adds a Host header to headers of every form and keeps a caller's own", async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      await viaFetch('http://orders/');
      // What undici's own request() does; this key takes handlers of the old shape on every Node.
      const dispatcher = globalThis[Symbol.for('undici.globalDispatcher.1')];
      const send = (headers) => new Promise((resolve, reject) => {
        let text = '';
        dispatcher.dispatch({ origin: new URL('http://orders'), path: '/', method: 'GET', headers }, {
          onConnect() {},
          onHeaders: () => true,
          onData: (chunk) => ((text += chunk), true),
          onComplete: () => resolve(JSON.parse(text).host),
          onError: reject,
        });
      });
      for (const headers of [undefined, null, {}, [], ['x-a', '1'], { 'x-a': '1' }, new Map([['x-a', '1']]), new Headers({ 'x-a': '1' })]) {
        await say('added ' + hub.asked.length, send(headers));
      }
      for (const headers of [['x-a', '1', 'HOST', 'shop'], { Host: 'shop' }, new Map([['host', 'shop']])]) {
        await say('kept ' + hub.asked.length, send(headers));
      }
      `,
      { routes: { orders: [one] } },
    );
    expect(Object.keys(said)).toHaveLength(11);
    for (const [label, { value }] of Object.entries(said)) {
      expect(value).toBe(label.startsWith('added') ? 'orders' : 'shop');
    }
  });

  it('keeps connections alive per instance and still balances each call', async () => {
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      for (let call = 0; call < 10; call += 1) await viaFetch('http://orders/');
      await say('done', true);
      `,
      { routes: { orders: [one, two] } },
    );
    expect(said['done']?.value).toBe(true);
    expect([one.received.length, two.received.length]).toEqual([5, 5]);
    expect([one.connections, two.connections]).toEqual([1, 1]);
  });

  it('follows redirects to the name and picks anew for each hop', async () => {
    await using one = await startInstance();
    await using two = await startInstance();
    const said = await runHooked(
      `
      await say('relative', viaFetch('http://orders/to?/final'));
      await say('absolute', viaFetch('http://orders/to?http://stock/final'));
      `,
      { routes: { orders: [one], stock: [two] } },
    );
    expect(said['relative']?.value).toMatchObject({ port: one.port, host: 'orders' });
    expect(said['absolute']?.value).toMatchObject({
      port: two.port,
      host: 'stock',
      url: 'http://stock/final',
    });
  });

  it('waits for the first list and then sends the body whole', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      const release = hub.hold();
      const call = viaFetch('http://orders/', { method: 'POST', body: 'x'.repeat(5005) });
      setImmediate(release);
      await say('late', call);
      `,
      { routes: { orders: [one] } },
    );
    expect(said['late']?.value).toMatchObject({ method: 'POST', body: 'x'.repeat(5005) });
  });

  it('ends at once when aborted while the list is awaited', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      hub.hold();
      const stop = new AbortController();
      const call = viaFetch('http://orders/', { signal: stop.signal });
      setImmediate(() => stop.abort());
      await say('aborted', call);
      await say('before', viaFetch('http://orders/', { signal: AbortSignal.abort() }));
      `,
      { routes: { orders: [one] } },
    );
    expect(said['aborted']?.error).toMatchObject({ name: 'AbortError' });
    expect(said['before']?.error).toMatchObject({ name: 'AbortError' });
    expect(one.received).toEqual([]);
  });

  it('moves on from a dead instance with every method and body', async () => {
    const dead = await deadInstance();
    await using alive = await startInstance();
    const said = await runHooked(
      `
      const stream = () => new ReadableStream({
        start(controller) {
          for (const part of ['a', 'b', 'c']) controller.enqueue(new TextEncoder().encode(part));
          controller.close();
        },
      });
      await say('GET', viaFetch('http://orders/'));
      hub.restart();
      await say('POST', viaFetch('http://orders/', { method: 'POST', body: 'once' }));
      hub.restart();
      await say('stream', viaFetch('http://orders/', { method: 'POST', body: stream(), duplex: 'half' }));
      hub.restart();
      const form = new FormData();
      form.set('field', 'value');
      await say('form', viaFetch('http://orders/', { method: 'PATCH', body: form }));
      await say('failed', hub.failed);
      `,
      { routes: { orders: [dead, alive] } },
    );
    expect(said['GET']?.value).toMatchObject({ port: alive.port, url: 'http://orders/' });
    expect(said['POST']?.value).toMatchObject({ port: alive.port, body: 'once', host: 'orders' });
    expect(said['stream']?.value).toMatchObject({ port: alive.port, body: 'abc' });
    expect(said['form']?.value).toMatchObject({
      method: 'PATCH',
      body: expect.stringContaining('name="field"') as string,
    });
    expect(said['failed']?.value).toEqual([dead.port, dead.port, dead.port, dead.port]);
    expect(alive.received).toHaveLength(4);
  });

  it("fails with fetch's own error when every instance is dead", async () => {
    const dead = [await deadInstance(), await deadInstance()];
    const said = await runHooked(
      `
      await say('dead', viaFetch('http://orders/'));
      await say('failed', hub.failed.length);
      `,
      { routes: { orders: dead } },
    );
    expect(said['dead']?.error).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { code: 'ECONNREFUSED' },
    });
    expect(said['failed']?.value).toBe(2);
  });

  it("gives why there is no instance as the cause of fetch's error", async () => {
    const said = await runHooked(`await say('none', viaFetch('http://orders/'));`, {
      routes: { orders: [] },
    });
    expect(said['none']?.error).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { name: 'NoInstanceError', code: 'NO_INSTANCE' },
    });
  });

  it('leaves names to DNS that are no service, and all when the runtime cannot be loaded', async () => {
    const notFound = { name: 'TypeError', cause: { code: /ENOTFOUND|EAI_AGAIN/ } };
    const app = `await say('dns', viaFetch('http://no-such-host-of-ours/'));`;
    for (const said of [await runHooked(app), await runHooked(app, { hub: 'broken' })]) {
      expect(said['dns']?.error?.name).toBe(notFound.name);
      expect(said['dns']?.error?.cause?.code).toMatch(notFound.cause.code);
    }
  });
});

describe('fetch over TLS', () => {
  it('checks the certificate against the name of the service', async () => {
    await using tls = await startInstance({ tls: true });
    const said = await runHooked(
      `
      await say('named', viaFetch('https://orders/p'));
      await say('other', viaFetch('https://stock/p'));
      `,
      {
        routes: { orders: [tls], stock: [tls] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    expect(said['named']?.value).toMatchObject({
      url: 'https://orders/p',
      host: 'orders',
      servername: 'orders',
    });
    expect(said['other']?.error?.cause?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('speaks TLS to an instance that wants it, also for an http URL', async () => {
    await using tls = await startInstance({ tls: true });
    const said = await runHooked(`await say('secure', viaFetch('http://orders/p'));`, {
      routes: { orders: [{ ip: tls.ip, port: tls.port, secure: true }] },
      env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
    });
    expect(said['secure']?.value).toMatchObject({ url: 'http://orders/p', servername: 'orders' });
  });

  it('moves on from a dead instance before TLS begins, but not from a wrong certificate', async () => {
    const dead = await deadInstance();
    await using tls = await startInstance({ tls: true });
    const said = await runHooked(
      `
      await say('dead first', viaFetch('https://orders/'));
      await say('wrong', viaFetch('https://stock/'));
      await say('failed', hub.failed);
      `,
      {
        routes: { orders: [dead, tls], stock: [tls, dead] },
        env: { NODE_EXTRA_CA_CERTS: CERTIFICATE },
      },
    );
    expect(said['dead first']?.value).toMatchObject({ port: tls.port });
    expect(said['wrong']?.error?.cause?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(said['failed']?.value).toEqual([dead.port]);
  });
});

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

describe('the place of our fetch among others', () => {
  it('looks like the fetch that was there', async () => {
    const said = await runHooked(
      `
      const looks = (descriptor) => ({ ...descriptor, value: [descriptor.value.name, descriptor.value.length] });
      await say('before', looks(globalThis.before));
      await say('after', looks(Object.getOwnPropertyDescriptor(globalThis, 'fetch')));
      await say('covered', globalThis.before.value !== fetch);
      `,
      { before: `globalThis.before = Object.getOwnPropertyDescriptor(globalThis, 'fetch');` },
    );
    expect(said['after']).toEqual(said['before']);
    expect(said['covered']?.value).toBe(true);
  });

  it('hands the very same arguments to the fetch below, and does so once', async () => {
    const said = await runHooked(
      `
      const init = { method: 'GET' };
      for (const input of ['http://orders/', 'http://127.0.0.1:1/', new URL('http://a.b/'), { url: 7 }, undefined]) {
        fetch.call('me', input, init, 'more');
        const [self, args] = calls.pop();
        await say(String(input), [self, args[0] === input, args[1] === init, args.length, calls.length]);
      }
      await say('none', [fetch(), calls.pop()[1].length]);
      `,
      {
        before: `
        globalThis.calls = [];
        globalThis.fetch = function (...args) { calls.push([String(this), args]); };
        `,
      },
    );
    for (const input of ['http://orders/', 'http://127.0.0.1:1/', 'http://a.b/', 'undefined']) {
      expect(said[input]?.value).toEqual(['me', true, true, 3, 0]);
    }
    expect(said['none']?.value).toEqual([null, 0]);
  });

  it('lets a mock that is set later answer alone', async () => {
    const said = await runHooked(
      `
      const ours = fetch;
      globalThis.fetch = async () => ({ url: 'mock', json: async () => ({ mocked: true }) });
      await say('mock', viaFetch('http://orders/'));
      await say('asked', hub.asked);
      globalThis.fetch = ours;
      await say('restored', viaFetch('http://orders/'));
      `,
      { routes: { orders: [] } },
    );
    expect(said['mock']?.value).toMatchObject({ mocked: true });
    expect(said['asked']?.value).toEqual([]);
    expect(said['restored']?.error?.cause?.code).toBe('NO_INSTANCE');
  });

  it('does not load undici before somebody fetches a name', async () => {
    const said = await runHooked(`
      const loaded = () => process.moduleLoadList.some((name) => name.includes('undici/undici'));
      await say('installed', loaded());
    `);
    expect(said['installed']?.value).toBe(false);
  });

  it('finds the dispatcher again after somebody has set another one', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      await say('first', viaFetch('http://orders/'));
      for (const version of [1, 2]) {
        const key = Symbol.for('undici.globalDispatcher.' + version);
        const current = globalThis[key];
        if (current === undefined || current.constructor.name !== 'Agent') continue;
        const mine = new current.constructor();
        globalThis[key] = mine;
        await say('set ' + version, viaFetch('http://orders/'));
        await say('kept ' + version, globalThis[key] === mine);
      }
      `,
      { routes: { orders: [one] } },
    );
    const answers = Object.entries(said).filter(([label]) => !label.startsWith('kept'));
    for (const [, { value }] of answers) expect(value).toMatchObject({ port: one.port });
    expect(answers.length).toBeGreaterThan(1);
    // Nobody else sees a difference: it is the same object.
    for (const [label, { value }] of Object.entries(said)) {
      if (label.startsWith('kept')) expect(value).toBe(true);
    }
  });

  it('reaches composed dispatchers and those of a single call, but no mock agent', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      await say('first', viaFetch('http://orders/'));
      const keys = [1, 2].map((version) => Symbol.for('undici.globalDispatcher.' + version));
      const key = keys.find((one) => globalThis[one]?.constructor.name === 'Agent');
      const Agent = globalThis[key].constructor;
      await say('own', viaFetch('http://orders/', { dispatcher: new Agent() }));

      const seen = [];
      const composed = new Agent().compose((dispatch) => (options, handler) => {
        seen.push(String(options.origin));
        return dispatch(options, handler);
      });
      const before = keys.map((one) => [one, globalThis[one]]);
      for (const [one, set] of before) if (set !== undefined) globalThis[one] = composed;
      await say('composed', viaFetch('http://orders/'));
      await say('seen', seen);

      const mock = { isMockActive: true, dispatch() { throw new Error('mocked'); } };
      for (const [one, set] of before) if (set !== undefined) globalThis[one] = mock;
      await say('mock', viaFetch('http://orders/'));
      for (const [one, set] of before) if (set !== undefined) globalThis[one] = set;
      await say('put back', viaFetch('http://orders/'));
      `,
      { routes: { orders: [one] } },
    );
    expect(said['own']?.value).toMatchObject({ port: one.port });
    expect(said['composed']?.value).toMatchObject({ port: one.port });
    expect(said['seen']?.value).toEqual([`http://127.0.0.1:${String(one.port)}`]);
    expect(said['mock']?.error?.cause?.message ?? said['mock']?.error?.message).toBe('mocked');
    expect(said['put back']?.value).toMatchObject({ port: one.port });
  });

  it('keeps no dispatcher alive that somebody has replaced', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      await say('first', viaFetch('http://orders/'));
      const keys = [1, 2].map((version) => Symbol.for('undici.globalDispatcher.' + version));
      const key = keys.find((one) => globalThis[one]?.constructor.name === 'Agent');
      const initial = globalThis[key];
      const replace = async () => {
        globalThis[key] = new initial.constructor();
        await say('replaced', viaFetch('http://orders/'));
        await globalThis[key].close();
        return new WeakRef(globalThis[key]);
      };
      const replaced = await replace();
      globalThis[key] = initial;
      // By address: it is no call by name that has us look at the dispatchers anew.
      await (await fetch('http://127.0.0.1:${String(one.port)}/')).text();
      for (let turn = 0; turn < 100 && replaced.deref() !== undefined; turn += 1) {
        await new Promise(setImmediate);
        gc();
      }
      await say('gone', replaced.deref() === undefined);
      `,
      { routes: { orders: [one] }, flags: ['--expose-gc'] },
    );
    expect(said['replaced']?.value).toMatchObject({ port: one.port });
    expect(said['gone']?.value).toBe(true);
  });

  it('calls instances past a proxy that the environment sets', async () => {
    await using one = await startInstance();
    const dead = await deadInstance();
    const said = await runHooked(`await say('direct', viaFetch('http://orders/p'));`, {
      routes: { orders: [one] },
      env: {
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: `http://127.0.0.1:${String(dead.port)}`,
        // The proxy is experimental in Node 22.
        NODE_NO_WARNINGS: '1',
      },
    });
    expect(said['direct']?.value).toMatchObject({ port: one.port, url: 'http://orders/p' });
  });
});

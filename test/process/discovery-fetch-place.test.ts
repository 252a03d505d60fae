import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { deadInstance, startInstance } from '../helpers/instance-server.js';

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

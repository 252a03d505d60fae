/** What the hooks of node:http make of attempts: how they end, which are repeated unseen, and what the caller gets when none is left. */
import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { deadInstance } from '../helpers/instance-server.js';
import { startScripted } from '../helpers/scripted-instance.js';

/** Events of one request by name, and its status or error. */
const WATCH = `
  const watch = (options, { body, also } = {}) => new Promise((resolve) => {
    const events = [];
    const request = http.request({ host: 'orders', ...options });
    for (const event of ['socket', 'finish', 'error', 'timeout', 'abort', 'close']) {
      request.on(event, (value) => events.push(event === 'error' ? value.code ?? value.message : event));
    }
    let status;
    request.on('response', (response) => {
      status = response.statusCode;
      response.resume().on('end', () => events.push('end'));
    });
    request.on('close', () => setImmediate(() => resolve({
      status,
      events: events.filter((event) => event !== 'socket'),
      own: Object.getOwnPropertyNames(request).filter((name) => ['emit', 'destroy'].includes(name)),
    })));
    also?.(request);
    request.end(body);
  });
`;

describe('a request that is repeated', () => {
  it.each(['reset', 'cut'] as const)(
    'goes to another instance after a connection was %s, and the caller sees one request',
    async (step) => {
      await using bad = await startScripted([step]);
      await using good = await startScripted(['ok']);
      const said = await runHooked(
        `
        ${WATCH}
        hub.repeats = ['unsent', 'broken'];
        await say('get', watch({ path: '/p' }));
        await say('ended', hub.ended);
        await say('asks', hub.asks);
        `,
        { routes: { orders: [bad, good] } },
      );
      expect(said['get']?.value).toEqual({
        status: 200,
        events: ['finish', 'end', 'close'],
        own: [],
      });
      expect(said['ended']?.value).toEqual([
        [bad.port, 'broken', null],
        [good.port, 'answered', 200],
      ]);
      expect(said['asks']?.value).toEqual([{ outcome: 'broken', isReplayable: true }]);
      expect(good.received).toEqual(['GET /p ']);
    },
  );

  it('keeps its headers, its whole body and what its user has set', async () => {
    await using bad = await startScripted(['reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      hub.repeats = ['unsent', 'broken'];
      await say('put', new Promise((resolve, reject) => {
        const headers = { 'x-mine': 'yes', 'content-type': 'text/plain' };
        const request = http.request({ host: 'orders', method: 'PUT', headers }, (response) => {
          let text = '';
          const { timeout } = request.socket;
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ ...JSON.parse(text), timeout }));
        });
        request.setTimeout(54_321);
        request.on('error', reject);
        request.write('whole ');
        request.end('body');
      }));
      `,
      { routes: { orders: [bad, good] } },
    );
    expect(said['put']?.value).toMatchObject({
      port: good.port,
      body: 'whole body',
      timeout: 54_321,
      headers: { 'x-mine': 'yes', 'content-type': 'text/plain', host: 'orders' },
    });
  });

  it('stays one request for a caller who waits for its callback, in the context of the caller', async () => {
    await using bad = await startScripted(['ok', 'reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      const { AsyncLocalStorage } = require('node:async_hooks');
      const context = new AsyncLocalStorage();
      hub.repeats = ['unsent', 'broken'];
      const agent = new http.Agent({ keepAlive: true });
      const call = (id) => context.run(id, () => new Promise((resolve, reject) => {
        const request = http.get({ host: 'orders', agent }, (response) => {
          response.resume().on('end', () => resolve([context.getStore(), request.reusedSocket]));
        });
        request.on('error', reject);
      }));
      await say('first', call('first'));
      await new Promise(setImmediate);
      hub.restart();
      await say('second', call('second'));
      `,
      { routes: { orders: [bad, good] } },
    );
    expect(said['first']?.value).toEqual(['first', false]);
    expect(said['second']?.value).toEqual(['second', false]);
    expect(bad.connections).toBe(1);
  });

  it.each([503, 'long'] as const)(
    'passes over a response that the rules name, %s',
    async (step) => {
      await using bad = await startScripted([step]);
      await using good = await startScripted(['ok']);
      const said = await runHooked(
        `
      ${WATCH}
      hub.repeats = ['answered'];
      await say('get', watch({ agent: new http.Agent({ keepAlive: true }) }));
      await say('ended', hub.ended);
      await say('asks', hub.asks);
      `,
        { routes: { orders: [bad, good] } },
      );
      expect(said['get']?.value).toMatchObject({ status: 200, events: ['finish', 'end', 'close'] });
      expect(said['ended']?.value).toEqual([
        [bad.port, 'answered', 503],
        [good.port, 'answered', 200],
      ]);
      expect(said['asks']?.value).toEqual([
        {
          outcome: 'answered',
          status: 503,
          isReplayable: true,
          ...(step === 503 ? { retryAfterMs: 1000 } : {}),
        },
      ]);
    },
  );

  it('gives the last response or error when nothing is left, which tells what was tried', async () => {
    await using one = await startScripted(['reset']);
    await using two = await startScripted(['cut']);
    await using busy = await startScripted([503]);
    const said = await runHooked(
      `
      ${WATCH}
      hub.repeats = ['unsent', 'broken', 'answered'];
      await say('broken', watch({}));
      await say('tried', new Promise((resolve) => {
        http.get('http://orders/').on('error', (error) => {
          const { service, tried } = error[Symbol.for('nacos-serving.call')];
          resolve([service, tried.map(({ port, error: why }) => [port, why.code]), Object.keys(error)]);
        });
      }));
      await say('busy', watch({ host: 'busy' }));
      `,
      { routes: { orders: [one, two], busy: [busy] } },
    );
    expect(said['broken']?.value).toMatchObject({ events: ['finish', 'ECONNRESET', 'close'] });
    const [service, tried, keys] = said['tried']?.value as [string, unknown[], string[]];
    expect(service).toBe('orders');
    expect(tried).toHaveLength(2);
    expect(tried).toContainEqual([one.port, 'ECONNRESET']);
    expect(keys).not.toContain('nacos-serving.call');
    expect(said['busy']?.value).toMatchObject({ status: 503, events: ['finish', 'end', 'close'] });
  });

  it('ends at once when its user destroys it, while it is closed or waits', async () => {
    await using bad = await startScripted(['reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${WATCH}
      hub.repeats = ['unsent', 'broken'];
      hub.delayMs = 2 ** 30;
      const settled = async (count) => { while (hub.ended.length < count) await new Promise(setImmediate); };
      await say('waiting', watch({}, { also: (request) => void settled(1).then(() => setTimeout(() => request.destroy(), 20)) }));
      hub.restart();
      await say('closing', watch({}, { also: (request) => void settled(3).then(() => request.destroy(new RangeError('mine'))) }));
      hub.restart();
      const stop = new AbortController();
      await say('signal', watch({ signal: stop.signal }, { also: () => void settled(5).then(() => stop.abort()) }));
      await say('ended', hub.ended);
      `,
      { routes: { orders: [bad, good] } },
    );
    expect(said['waiting']?.value).toMatchObject({ events: ['finish', 'ECONNRESET', 'close'] });
    expect(said['closing']?.value).toMatchObject({ events: ['finish', 'mine', 'close'] });
    expect(said['signal']?.value).toMatchObject({ events: ['finish', 'ABORT_ERR', 'close'] });
    expect(said['ended']?.value).toEqual([
      [bad.port, 'broken', null],
      [good.port, 'abandoned', null],
      [bad.port, 'broken', null],
      [good.port, 'abandoned', null],
      [bad.port, 'broken', null],
      [good.port, 'abandoned', null],
    ]);
    expect(good.received).toEqual([]);
  });

  it('has its body whole when that was ended after its socket came, as text and as bytes', async () => {
    await using bad = await startScripted(['reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      hub.repeats = ['unsent', 'broken'];
      const put = (first, encoding) => new Promise((resolve, reject) => {
        const events = [];
        const request = http.request({ host: 'orders', method: 'PUT', headers: { 'x-mine': 'yes' } }, (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk)).on('end', () => resolve([JSON.parse(text), events.sort()]));
        });
        request.on('error', reject).on('finish', () => events.push('finish'));
        request.on('socket', () => {
          events.push('socket');
          request.write(first, encoding, () => events.push('written'));
          setImmediate(() => request.end('end', () => events.push('ended')));
        });
      });
      await say('text', put('é1,'));
      hub.restart();
      await say('bytes', put(Buffer.from('é2,')));
      hub.restart();
      await say('large', put('x'.repeat(2 ** 20)));
      await say('asks', hub.asks.map(({ isReplayable }) => isReplayable));
      `,
      { routes: { orders: [bad, good] } },
    );
    for (const [label, body] of [
      ['text', 'é1,end'],
      ['bytes', 'é2,end'],
    ] as const) {
      expect(said[label]?.value).toEqual([
        expect.objectContaining({
          body,
          headers: expect.objectContaining({ 'x-mine': 'yes', host: 'orders' }) as object,
        }),
        // Each once; versions of Node differ in their order.
        ['ended', 'finish', 'socket', 'written'],
      ]);
    }
    expect(said['large']?.error?.code).toMatch(/ECONNRESET|EPIPE/);
    expect(said['asks']?.value).toEqual([true, true]);
    expect(good.received).toEqual(['PUT / é1,end', 'PUT / é2,end']);
  });

  it('is none whose body is not ended when the connection breaks, whatever the rules say', async () => {
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${WATCH}
      hub.repeats = ['unsent', 'broken'];
      const { createServer } = require('node:net');
      const resets = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
      await new Promise((resolve) => resets.listen(0, '127.0.0.1', resolve));
      hub.route('orders', [{ ip: '127.0.0.1', port: resets.address().port }, { ip: '127.0.0.1', port: PORT }]);
      await say('post', new Promise((resolve) => {
        const request = http.request({ host: 'orders', method: 'POST' });
        request.on('error', ({ code }) => resolve(code));
        request.write('a');
      }));
      await say('asks', hub.asks.map(({ isReplayable }) => isReplayable));
      resets.close();
      `.replace('PORT', String(good.port)),
      { routes: { orders: [good] } },
    );
    expect(said['post']?.value).toBe('ECONNRESET');
    expect(said['asks']?.value).toEqual([]);
    expect(good.received).toEqual([]);
  });
});

describe('what the router is told', () => {
  it('is one end for each target: unsent, answered, abandoned, or broken by a timeout', async () => {
    const dead = await deadInstance();
    await using slow = await startScripted(['hang']);
    await using good = await startScripted([404]);
    const said = await runHooked(
      `
      ${WATCH}
      await say('unsent', watch({ host: 'dead' }));
      await say('answered', watch({ host: 'good' }));
      await say('abandoned', watch({ host: 'slow' }, { also: (request) => request.on('finish', () => request.destroy()) }));
      await say('timeout', watch({ host: 'slow', timeout: 20 }, { also: (request) => request.on('timeout', () => request.destroy()) }));
      await say('ended', hub.ended);
      `,
      { routes: { dead: [dead], good: [good], slow: [slow] } },
    );
    expect(said['unsent']?.value).toMatchObject({ events: ['ECONNREFUSED', 'close'] });
    expect(said['answered']?.value).toMatchObject({ status: 404 });
    expect(said['ended']?.value).toEqual([
      [dead.port, 'unsent', null],
      [good.port, 'answered', 404],
      [slow.port, 'abandoned', null],
      [slow.port, 'broken', null],
    ]);
  });

  it('bounds a call by the time of its service, also while it waits for a socket', async () => {
    await using slow = await startScripted(['hang']);
    const said = await runHooked(
      `
      hub.timeoutMs = 50;
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const failed = () => new Promise((resolve) => {
        http.get({ host: 'orders', agent }).on('error', ({ name, code }) => resolve([name, code]));
      });
      await say('overdue', Promise.all([failed(), failed()]));
      await say('ended', hub.ended);
      `,
      { routes: { orders: [slow] } },
    );
    const overdue = ['DiscoveryError', 'CALL_TIMEOUT'];
    expect(said['overdue']?.value).toEqual([overdue, overdue]);
    expect(said['ended']?.value).toEqual([
      [slow.port, 'broken', null],
      [slow.port, 'broken', null],
    ]);
  });

  it('lets the timeout of a request run while the list is awaited', async () => {
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${WATCH}
      hub.hold();
      await say('timeout', watch({ timeout: 20 }, { also: (request) => request.on('timeout', () => request.destroy()) }));
      `,
      { routes: { orders: [good] } },
    );
    expect(said['timeout']?.value).toMatchObject({ events: ['timeout', 'ECONNRESET', 'close'] });
  });

  it('sets headers that are handed on, also when the caller has ended the request early', async () => {
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      hub.headers = [['x-tag', 'blue']];
      const options = { host: 'orders', headers: { 'X-Own': 'mine' } };
      await say('first', viaRequest(http.request, options));
      await say('later', viaRequest(http.request, options));
      await say('list', viaRequest(http.request, { host: 'orders', headers: ['X-Own', 'mine', 'Host', 'orders'] }));
      `,
      { routes: { orders: [good] } },
    );
    for (const label of ['first', 'later', 'list']) {
      expect(said[label]?.value).toMatchObject({
        headers: { 'x-tag': 'blue', 'x-own': 'mine', host: 'orders' },
      });
    }
  });
});

describe('an instance that is gone', () => {
  it('loses its idle connections at once, and those in use after their response', async () => {
    await using one = await startScripted(['ok']);
    await using two = await startScripted(['ok']);
    const said = await runHooked(
      `
      const agent = new http.Agent({ keepAlive: true });
      for (let call = 0; call < 2; call += 1) await viaRequest(http.request, { host: 'orders', agent });
      await new Promise(setImmediate);
      await say('before', Object.keys(agent.freeSockets).length);
      const pending = viaRequest(http.request, { host: 'orders', agent });
      const gone = [{ ip: '127.0.0.1', port: PORT }];
      for (const listener of hub.goneListeners) listener(gone);
      await say('pending', pending);
      while (Object.keys(agent.sockets).length > 0) await new Promise(setImmediate);
      await say('after', Object.keys(agent.freeSockets));
      `.replace('PORT', String(one.port)),
      { routes: { orders: [one, two] } },
    );
    expect(said['before']?.value).toBe(2);
    expect(said['pending']?.value).toMatchObject({ port: one.port });
    expect(said['after']?.value).toEqual([`127.0.0.1:${String(two.port)}:`]);
  });

  it('that closed an idle connection costs no call, and says nothing about it', async () => {
    await using one = await startScripted(['ok']);
    await using two = await startScripted(['ok']);
    const said = await runHooked(
      `
      hub.repeats = ['unsent', 'broken'];
      const agent = new http.Agent({ keepAlive: true });
      await viaRequest(http.request, { host: 'orders', agent });
      await new Promise(setImmediate);
      const [[idle]] = Object.values(agent.freeSockets);
      // As it looks between the end of the other side and the close of ours.
      idle.end();
      hub.restart();
      await say('post', viaRequest(http.request, { host: 'orders', agent, method: 'POST' }, 'body'));
      await say('ended', hub.ended.slice(1));
      `,
      { routes: { orders: [one, two] } },
    );
    expect(said['post']?.value).toMatchObject({ port: two.port, body: 'body' });
    expect(said['ended']?.value).toEqual([
      [one.port, 'abandoned', null],
      [two.port, 'answered', 200],
    ]);
  });
});

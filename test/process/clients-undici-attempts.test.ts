/**
 * What the hooks of undici make of attempts: how they end, which are repeated unseen, and what the caller gets when none is left. Each for handlers of
 * both shapes that undici has had.
 */
import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { deadInstance } from '../helpers/instance-server.js';
import { startScripted } from '../helpers/scripted-instance.js';

/** `call(options)` resolves to status, text and which events its handler saw. */
const LEGACY = `
  const { Agent, request } = require('undici-6');
  const agent = new Agent({ keepAliveTimeout: 60000 });
  const call = async ({ path = '/', ...options } = {}) => {
    const { statusCode, body } = await request('http://orders' + path, { dispatcher: agent, ...options });
    return { status: statusCode, text: await body.text() };
  };
`;
const CURRENT = `
  const { Agent } = require('undici-7');
  const agent = new Agent({ keepAliveTimeout: 60000 });
  const call = ({ signal, ...options } = {}) => new Promise((resolve, reject) => {
    let status;
    let text = '';
    let controller;
    signal?.addEventListener('abort', () => controller.abort(signal.reason));
    agent.dispatch({ origin: 'http://orders', path: '/', method: 'GET', ...options }, {
      onRequestStart: (given) => (controller = given),
      onResponseStart: (_, code) => (status = code),
      onResponseData: (_, chunk) => (text += chunk),
      onResponseEnd: () => resolve({ status, text }),
      onResponseError: (_, error) => reject(error),
    });
  });
`;

describe.each([
  ['the old shape', LEGACY],
  ['the current shape', CURRENT],
])('a call whose handler has %s', (_, CALL) => {
  it.each(['reset', 'cut'] as const)(
    'goes to another instance after a connection was %s',
    async (step) => {
      await using bad = await startScripted([step]);
      await using good = await startScripted(['ok']);
      const said = await runHooked(
        `
        ${CALL}
        hub.repeats = ['unsent', 'broken'];
        await say('get', call({ method: 'PUT', body: 'whole' }));
        await say('ended', hub.ended);
        await say('asks', hub.asks);
        `,
        { routes: { orders: [bad, good] } },
      );
      expect(said['get']?.value).toMatchObject({ status: 200 });
      expect(said['ended']?.value).toEqual([
        [bad.port, 'broken', null],
        [good.port, 'answered', 200],
      ]);
      expect(said['asks']?.value).toEqual([{ outcome: 'broken', isReplayable: true }]);
      expect(good.received).toEqual(['PUT / whole']);
    },
  );

  it('says of a body that streams, and was begun, that it cannot be sent again', async () => {
    await using bad = await startScripted(['reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${CALL}
      const { Readable } = require('node:stream');
      await say('post', call({ method: 'POST', body: Readable.from(['a', 'b']) }));
      await say('asks', hub.asks);
      `,
      { routes: { orders: [bad, good] } },
    );
    expect(said['post']?.error?.code).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(said['asks']?.value).toEqual([{ outcome: 'broken', isReplayable: false }]);
    expect(good.received).toEqual([]);
  });

  it.each([503, 'long'] as const)(
    'passes over a response that the rules name, %s',
    async (step) => {
      await using bad = await startScripted([step]);
      await using good = await startScripted(['ok']);
      const said = await runHooked(
        `
      ${CALL}
      hub.repeats = ['answered'];
      await say('get', call());
      await say('ended', hub.ended);
      await say('asks', hub.asks);
      `,
        { routes: { orders: [bad, good] } },
      );
      expect(said['get']?.value).toMatchObject({ status: 200 });
      expect(said['ended']?.value).toEqual([
        [bad.port, 'answered', 503],
        [good.port, 'answered', 200],
      ]);
      expect(said['asks']?.value).toMatchObject([
        { status: 503, ...(step === 503 ? { retryAfterMs: 1000 } : {}) },
      ]);
    },
  );

  it('shows a response whose status is not to be repeated', async () => {
    await using one = await startScripted([503]);
    const said = await runHooked(
      `${CALL} await say('get', call()); await say('ended', hub.ended);`,
      {
        routes: { orders: [one] },
      },
    );
    expect(said['get']?.value).toEqual({ status: 503, text: 'refused' });
    expect(said['ended']?.value).toEqual([[one.port, 'answered', 503]]);
  });

  it('ends when its time is up, also while another attempt is waited for', async () => {
    await using slow = await startScripted(['hang']);
    await using other = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${CALL}
      hub.timeoutMs = 50;
      await say('hanging', call());
      hub.route('orders', ROUTES);
      hub.restart();
      hub.repeats = ['unsent'];
      hub.delayMs = 2 ** 30;
      await say('waiting', call());
      await say('ended', hub.ended);
      `.replace(
        'ROUTES',
        JSON.stringify([await deadInstance(), { ip: other.ip, port: other.port }]),
      ),
      { routes: { orders: [slow] } },
    );
    expect(said['hanging']?.error).toMatchObject({ name: 'DiscoveryError', code: 'CALL_TIMEOUT' });
    expect(said['waiting']?.error).toMatchObject({ name: 'DiscoveryError', code: 'CALL_TIMEOUT' });
    expect(said['ended']?.value).toMatchObject([
      [slow.port, 'broken', null],
      [expect.any(Number), 'unsent', null],
      [other.port, 'abandoned', null],
    ]);
    expect(other.received).toEqual([]);
  });

  it('is aborted while another attempt is waited for', async () => {
    await using bad = await startScripted(['reset']);
    await using good = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${CALL}
      hub.repeats = ['broken'];
      hub.delayMs = 2 ** 30;
      const stop = new AbortController();
      const pending = call({ signal: stop.signal });
      pending.catch(() => undefined);
      while (hub.asks.length === 0) await new Promise(setImmediate);
      stop.abort();
      await say('aborted', pending);
      await say('ended', hub.ended);
      `,
      { routes: { orders: [bad, good] } },
    );
    expect(said['aborted']?.error).toMatchObject({ name: 'AbortError' });
    expect(said['ended']?.value).toEqual([
      [bad.port, 'broken', null],
      [good.port, 'abandoned', null],
    ]);
    expect(good.received).toEqual([]);
  });

  it('keeps the last error of undici, which tells what was tried', async () => {
    const one = await deadInstance();
    const two = await deadInstance();
    const said = await runHooked(
      `
      ${CALL}
      const error = await call().catch((caught) => caught);
      const { service, tried } = error[Symbol.for('nacos-serving.call')];
      await say('last', Promise.reject(error));
      await say('tried', [service, ...tried.map(({ port, error: { code } }) => [port, code])]);
      await say('shown', Object.keys(error).includes('nacos-serving.call'));
      `,
      { routes: { orders: [one, two] } },
    );
    expect(said['last']?.error?.code).toBe('ECONNREFUSED');
    expect(said['tried']?.value).toEqual([
      'orders',
      [one.port, 'ECONNREFUSED'],
      [two.port, 'ECONNREFUSED'],
    ]);
  });

  it('carries the headers that the router gives, in place of its own, whatever their form', async () => {
    await using one = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${CALL}
      hub.headers = [['baggage', 'a=1,b=2']];
      let count = 0;
      for (const headers of [undefined, { Baggage: 'b=2', 'x-own': '1' }, ['baggage', 'b=2', 'x-own', '1'], new Map([['BAGGAGE', 'b=2'], ['x-own', '1']])]) {
        await say('call ' + (count += 1), call({ headers }));
      }
      `,
      { routes: { orders: [one] } },
    );
    const headers = Object.values(said).map(
      ({ value }) => (JSON.parse((value as { text: string }).text) as { headers: object }).headers,
    );
    expect(headers).toHaveLength(4);
    for (const [at, one] of headers.entries()) {
      expect(one).toMatchObject({
        baggage: 'a=1,b=2',
        host: 'orders',
        ...(at > 0 ? { 'x-own': '1' } : {}),
      });
    }
  });

  it('loses its idle connections to an instance that is gone', async () => {
    await using one = await startScripted(['ok']);
    await using two = await startScripted(['ok']);
    const said = await runHooked(
      `
      ${CALL}
      for (let calls = 0; calls < 4; calls += 1) await call();
      for (const listener of hub.goneListeners) listener([{ ip: '127.0.0.1', port: PORT }]);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      for (let calls = 0; calls < 2; calls += 1) await say('after ' + calls, call());
      `.replace('PORT', String(one.port)),
      { routes: { orders: [one, two] } },
    );
    expect(said['after 1']?.value).toMatchObject({ status: 200 });
    expect([one.connections, two.connections]).toEqual([2, 1]);
  });
});

/**
 * Dispatchers that apps make and set, in whatever order the copies of undici come: what is by name goes to instances, also where a dispatcher of the app
 * says so only on the way, and mocks win.
 */
import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { startInstance } from '../helpers/instance-server.js';
import { isHeardByFetch, UNDICI_COPIES } from '../helpers/undici-copies.js';

describe.each(UNDICI_COPIES)('a dispatcher of %s', (undici) => {
  it('may say where a call goes in the options that it was given', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      const { Agent, request, setGlobalDispatcher } = require('${undici}');
      class Gateway extends Agent {
        dispatch(options, handler) {
          if (options.origin === 'http://gateway:8080') options.origin = 'http://orders';
          return super.dispatch(options, handler);
        }
      }
      // Node's own copy, which may replace what is set before it is there.
      await say('by name', viaFetch('http://orders/a'));
      setGlobalDispatcher(new Gateway());
      await say('by name again', viaFetch('http://orders/a'));
      await say('request', request('http://gateway:8080/b').then(({ body }) => body.json()));
      await say('fetch', viaFetch('http://gateway:8080/c'));
      const composed = new Agent().compose((dispatch) => (options, handler) => {
        options.origin = 'http://orders';
        return dispatch(options, handler);
      });
      await say('composed', request('http://gateway:8080/d', { dispatcher: composed }).then(({ body }) => body.json()));
      `,
      { routes: { orders: [one] } },
    );
    for (const [label, target] of [
      ['by name', '/a'],
      ['by name again', '/a'],
      ['request', '/b'],
      ...(isHeardByFetch(undici) ? ([['fetch', '/c']] as const) : []),
      ['composed', '/d'],
    ] as const) {
      expect(said[label], label).toMatchObject({ value: { port: one.port, target } });
    }
  });

  it('without an origin may have a pool behind it that is made for a service', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      const { Pool, RetryAgent } = require('${undici}');
      const agent = new RetryAgent(new Pool('http://orders'));
      const call = () => agent.request({ path: '/p', method: 'GET' }).then(({ body }) => body.json());
      await say('first', call());
      await say('again', call());
      `,
      { routes: { orders: [one] } },
    );
    for (const label of ['first', 'again']) {
      expect(said[label]).toMatchObject({ value: { port: one.port, host: 'orders' } });
    }
  });
});

describe('several copies of undici in one process', () => {
  it.each([
    ['the older one first', ['undici-6', 'undici-7']],
    ['the newer one first', ['undici-7', 'undici-6']],
    ['the oldest and the newest', ['undici-6', UNDICI_COPIES.at(-1)]],
    ['the newest and the oldest', [UNDICI_COPIES.at(-1), 'undici-6']],
  ])(
    '%s: fetch by name goes by what the app has set last, and a mock wins',
    async (_name, order) => {
      await using one = await startInstance();
      const said = await runHooked(
        `
      const [first, last] = [require('${String(order[0])}'), require('${String(order[1])}')];
      await say('as loaded', viaFetch('http://orders/a'));
      first.setGlobalDispatcher(new first.Agent().compose((dispatch) => dispatch));
      await say('first set', viaFetch('http://orders/b'));
      last.setGlobalDispatcher(new last.Agent());
      await say('last set', viaFetch('http://orders/c'));
      const mock = new last.MockAgent();
      mock.disableNetConnect();
      mock.get('http://orders').intercept({ path: '/d' }).reply(200, { from: 'mock' });
      last.setGlobalDispatcher(mock);
      await say('mocked', viaFetch('http://orders/d'));
      `,
        { routes: { orders: [one] } },
      );
      for (const label of ['as loaded', 'first set', 'last set']) {
        expect(said[label], label).toMatchObject({ value: { port: one.port } });
      }
      const isMocked = isHeardByFetch(order[1]);
      expect(said['mocked']).toMatchObject({
        value: isMocked ? { from: 'mock' } : { target: '/d' },
      });
      expect(one.received).toHaveLength(isMocked ? 3 : 4);
    },
  );
});

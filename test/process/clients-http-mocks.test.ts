/** Mocks answer before us: nock and msw with the hooks in. */
import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { startInstance } from '../helpers/instance-server.js';

/** msw looks whether there is a `localStorage`; Node 26 warns then that it has no file for it. */
const MSW_ENV = { NODE_OPTIONS: '--disable-warning=ExperimentalWarning' };

describe('a mock of node:http', () => {
  it.each([
    [
      'nock',
      `const nock = require('nock');
       nock('http://orders').get('/p').times(2).reply(200, { from: 'mock' });
       const off = () => nock.restore();`,
    ],
    [
      'msw',
      `const { http: mock, HttpResponse } = require('msw');
       const { setupServer } = require('msw/node');
       const server = setupServer(mock.get('http://orders/p', () => HttpResponse.json({ from: 'mock' })));
       server.listen({ onUnhandledRequest: 'bypass' });
       const off = () => server.close();`,
    ],
  ])('of %s has the last word, and calls are by name again when it is off', async (_name, mock) => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      ${mock}
      await say('mocked', viaRequest(http.get, 'http://orders/p'));
      await say('own agent', viaRequest(http.request, { host: 'orders', path: '/p', agent: new http.Agent({ keepAlive: true }) }));
      await say('asked', hub.asked);
      off();
      await say('off', viaRequest(http.get, 'http://orders/p'));
      `,
      { routes: { orders: [one] }, env: MSW_ENV },
    );
    expect(said['mocked']?.value).toEqual({ from: 'mock' });
    expect(said['own agent']?.value).toEqual({ from: 'mock' });
    expect(said['asked']?.value).toEqual([]);
    expect(said['off']?.value).toMatchObject({ port: one.port, host: 'orders' });
    expect(one.received).toHaveLength(1);
  });
});

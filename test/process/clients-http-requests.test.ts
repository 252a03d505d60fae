/**
 * What calls by name leave on the requests of a process: nothing that anybody sees, and nothing that makes V8 handle them as two kinds of objects, which
 * all that touches a request would pay for.
 */
import { describe, expect, it } from 'vitest';

import { runHooked } from '../helpers/hooked-app.js';
import { startInstance } from '../helpers/instance-server.js';

describe('requests of node:http by name', () => {
  it('have the fields and the shape of all others, and those stay fast', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      require('node:v8').setFlagsFromString('--allow-natives-syntax');
      const isSameShape = new Function('a', 'b', 'return %HaveSameMap(a, b)');
      const isFast = new Function('object', 'return %HasFastProperties(object)');
      const made = (host, port) => {
        const request = http.request({ host, port, agent: new http.Agent() });
        request.on('error', () => undefined);
        return request;
      };
      await say('call', viaRequest(http.get, 'http://orders/p'));
      const named = made('orders', 80);
      const other = made('127.0.0.1', ${String(one.port)});
      const keys = (request) => Reflect.ownKeys(request).map(String);
      await say('keys', { named: keys(named), other: keys(other) });
      await say('shape', isSameShape(named, other));
      await say('fast', isFast(http.ClientRequest.prototype));
      named.destroy();
      other.destroy();
      `,
      { routes: { orders: [one] } },
    );
    expect(said['call']?.value).toMatchObject({ port: one.port });
    const { named, other } = said['keys']?.value as Record<string, readonly string[]>;
    expect(named).toEqual(other);
    expect(named).toContain('agent');
    expect(said['shape']?.value).toBe(true);
    expect(said['fast']?.value).toBe(true);
  });

  it('may come from an agent of a class of its own, which hands on as many arguments as Node once had', async () => {
    await using one = await startInstance();
    const said = await runHooked(
      `
      class Own extends http.Agent {
        addRequest(request, options, port, localAddress) {
          super.addRequest(request, options, port, localAddress);
        }
      }
      const agent = new Own();
      const get = (url, done) => http.get(url, { agent }, done);
      await say('named', viaRequest(get, 'http://orders/p'));
      await say('other', viaRequest(get, 'http://127.0.0.1:${String(one.port)}/p'));
      await say('legacy', viaRequest((url, done) => {
        const request = new http.ClientRequest({ agent: { addRequest() {}, defaultPort: 80 } });
        request.on('response', done);
        new http.Agent().addRequest(request, '127.0.0.1', ${String(one.port)});
        request.end();
        return request;
      }, 'http://127.0.0.1/'));
      `,
      { routes: { orders: [one] } },
    );
    for (const key of ['named', 'other', 'legacy']) {
      expect(said[key]?.value).toMatchObject({ port: one.port });
    }
  });

  it('may lose their agent and get another', async () => {
    const said = await runHooked(
      `
      const request = http.request({ host: '127.0.0.1', port: 1, agent: new http.Agent() });
      request.on('error', () => undefined);
      const before = Object.getOwnPropertyDescriptor(request, 'agent');
      delete request.agent;
      request.agent = 'mine';
      await say('after', {
        before: { ...before, value: before.value instanceof http.Agent },
        after: Object.getOwnPropertyDescriptor(request, 'agent'),
      });
      request.destroy();
      `,
      { routes: {} },
    );
    const usual = { writable: true, enumerable: true, configurable: true };
    expect(said['after']?.value).toEqual({
      before: { value: true, ...usual },
      after: { value: 'mine', ...usual },
    });
  });
});

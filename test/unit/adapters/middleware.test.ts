/** What the middleware of Express, Koa and Hono does with requests, without a server. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { Hono } from 'hono';
import Koa from 'koa';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { nacosServing as forExpress } from '../../../src/adapters/express.js';
import { nacosServing as forHono } from '../../../src/adapters/hono.js';
import { nacosServing as forKoa } from '../../../src/adapters/koa.js';
import type { RegisterOptions } from '../../../src/adapters/explicit.js';
import { script } from './scripted-explicit.js';

vi.mock('../../../src/adapters/explicit.js', async () => {
  return (await import('./scripted-explicit.js')).explicit;
});
vi.mock('../../../src/adapters/health-answer.js', async () => {
  return (await import('./scripted-explicit.js')).health;
});

/** The status, or `passed on` when the app was asked. */
type Ask = (method: string, url: string) => Promise<number | 'passed on'>;

const CASES: readonly [name: string, make: (options?: RegisterOptions) => Ask][] = [
  [
    'Express',
    (options) => {
      const middleware = forExpress(options);
      return async (method, url) => {
        const request = new IncomingMessage(new Socket());
        Object.assign(request, { method, url });
        const response = new ServerResponse(request);
        let passed = false;
        middleware(request, response, () => {
          passed = true;
        });
        return passed ? 'passed on' : response.statusCode;
      };
    },
  ],
  [
    'Koa',
    (options) => {
      const app = new Koa();
      app.use(forKoa(options));
      let passed = false;
      app.use((ctx) => {
        passed = true;
        ctx.body = 'app';
      });
      const handle = app.callback();
      return async (method, url) => {
        passed = false;
        const request = new IncomingMessage(new Socket());
        Object.assign(request, { method, url });
        const response = new ServerResponse(request);
        await handle(request, response);
        return passed ? 'passed on' : response.statusCode;
      };
    },
  ],
  [
    'Hono',
    (options) => {
      const app = new Hono();
      app.use(forHono(options));
      app.all('*', (c) => c.text('app', 418));
      return async (method, url) => {
        const { status } = await app.request(url, { method });
        return status === 418 ? 'passed on' : status;
      };
    },
  ],
];

beforeEach(() => script.reset());

describe.each(CASES)('the middleware of %s', (_, make) => {
  it('registers automatically, once it is made, with the options it got', () => {
    const options = { service: { name: 'orders' } };
    make(options);
    expect(script.automatic).toEqual([options]);
    expect(script.registered).toEqual([]);
  });

  it('passes everything on without a health path', async () => {
    const ask = make();
    expect(await ask('GET', '/health')).toBe('passed on');
    expect(await ask('GET', '/')).toBe('passed on');
  });

  it('answers GET and HEAD of the health path, whatever the query, by the readiness', async () => {
    const ask = make({ health: { path: '/health' } });
    expect(await ask('GET', '/health')).toBe(200);
    expect(await ask('HEAD', '/health')).toBe(200);
    script.ready = false;
    expect(await ask('GET', '/health?verbose=1')).toBe(503);
    expect(await ask('HEAD', '/health')).toBe(503);
  });

  it('passes on other methods and other paths', async () => {
    const ask = make({ health: { path: '/health' } });
    expect(await ask('POST', '/health')).toBe('passed on');
    expect(await ask('GET', '/healthy')).toBe('passed on');
    expect(await ask('GET', '/health/more')).toBe('passed on');
    expect(await ask('GET', '/')).toBe('passed on');
  });
});

import { createRequire } from 'node:module';
import path from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { classifyHost } from '../../src/discovery/target.js';
import { ANY_REQUEST } from '../helpers/any-request.js';
import { startCaptureServer } from '../helpers/capture-server.js';
import { runHooked } from '../helpers/hooked-app.js';

/** One request in one of the ways an app may make it. */
const call = fc.record({
  form: fc.constantFrom('fetch', 'fetch URL', 'fetch Request', 'http.get', 'http.request'),
  host: fc.constantFrom('127.0.0.1', 'localhost', 'LOCALHOST', '127.1', '2130706433', '0x7f.1'),
  ...ANY_REQUEST,
});

/** Makes the calls one after the other, as the app that we know nothing about. */
const APP = `
  const calls = JSON.parse(process.env.CALLS);
  const port = process.env.PORT;
  const lookup = (host, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  if (process.env.CALLED === 'yes') await fetch('http://orders/').catch(() => undefined);
  for (const { form, host, path, query, method, headers, body } of calls) {
    const url = 'http://' + host + ':' + port + path + (query === undefined ? '' : '?' + query);
    const hasBody = body !== undefined && !['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
    if (form.startsWith('fetch')) {
      const init = { method, headers, ...(hasBody ? { body } : {}) };
      const response = form === 'fetch' ? await fetch(url, init)
        : form === 'fetch URL' ? await fetch(new URL(url), init)
        : await fetch(new Request(url, init));
      await response.arrayBuffer();
    } else {
      await new Promise((resolve, reject) => {
        const done = (response) => response.resume().on('end', resolve);
        const request = form === 'http.get'
          ? http.get(url, { method, headers }, done)
          : http.request({ host, port, path: new URL(url).pathname, method, headers, lookup }, done);
        request.on('error', reject);
        if (form !== 'http.get') request.end(hasBody ? body : undefined);
      });
    }
  }
  await say('asked', [hub.asked, hub.loads]);
`;

/** As APP, for hosts that need a look-up of our own: with a dot, and the name of a service with a port. */
const NAMED = `
  const port = process.env.PORT;
  const lookup = (host, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
  for (const host of ['api.example.com', 'orders', 'Orders']) {
    for (const agent of [undefined, false, new http.Agent({ keepAlive: true })]) {
      await new Promise((resolve, reject) => {
        const request = http.request({ host, port, path: '/p', method: 'POST', lookup, agent });
        request.on('response', (response) => response.resume().on('end', resolve)).on('error', reject);
        request.write('one');
        request.end('two');
      });
    }
  }
  await say('asked', [hub.asked, hub.loads]);
`;

type Rule = (host: string) => boolean;

describe('calls to hosts that are not ours', () => {
  it('go out byte for byte as without us, whatever they are', async () => {
    await using server = await startCaptureServer();
    const calls = fc.sample(call, { numRuns: 60, seed: 20_261_124 });
    const env = { CALLS: JSON.stringify(calls), PORT: String(server.port) };
    const routes = { orders: [{ ip: '127.0.0.1', port: 1 }] };

    const without = await runHooked(APP, { hub: 'off', env, routes });
    const bytesWithout = server.take();
    const withUs = await runHooked(APP, { env, routes });
    const bytesWithUs = server.take();
    const afterACall = await runHooked(APP, { env: { ...env, CALLED: 'yes' }, routes });
    const bytesAfterACall = server.take();

    expect(bytesWithout).toHaveLength(60);
    expect(bytesWithUs).toEqual(bytesWithout);
    expect(bytesAfterACall).toEqual(bytesWithout);
    expect(afterACall['asked']?.value).toEqual([[], 1]);
    expect(withUs).toEqual(without);
    expect(withUs['asked']?.value).toEqual([[], 0]);
  });

  it('go out byte for byte also under names, when they have a dot or a port', async () => {
    await using server = await startCaptureServer();
    const env = { PORT: String(server.port) };
    const routes = { orders: [{ ip: '127.0.0.1', port: 1 }] };

    await runHooked(NAMED, { hub: 'off', env, routes });
    const bytesWithout = server.take();
    const withUs = await runHooked(NAMED, { env, routes });

    expect(bytesWithout).toHaveLength(9);
    expect(server.take()).toEqual(bytesWithout);
    expect(withUs['asked']?.value).toEqual([[], 0]);
  });

  it('are told apart by the hooks as by discovery', () => {
    const dist = path.resolve(import.meta.dirname, '..', '..', 'dist');
    const load = createRequire(path.join(dist, 'index.js'));
    const { isServiceHost } = load('./adapters/service-host.cjs') as Record<string, Rule>;
    const { isDottedHost } = load('./runtime/may-declare.cjs') as Record<string, Rule>;
    if (isServiceHost === undefined || isDottedHost === undefined) throw new Error('renamed');
    const host = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.webSegment(),
      fc.stringMatching(/^[0-9xXa-fA-F.]{1,10}$/),
      fc.array(fc.stringMatching(/^[a-z0-9-]{0,4}$/), { maxLength: 4 }).map((all) => all.join('.')),
      fc.constantFrom('a.localhost', '1.0x1F', 'a.0x', 'a.08', 'x.'.repeat(300) + 'a'),
      fc.constantFrom('localhost', 'LocalHost', '', 'orders', 'Order_Service', 'x'.repeat(513)),
    );
    fc.assert(
      fc.property(host, (name) => {
        expect(isServiceHost(name)).toBe(classifyHost(name) === 'single');
        expect(isDottedHost(name)).toBe(classifyHost(name) === 'dotted');
      }),
      { numRuns: 2000 },
    );
  });
});

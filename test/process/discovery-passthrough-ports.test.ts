/**
 * Hosts that are not ours and have no port, so that only the name tells them from services: dotted names, addresses, localhost, and names without a dot that
 * the registry does not know. What node:http, the global fetch and undici write is the same with and without the preload, over TCP and over TLS.
 */
import path from 'node:path';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { createClient } from '../../src/index.js';
import { startDevServer } from '../../src/dev-server/index.js';
import { silentLogger } from '../../src/logger.js';
import { ANY_REQUEST } from '../helpers/any-request.js';
import { startCaptureServer } from '../helpers/capture-server.js';
import { runHooked, type HookedAppOptions } from '../helpers/hooked-app.js';
import { startInstance } from '../helpers/instance-server.js';

const CALLS = 160;
const DEFAULT_PORTS = path.join(import.meta.dirname, '..', 'helpers', 'default-ports.cjs');
const PRELOAD = path.resolve(import.meta.dirname, '../../dist/entry/register.cjs');

const FORMS = [
  'fetch',
  'fetch URL',
  'fetch Request',
  'http.get',
  'http.request',
  'http port',
  'http agent',
  'undici request',
  'undici fetch',
  'undici agent',
  'undici 6',
] as const;

/** None of them is the only service of the registry, nor an address or localhost in disguise. */
const singleName = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}[a-z]$/).filter((name) => {
  return name !== 'orders' && name !== 'localhost';
});
const host = fc.oneof(
  { weight: 3, arbitrary: singleName },
  singleName.map((name) => name.toUpperCase()),
  fc.constantFrom('größe', '服务'),
  { weight: 3, arbitrary: fc.domain() },
  fc.domain().map((name) => `${name}.`),
  // The name of the service with more to it.
  fc.constantFrom('orders.', 'orders.example.com', 'www.orders'),
  fc.ipV4(),
  fc.ipV6().map((address) => `[${address}]`),
  fc.constantFrom('127.1', '2130706433', '0x7f.1'),
  fc.constantFrom('localhost', 'LOCALHOST', 'a.localhost'),
);

/** One request in one of the ways an app may make it. */
const call = fc.record({
  form: fc.constantFrom(...FORMS),
  scheme: fc.constantFrom('http', 'http', 'https'),
  host,
  user: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.constant('ann:secret@')),
  ...ANY_REQUEST,
});

/** Makes the calls one after the other, as the app that we know nothing about. */
const APP = `
  const https = require('node:https');
  const undici = require('undici-7');
  const undici6 = require('undici-6');
  const dispatcher = new undici.Agent();
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  const told = [];

  if (process.env.CALLED === 'yes') {
    const byName = ['http://orders/', 'http://orders/'];
    for (const url of byName) await (await fetch(url)).text();
    for (const url of byName) {
      await new Promise((resolve, reject) => {
        http.get(url, (response) => response.resume().on('end', resolve)).on('error', reject);
      });
    }
    await (await undici.request(byName[0])).body.dump();
    await (await undici6.request(byName[0], { dispatcher: new undici6.Agent() })).body.dump();
    dialled.length = 0;
  }

  const viaNode = ({ form, scheme, host, path, method, headers }, url, body) =>
    new Promise((resolve, reject) => {
      const module = scheme === 'http' ? http : https;
      const done = (response) => {
        response.resume().on('end', () => resolve(response.statusCode)).on('error', reject);
      };
      const hostname = host.replace(/^\\[|\\]$/g, '');
      const request =
        form === 'http.get' ? module.get(url, { method, headers }, done)
        : form === 'http.request' ? module.request({ hostname, path, method, headers }, done)
        : form === 'http port' ? module.request({ host: hostname, port: scheme === 'http' ? 80 : 443, path, method, headers, agent: false }, done)
        : module.request(new URL(url), { method, headers, agent: agents[scheme] }, done);
      request.on('error', reject);
      if (form !== 'http.get') request.end(body);
    });

  const make = async (one) => {
    const { form, scheme, user, host, path, query, method, headers } = one;
    const url = scheme + '://' + user + host + path + (query === undefined ? '' : '?' + query);
    const body = ['POST', 'PUT'].includes(method) ? one.body : undefined;
    if (form.startsWith('http')) return viaNode(one, url, body);
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    if (form.includes('fetch')) {
      const response = form === 'undici fetch' ? await undici.fetch(url, init)
        : form === 'fetch' ? await fetch(url, init)
        : form === 'fetch URL' ? await fetch(new URL(url), init)
        : await fetch(new Request(url, init));
      await response.arrayBuffer();
      return response.status + ' ' + response.url;
    }
    const response = form === 'undici 6' ? await undici6.request(url, init)
      : form === 'undici agent' ? await undici.request(url, { ...init, dispatcher })
      : await undici.request(url, init);
    await response.body.dump();
    return response.statusCode;
  };

  for (const one of JSON.parse(process.env.CALLS)) {
    told.push(await make(one).catch(({ name, code, message, cause }) => [name, code, message, cause?.code, cause?.message]));
  }
  await say('told', told);
  await say('dialled', dialled);
  await say('asked', hub.asked);
`;

it('go out byte for byte as without us, whatever they are, by whichever client', async () => {
  const calls = fc.sample(call, { numRuns: CALLS, seed: 20_270_117 });
  await using plain = await startCaptureServer();
  await using tls = await startCaptureServer({ tls: true });
  await using server = await startDevServer({ pushDelayMs: 10 });
  await using client = createClient({ server: server.address, logger: silentLogger });
  await using orders = await startInstance();
  await client.naming.register('orders', { ip: orders.ip, port: orders.port });

  const env = {
    CALLS: JSON.stringify(calls),
    CAPTURE_PORT: String(plain.port),
    CAPTURE_TLS_PORT: String(tls.port),
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_NO_WARNINGS: '1',
    NACOS_SERVER: server.address,
    NACOS_LOG_LEVEL: 'error',
  };
  const run = async (options: HookedAppOptions, flags: readonly string[] = []) => {
    const said = await runHooked(APP, {
      ...options,
      env: { ...env, ...options.env },
      flags: ['--require', DEFAULT_PORTS, ...flags],
    });
    return {
      told: said['told'],
      dialled: said['dialled'],
      asked: said['asked']?.value as readonly string[],
      plain: plain.take(),
      tls: tls.take(),
    };
  };

  const without = await run({ hub: 'off' });
  const preloaded = await run({ hub: 'off' }, ['--require', PRELOAD]);
  const afterCalls = await run({ hub: 'off', env: { CALLED: 'yes' } }, ['--require', PRELOAD]);
  const scripted = await run({ routes: { orders: [orders] } });

  expect(preloaded).toEqual(without);
  expect(afterCalls).toEqual(without);
  expect({ ...scripted, asked: [] }).toEqual(without);
  // The preload was there.
  expect(orders.received).toHaveLength(6);
  // Nearly all calls were sent; some clients refuse user info, or a host.
  expect(without.plain.length + without.tls.length).toBeGreaterThan(CALLS * 0.9);
  expect(without.tls.length).toBeGreaterThan(CALLS * 0.2);
  // The hooks asked about names without a dot, and about those only.
  expect(scripted.asked.length).toBeGreaterThan(CALLS * 0.2);
  expect(scripted.asked.filter((name) => /[.:]|^localhost$/i.test(name))).toEqual([]);
});

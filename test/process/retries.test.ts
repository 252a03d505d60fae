/** What a process with the hooks repeats and what it does not, on real sockets. The app under test only calls by name. */
import { createServer } from 'node:http';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startBreaking } from '../helpers/breaking-server.js';
import { startNode, type Child } from '../helpers/child.js';
import { deadInstance, startInstance } from '../helpers/instance-server.js';

const DIST = path.resolve(import.meta.dirname, '..', '..', 'dist');
const PRELOAD = path.join(DIST, 'entry', 'register.cjs');
const INDEX = path.join(DIST, 'index.js');

/**
 * Reads commands, one a line: how to call, the method, the URL and how often, one call after the other. Says what came of them. `stats`: the
 * counters of a service.
 */
const APP = `
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true });
const ways = {
  fetch: async (method, url) => {
    const body = method === 'POST' || method === 'PUT' ? 'the body' : undefined;
    const response = await fetch(url, { method, body });
    await response.text();
    return response.status;
  },
  http: (method, url) => new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode)).once('error', reject);
    });
    request.once('error', reject);
    request.end(method === 'POST' || method === 'PUT' ? 'the body' : undefined);
  }),
};
async function run(line) {
  const [way, method, url, times] = line.split(' ');
  if (way === 'stats') {
    const { discoveryStats } = await import(process.argv[1]);
    return JSON.stringify(discoveryStats().find(({ service }) => service === method));
  }
  const counts = {};
  for (let at = 0; at < Number(times); at += 1) {
    const result = await ways[way](method, url).catch((error) => error.code ?? error.cause?.code ?? error.message);
    counts[result] = (counts[result] ?? 0) + 1;
  }
  return JSON.stringify(counts);
}
let last = Promise.resolve();
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  last = last.then(() => run(line)).then((said) => console.log('said ' + line + ' ' + said));
});
`;

let server: DevServer;
let client: NacosClient;
let services = 0;

beforeAll(async () => {
  server = await startDevServer({ pushDelayMs: 5 });
  client = createClient({ server: server.address, logger: silentLogger });
});

afterAll(async () => {
  await client.close();
  await server.close();
});

interface Caller extends AsyncDisposable {
  readonly service: string;
  /** How often which status or error code came. */
  call(way: string, method: string, times?: number): Promise<Record<string, number>>;
  stats(): Promise<Record<string, number>>;
}

interface Address {
  readonly ip: string;
  readonly port: number;
}

/** A process that calls a service with these instances; of two the first is chosen first. */
async function aCaller(...instances: Address[]): Promise<Caller> {
  services += 1;
  const service = `retried-${String(services)}`;
  await client.naming.registerBatch(
    service,
    instances.map(({ ip, port }, at) => ({
      ip,
      port,
      weight: instances.length === 2 ? ([10_000, 0.01][at] ?? 1) : 1,
    })),
  );
  const child: Child = startNode(['--require', PRELOAD, '-e', APP, INDEX], {
    env: { NACOS_SERVER: server.address },
  });
  const said: string[] = [];
  const ask = async (line: string): Promise<Record<string, number>> => {
    said.push(line);
    const nth = said.filter((one) => one === line).length;
    child.process.stdin?.write(`${line}\n`);
    const start = `said ${line} `;
    await expect
      .poll(() => child.lines.filter((one) => one.startsWith(start)).length, { timeout: 30_000 })
      .toBe(nth);
    const answer = child.lines.filter((one) => one.startsWith(start)).at(-1) ?? '';
    return JSON.parse(answer.slice(start.length)) as Record<string, number>;
  };
  return {
    service,
    call: (way, method, times = 1) =>
      ask(`${way} ${method} http://${service}/any ${String(times)}`),
    stats: () => ask(`stats ${service}`),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

describe.each(['fetch', 'http'])('by %s', (way) => {
  it.each(['GET', 'DELETE'])(
    'a %s whose connection broke is repeated on another instance',
    async (method) => {
      await using breaking = await startBreaking();
      await using other = await startInstance();
      await using caller = await aCaller(breaking, other);
      expect(await caller.call(way, method)).toEqual({ 200: 1 });
      expect(breaking.received).toEqual([`${method} /any`]);
      expect(other.received).toMatchObject([{ method }]);
    },
  );

  it('a POST of which bytes were sent is never repeated', async () => {
    await using breaking = await startBreaking();
    await using other = await startInstance();
    await using caller = await aCaller(breaking, other);
    const result = await caller.call(way, 'POST');
    expect(Object.values(result)).toEqual([1]);
    expect(result).not.toHaveProperty('200');
    expect([breaking.received, other.received]).toEqual([['POST /any'], []]);
  });

  it('a refused POST goes to another instance', async () => {
    const dead = await deadInstance();
    await using other = await startInstance();
    await using caller = await aCaller(dead, other);
    expect(await caller.call(way, 'POST')).toEqual({ 200: 1 });
    expect(other.received).toMatchObject([{ method: 'POST', body: 'the body' }]);
    expect(await caller.stats()).toMatchObject({ retries: 1, unsent: 1, answered: 1 });
  });

  it('adds at most its share of calls when every instance breaks', async () => {
    await using one = await startBreaking();
    await using two = await startBreaking();
    await using three = await startBreaking();
    await using caller = await aCaller(one, two, three);
    const result = await caller.call(way, 'GET', 200);
    expect(Object.values(result).reduce((sum, count) => sum + count)).toBe(200);
    const sent = [one, two, three].reduce((sum, { received }) => sum + received.length, 0);
    // A fifth of the calls and 10 in each window of 10 s; 600 without a bound.
    expect(sent).toBeGreaterThan(200);
    expect(sent).toBeLessThanOrEqual(200 + 40 + 30);
  });

  it('adds at most that when every instance refuses, once that is known', async () => {
    const dead = await Promise.all(Array.from({ length: 5 }, () => deadInstance()));
    await using caller = await aCaller(...dead);
    expect(await caller.call(way, 'POST', 200)).toEqual({ ECONNREFUSED: 200 });
    const { picks = 0, answered } = await caller.stats();
    expect(answered).toBe(0);
    expect(picks).toBeGreaterThan(200);
    // 1,000 without a bound.
    expect(picks).toBeLessThanOrEqual(200 + 40 + 30 + 5 * 10);
  });

  it('an instance that is there again gets calls again by itself', async () => {
    const dead = await deadInstance();
    await using other = await startInstance();
    await using caller = await aCaller(dead, other);
    expect(await caller.call(way, 'GET', 10)).toEqual({ 200: 10 });
    let answered = 0;
    const back = createServer((_request, response) => {
      answered += 1;
      response.end();
    });
    await new Promise<void>((resolve) => back.listen(dead.port, dead.ip, resolve));
    try {
      await expect
        .poll(() => caller.call(way, 'GET', 10).then(() => answered), { timeout: 30_000 })
        .toBeGreaterThan(10);
    } finally {
      back.close();
      back.closeAllConnections();
    }
  });
});

it('a PUT by http whose connection broke is repeated with its body', async () => {
  await using breaking = await startBreaking();
  await using other = await startInstance();
  await using caller = await aCaller(breaking, other);
  expect(await caller.call('http', 'PUT')).toEqual({ 200: 1 });
  expect(breaking.received).toEqual(['PUT /any']);
  expect(other.received).toMatchObject([{ method: 'PUT', body: 'the body' }]);
});

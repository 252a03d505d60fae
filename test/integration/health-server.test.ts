/** Health answers on a port of their own. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createLogger } from '../../src/logger.js';
import { openHealthServer, type HealthServer } from '../../src/runtime/health-server.js';

let log: string[] = [];
let status: 200 | 503 = 200;
let server: HealthServer;

const open = (port: number): HealthServer =>
  openHealthServer({
    port,
    answer: () => ({ ready: status === 200, status, body: '{"ready":true}\n' }),
    logger: createLogger({ level: 'info', write: (line) => log.push(line.trimEnd()) }),
  });

beforeEach(async () => {
  log = [];
  status = 200;
  server = open(0);
  await server.opened();
});
afterEach(() => server.close());

const ask = (path: string, method = 'GET'): Promise<Response> =>
  fetch(`http://127.0.0.1:${String(server.port)}${path}`, { method });

describe('the health server', () => {
  it('says where it is', () => {
    expect(log).toEqual([`nacos-serving info  health is answered on port ${String(server.port)}`]);
  });

  it.each(['/', '/ready', '/ready?from=probe'])('answers %s with the readiness', async (path) => {
    const ready = await ask(path);
    expect(ready.status).toBe(200);
    expect(ready.headers.get('content-type')).toBe('application/json');
    expect(ready.headers.get('cache-control')).toBe('no-store');
    expect(await ready.text()).toBe('{"ready":true}\n');
    status = 503;
    expect((await ask(path)).status).toBe(503);
  });

  it('answers /live with 200 whatever the readiness is', async () => {
    status = 503;
    const live = await ask('/live');
    expect(live.status).toBe(200);
    expect(await live.json()).toEqual({ live: true });
  });

  it('answers HEAD without a body', async () => {
    const head = await ask('/ready', 'HEAD');
    expect(head.status).toBe(200);
    expect(head.headers.get('content-length')).toBe('15');
    expect(await head.text()).toBe('');
  });

  it('has nothing else', async () => {
    expect((await ask('/metrics')).status).toBe(404);
    const post = await ask('/ready', 'POST');
    expect(post.status).toBe(405);
    expect(post.headers.get('allow')).toBe('GET, HEAD');
  });

  it('on a port that is used is one error line, and nothing more', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const { port } = other.address() as AddressInfo;
    log = [];
    await using second = open(port);
    await second.opened();
    expect(second.port).toBeUndefined();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(
      new RegExp(
        `^nacos-serving error health\\.port: no health answers on port ${String(port)}: .*EADDRINUSE.*; the app goes on$`,
      ),
    );
    other.close();
  });
});

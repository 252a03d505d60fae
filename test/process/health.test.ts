/**
 * What a probe sees of an app that knows nothing of us: on a path of its own server, and on a port of its own.
 */
import { createServer, type AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startDevServer } from '../../src/dev-server/index.js';
import { aControlScene, type ControlScene } from './control-scene.js';

let scene: ControlScene;
beforeEach(async () => {
  scene = await aControlScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

interface Probed {
  readonly status: number;
  readonly body: Body;
}
interface Body {
  readonly ready?: boolean;
  readonly connection?: string;
  readonly registrations?: readonly { readonly state: string; readonly enabled: boolean }[];
}

async function probe(port: number, path = '/healthz'): Promise<Probed> {
  const response = await get(port, path);
  return { status: response.status, body: JSON.parse(await response.text()) as Body };
}

/** Without a kept connection, as probes do it. */
function get(port: number, path: string, method = 'GET'): Promise<Response> {
  const url = `http://127.0.0.1:${String(port)}${path}`;
  return fetch(url, { method, headers: { connection: 'close' } });
}

const ON_PATH = { NACOS_HEALTH_PATH: '/healthz' };

describe('the health path', () => {
  it('is answered on the registered server, and on no other one', async () => {
    const { child, port } = await scene.app({ env: ON_PATH, modes: ['metrics'] });
    await expect.poll(async () => (await probe(port)).status).toBe(200);
    const { body } = await probe(port);
    expect(body).toMatchObject({
      ready: true,
      connection: 'ready',
      registrations: [{ service: scene.service, state: 'registered', enabled: true }],
    });
    expect(await (await get(port, '/healthz', 'POST')).text()).toBe('app POST /healthz');
    expect(await (await get(port, '/')).text()).toBe('app GET /');
    const [, metrics] = await child.line(/^metrics on (\d+)$/);
    expect(await (await get(Number(metrics), '/healthz')).text()).toBe('metrics');
  });

  it('puts something on the server only when it is asked for', async () => {
    const [plain, asked] = [await scene.app(), await scene.app({ env: ON_PATH })];
    await expect.poll(async () => (await probe(asked.port)).status).toBe(200);
    for (const { child } of [plain, asked]) child.process.stdin?.write('look\n');
    expect((await plain.child.line(/^own emit: (\w+)$/))[1]).toBe('false');
    expect((await asked.child.line(/^own emit: (\w+)$/))[1]).toBe('true');
  });

  it('is 503 while `down` holds, and 200 after `up`', async () => {
    const { child, port } = await scene.app({ env: ON_PATH });
    const pid = ['--pid', String(child.pid)];
    expect(await scene.cli('down', ...pid)).toMatchObject({ code: 0 });
    expect(await probe(port)).toMatchObject({ status: 503, body: { ready: false } });
    expect(await scene.cli('up', ...pid)).toMatchObject({ code: 0 });
    expect(await probe(port)).toMatchObject({ status: 200, body: { ready: true } });
  });

  it('is 503 before the app is ready', async () => {
    const env = { ...ON_PATH, NACOS_READINESS_DELAY: '3600' };
    const { port } = await scene.app({ env, until: /^listening/ });
    await expect.poll(async () => (await get(port, '/healthz')).status).toBe(503);
    await expect
      .poll(async () => (await probe(port)).body)
      .toMatchObject({ ready: false, registrations: [{ state: 'waiting', ready: false }] });
  });

  it('is 503 from the signal on, while the app still answers', async () => {
    const env = { ...ON_PATH, NACOS_QUIET_TIME: '100', NACOS_SHUTDOWN_TIMEOUT: '200' };
    const { child, port } = await scene.app({ env });
    await expect.poll(async () => (await probe(port)).status).toBe(200);
    child.kill('SIGTERM');
    await expect.poll(async () => (await probe(port)).status).toBe(503);
    expect(await (await get(port, '/')).text()).toBe('app GET /');
    expect((await probe(port)).status).toBe(503);
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('is 503 from server.close() on, while the server still answers', async () => {
    const env = { ...ON_PATH, NACOS_QUIET_TIME: '100', NACOS_SHUTDOWN_TIMEOUT: '200' };
    const { child, port } = await scene.app({ env });
    await expect.poll(async () => (await probe(port)).status).toBe(200);
    child.process.stdin?.write('close\n');
    await expect.poll(async () => (await probe(port)).status).toBe(503);
    expect(await (await get(port, '/')).text()).toBe('app GET /');
  });

  it('stays 200 through an outage of Nacos, and through its return without any memory', async () => {
    const first = await startDevServer({ port: 0 });
    const env = { ...ON_PATH, NACOS_SERVER: first.address };
    const { child, port } = await scene.app({ env });
    await expect.poll(async () => (await probe(port)).status).toBe(200);
    const statuses = new Set<number>();
    const look = async (): Promise<Body> => {
      const { status, body } = await probe(port);
      statuses.add(status);
      return body;
    };
    await first.close();
    await expect.poll(async () => (await look()).connection).not.toBe('ready');
    const second = await startDevServer({ port: first.port });
    await expect.poll(async () => (await look()).connection, { timeout: 20_000 }).toBe('ready');
    await expect
      .poll(async () => (await look()).registrations?.[0]?.state, { timeout: 20_000 })
      .toBe('registered');
    expect([...statuses]).toEqual([200]);
    child.kill('SIGKILL');
    await second.close();
  });
});

describe('the health port', () => {
  it('answers readiness and life, and is registered nowhere', async () => {
    const { child, port } = await scene.app({ env: { NACOS_HEALTH_PORT: '0' } });
    const [, text] = await child.line(/ health is answered on port (\d+)$/);
    const health = Number(text);
    await expect.poll(async () => (await probe(health, '/ready')).status).toBe(200);
    const { instances } = await scene.client.naming.query(scene.service);
    expect(instances.map((row) => row.port)).toEqual([port]);
    await scene.cli('down', '--pid', String(child.pid));
    expect((await probe(health, '/')).status).toBe(503);
    expect((await probe(health, '/live')).status).toBe(200);
  });

  it('keeps no app alive that has closed its server', async () => {
    const { child } = await scene.app({ env: { NACOS_HEALTH_PORT: '0' }, modes: ['close'] });
    const [, text] = await child.line(/ health is answered on port (\d+)$/);
    // This one keeps its connection.
    await (await fetch(`http://127.0.0.1:${String(text)}/live`)).text();
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it('that is used is one error line, and the app is registered all the same', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, resolve));
    const taken = String((other.address() as AddressInfo).port);
    const { child } = await scene.app({ env: { NACOS_HEALTH_PORT: taken } });
    await child.line(/error health\.port: .*EADDRINUSE/);
    expect(child.lines.filter((line) => / error /.test(line))).toHaveLength(1);
    other.close();
  });
});

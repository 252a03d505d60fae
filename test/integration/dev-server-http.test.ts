import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import { clientsOf, register } from './dev-server-fixture.js';

let server: DevServer;
const clients = clientsOf(() => server);

beforeEach(async () => {
  server = await startDevServer({ pushDelayMs: 5, configDelayMs: 5 });
});

afterEach(async () => {
  await clients.closeAll();
  await server.close();
});

describe('services over HTTP', () => {
  beforeEach(async () => {
    await register(await clients.registered(), 80);
  });

  it('v1: lists a bare ServiceInfo whose name has its group', async () => {
    const answer = await get('/nacos/v1/ns/instance/list?serviceName=orders');
    expect(answer.json).toMatchObject({
      name: 'DEFAULT_GROUP@@orders',
      groupName: 'DEFAULT_GROUP',
      hosts: [{ ip: '10.0.0.1', port: 80, serviceName: 'DEFAULT_GROUP@@orders' }],
      allIPs: false,
    });
    const grouped = await get('/nacos/v1/ns/instance/list?serviceName=DEFAULT_GROUP@@orders');
    expect(grouped.json).toMatchObject({ hosts: [{ port: 80 }] });
    const other = await get('/nacos/v1/ns/instance/list?serviceName=orders&namespaceId=dev');
    expect(other.json).toMatchObject({ hosts: [] });
  });

  it('v3: lists the instances as a Result', async () => {
    const answer = await get('/nacos/v3/client/ns/instance/list?serviceName=orders');
    expect(answer.json).toMatchObject({ code: 0, message: 'success', data: [{ port: 80 }] });
    const other = await get('/nacos/v3/client/ns/instance/list?serviceName=orders&groupName=G2');
    expect(other.json).toEqual({ code: 0, message: 'success', data: [] });
  });

  it('lists the names of services', async () => {
    const answer = await get('/nacos/v1/ns/service/list?pageNo=1&pageSize=10');
    expect(answer.json).toEqual({ count: 1, doms: ['orders'] });
  });

  it.each([
    ['/nacos/v1/ns/instance/list', 400],
    ['/nacos/v1/ns/instance/list?serviceName=a%20b', 400],
    ['/nacos/v3/client/ns/instance/list', 400],
    ['/nacos/v3/client/ns/instance/list?serviceName=a%20b', 400],
    ['/nacos/v1/ns/service/list', 400],
  ])('refuses %s', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });
});

describe('what a console shows of configs', () => {
  const KEY = { dataId: 'app.yaml', group: 'DEFAULT_GROUP', tenant: '' };

  beforeEach(async () => {
    const client = await clients.registered('config');
    for (const content of ['a: 1', 'a: 2']) {
      await client.unary('ConfigPublishRequest', {
        ...KEY,
        content,
        additionMap: { type: 'yaml' },
      });
    }
    await client.unary('ConfigPublishRequest', { ...KEY, dataId: 'other', content: 'x' });
  });

  it('lists what matches, in the form of each API', async () => {
    const v3 = await get('/nacos/v3/admin/cs/config/list?dataId=app*&pageNo=1&pageSize=1');
    expect(v3.json).toMatchObject({
      code: 0,
      data: { totalCount: 1, pageItems: [{ dataId: 'app.yaml', groupName: 'DEFAULT_GROUP' }] },
    });
    const v1 = await get('/nacos/v1/cs/configs?search=blur&dataId=&group=&pageNo=2&pageSize=1');
    expect(v1.json).toMatchObject({
      totalCount: 2,
      pagesAvailable: 2,
      pageItems: [{ dataId: 'other', group: 'DEFAULT_GROUP', tenant: '', md5: null, content: 'x' }],
    });
  });

  it('lists what was done, newest first, with what there was before', async () => {
    const query = 'dataId=app.yaml&groupName=DEFAULT_GROUP&namespaceId=public';
    const list = await get(`/nacos/v3/admin/cs/history/list?${query}`);
    expect(list.json).toMatchObject({
      data: {
        totalCount: 2,
        pageItems: [
          { id: '2', opType: 'U' },
          { id: '1', opType: 'I' },
        ],
      },
    });
    const entry = await get(`/nacos/v3/admin/cs/history?${query}&nid=2`);
    expect(entry.json).toMatchObject({ data: { content: 'a: 1' } });
    expect((await get(`/nacos/v3/admin/cs/history?${query}&nid=99`)).status).toBe(404);
    const old = await get(
      '/nacos/v1/cs/history?search=accurate&dataId=app.yaml&group=DEFAULT_GROUP&tenant=',
    );
    expect(old.json).toMatchObject({ totalCount: 2, pageItems: [{ opType: 'U         ' }, {}] });
  });
});

describe('configs over HTTP', () => {
  beforeEach(async () => {
    const writer = await clients.registered('config');
    await writer.unary('ConfigPublishRequest', {
      dataId: 'app.yaml',
      group: 'DEFAULT_GROUP',
      tenant: '',
      content: 'größe: 1',
      additionMap: { type: 'yaml' },
    });
    await vi.waitFor(async () => {
      const path = '/nacos/v1/cs/configs?dataId=app.yaml&group=DEFAULT_GROUP';
      expect((await get(path)).status).toBe(200);
    });
  });

  it('v1: gives the raw content, with type and md5 in headers', async () => {
    const path = '/nacos/v1/cs/configs?dataId=app.yaml&group=DEFAULT_GROUP&tenant=public';
    const answer = await get(path);
    expect(answer.text).toBe('größe: 1');
    expect(answer.headers.get('config-type')).toBe('yaml');
    expect(answer.headers.get('content-md5')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('v3: gives a Result with the query answer', async () => {
    const answer = await get(
      '/nacos/v3/client/cs/config?dataId=app.yaml&groupName=DEFAULT_GROUP&namespaceId=public',
    );
    expect(answer.json).toMatchObject({
      code: 0,
      data: { resultCode: 200, content: 'größe: 1', contentType: 'yaml' },
    });
  });

  it('says that a config is not there: v1 by 404, v3 by code 20004', async () => {
    const raw = await get('/nacos/v1/cs/configs?dataId=none&group=DEFAULT_GROUP');
    expect([raw.status, raw.text]).toEqual([404, 'config data not exist']);
    const wrapped = await get('/nacos/v3/client/cs/config?dataId=none&groupName=DEFAULT_GROUP');
    expect([wrapped.status, wrapped.json]).toMatchObject([200, { code: 20_004, data: null }]);
  });

  it.each([
    '/nacos/v1/cs/configs?dataId=app.yaml',
    '/nacos/v1/cs/configs?dataId=a%2Fb&group=g',
    '/nacos/v3/client/cs/config?dataId=app.yaml',
    '/nacos/v3/client/cs/config?dataId=a%2Fb&groupName=g',
  ])('refuses %s', async (path) => {
    expect((await get(path)).status).toBe(400);
  });
});

describe('health over HTTP', () => {
  it.each([
    ['/nacos/v1/console/health/liveness', 'OK'],
    ['/nacos/v1/console/health/readiness', 'OK'],
  ])('%s says %s', async (path, body) => {
    const answer = await get(path);
    expect([answer.status, answer.text]).toEqual([200, body]);
  });

  it.each([
    '/nacos/v2/console/health/liveness',
    '/nacos/v2/console/health/readiness',
    '/nacos/v3/admin/core/state/liveness',
    '/nacos/v3/admin/core/state/readiness',
  ])('%s says ok in a Result', async (path) => {
    expect((await get(path)).json).toEqual({ code: 0, message: 'success', data: 'ok' });
  });

  it('is alive and not ready while it is starting', async () => {
    server.faults.starting(true);
    expect((await get('/nacos/v1/console/health/liveness')).status).toBe(200);
    expect((await get('/nacos/v1/console/health/readiness')).status).toBe(500);
    expect((await get('/nacos/v3/admin/core/state/readiness')).json).toMatchObject({
      code: 30_000,
    });
  });

  it('tells its state and its namespaces, those of services and those of configs', async () => {
    const client = await clients.registered();
    await client.unary('ConfigPublishRequest', {
      dataId: 'a',
      group: 'g',
      tenant: 'dev',
      content: 'x',
      additionMap: {},
    });
    const state = await get('/nacos/v3/admin/core/state');
    expect(state.json).toMatchObject({
      code: 0,
      data: { startup_mode: 'standalone', server_port: String(server.port) },
    });
    const listed = await get('/nacos/v3/admin/core/namespace/list');
    expect(listed.json).toMatchObject({
      data: [
        { namespace: 'public', configCount: 0, type: 0 },
        { namespace: 'dev', configCount: 1, type: 1 },
      ],
    });
    const old = await get('/nacos/v1/console/namespaces');
    expect(old.json).toMatchObject({
      code: 200,
      data: [{ namespace: '', namespaceShowName: 'public' }, { namespace: 'dev' }],
    });
  });
});

describe('anything else over HTTP', () => {
  it('says on / what this is, which address to use and what to look at', async () => {
    const { status, text, headers } = await get('/');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toContain(`NACOS_SERVER=${server.address}`);
    expect(text).toContain('/nacos/v1/ns/instance/list');
  });

  it('answers an unknown path with 404 and JSON, a wrong method with 405', async () => {
    expect(await get('/nacos/v1/nope?x=1')).toMatchObject({
      status: 404,
      json: { status: 404, error: 'Not Found', message: 'No endpoint GET /nacos/v1/nope.' },
    });
    const posted = await fetch(`http://${server.address}/nacos/v1/cs/configs`, { method: 'POST' });
    expect(posted.status).toBe(405);
  });
});

async function get(path: string) {
  const response = await fetch(`http://${server.address}${path}`);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

/** `list`, `watch`, `why` and `call` as programs, against our dev server and real ones. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aLookupScene, type LookupScene } from './lookup-scene.js';

let scene: LookupScene;
beforeEach(async () => {
  scene = await aLookupScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

/** A service of this name with one instance that answers and one that nobody may call. */
async function registered(name: string, group = 'DEFAULT_GROUP'): Promise<number> {
  const port = await scene.answering((request, response) => {
    response.end(`${request.method ?? ''} ${request.url ?? ''} for ${request.headers.host ?? ''}`);
  });
  await scene.client.naming.registerBatch({ name, group }, [
    { ip: '127.0.0.1', port },
    { ip: '127.0.0.2', port, weight: 0 },
  ]);
  return port;
}

describe('list', () => {
  it('shows the services of a group with their healthy instances, page by page', async () => {
    const group = scene.registry.uniqueName('list');
    await registered('orders', group);
    await registered('users', group);

    const { code, stdout } = await scene.cli(['list', '--group', group]);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual([
      'orders  2 of 2 healthy',
      'users   2 of 2 healthy',
    ]);
    const pages = await Promise.all(
      ['1', '2'].map((page) =>
        scene.cli(['list', '--group', group, '--page-size=1', '--page', page, '--json']),
      ),
    );
    const told = pages.map(
      ({ stdout: json }) => JSON.parse(json) as { services: { name: string }[] },
    );
    expect(told).toMatchObject([
      { namespace: 'public', group, count: 2, page: 1, pages: 2 },
      { namespace: 'public', group, count: 2, page: 2, pages: 2 },
    ]);
    const names = told.flatMap(({ services }) => services.map(({ name }) => name));
    expect(names.sort()).toEqual(['orders', 'users']);
  });
});

describe('watch', () => {
  it('shows the list, then each change, and ends by Ctrl-C with exit code 0', async () => {
    const name = scene.registry.uniqueName('watched');
    const port = await registered(name);
    const child = scene.start(['watch', name]);
    await child.line(new RegExp(`^${name}, group DEFAULT_GROUP, .*: 2 instances$`));
    await child.line(new RegExp(`^  127\\.0\\.0\\.1:${String(port)} healthy, weight 1, cluster `));

    await scene.client.naming.deregister(name, { ip: '127.0.0.2', port });
    await child.line(new RegExp(`^\\d\\d:\\d\\d:\\d\\d - 127\\.0\\.0\\.2:${String(port)} `));
    await scene.client.naming.register(name, { ip: '127.0.0.3', port, weight: 2 });
    await child.line(new RegExp(` \\+ 127\\.0\\.0\\.3:${String(port)} healthy, weight 2`));
    child.kill('SIGINT');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });

  it('prints one JSON object a line, also of a service that comes later', async () => {
    const name = scene.registry.uniqueName('later');
    const child = scene.start(['watch', name, '--json']);
    const [list] = await child.line(/"event":"list"/);
    expect(list).toBeDefined();
    expect(JSON.parse(child.lines[0] ?? '')).toMatchObject({ service: name, instances: [] });
    await scene.client.naming.register(name, { ip: '127.0.0.1', port: 80 });
    await child.line(/"event":"change"/);
    expect(JSON.parse(child.lines[1] ?? '')).toMatchObject({
      event: 'change',
      added: [{ ip: '127.0.0.1', port: 80 }],
      removed: [],
      size: 1,
    });
    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: 0, signal: null });
  });
});

describe('why', () => {
  it('says of each instance whether a call would go there', async () => {
    const name = scene.registry.uniqueName('Why');
    const port = String(await registered(name));
    const { code, stdout } = await scene.cli(['why', name.toLowerCase()]);
    expect(code).toBe(0);
    const [head, ...rest] = stdout.trimEnd().split('\n');
    expect(head).toContain(
      `${name.toLowerCase()} is ${name} of group DEFAULT_GROUP: 1 of 2 may be called`,
    );
    expect(rest).toEqual([
      expect.stringMatching(`^\\+ 127\\.0\\.0\\.1:${port} .*: 100 % of the calls$`),
      expect.stringMatching(`^- 127\\.0\\.0\\.2:${port} .*: its weight takes no traffic$`),
    ]);
  });

  it('tells where a name that is unknown here may be found', async () => {
    const group = scene.registry.uniqueName('elsewhere');
    const name = scene.registry.uniqueName('Lost');
    await registered(name);
    const typo = name.replace('Lost', 'Lots');
    expect(await scene.cli(['why', typo])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`did you mean ${name}?`) as string,
    });
    expect(await scene.cli(['why', name, '--group', group])).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        'there is one in group DEFAULT_GROUP: --group DEFAULT_GROUP',
      ) as string,
    });
  });
});

describe('call', () => {
  it('calls an instance by name and says which one answered', async () => {
    const name = scene.registry.uniqueName('called');
    const port = await registered(name);
    const { code, stdout, stderr } = await scene.cli(['call', `${name}/hello?x=1`]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `GET /hello?x=1 for ${name}` });
    expect(stderr).toMatch(
      new RegExp(
        `^nacos-serving: 200 from 127\\.0\\.0\\.1:${String(port)} of ${name} in \\d+ ms\\n$`,
      ),
    );
  });

  it('registers nothing', async () => {
    const name = scene.registry.uniqueName('quiet');
    const port = await registered(name);
    await scene.cli(['call', `${name}/`]);
    const { instances } = await scene.client.naming.query(name);
    expect(instances.map((one) => one.ip)).toEqual(['127.0.0.1', '127.0.0.2']);
    expect(instances[0]?.port).toBe(port);
  });
});

/** What `list`, `watch`, `why` and `call` say when something is wrong, and the finer points of `call`. Against our dev server. */
import { createServer } from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { tempFolder } from '../unit/house/temp-folder.js';
import { aLookupScene, type LookupScene } from './lookup-scene.js';

let scene: LookupScene;
beforeEach(async () => {
  scene = await aLookupScene();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

/** Says what it was sent; `/fails` is a 503. */
async function echo(name = 'orders'): Promise<number> {
  const port = await scene.answering((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      response.statusCode = request.url === '/fails' ? 503 : 200;
      response.setHeader('x-echo', 'yes');
      const { host, 'content-type': type, 'x-user': user } = request.headers;
      const body = Buffer.concat(chunks).toString();
      response.end(JSON.stringify({ method: request.method, host, type, user, body }));
    });
  });
  await scene.client.naming.register(name, { ip: '127.0.0.1', port });
  return port;
}

describe.each(['list', 'watch orders', 'why orders', 'call orders/x'])('%s', (line) => {
  const words = line.split(' ');

  it('says in one line that Nacos refuses the connection', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(portOf(server)));
    });
    await new Promise((resolve) => server.close(resolve));
    const address = `127.0.0.1:${String(port - 1000)}`;
    const ran = await scene.cli([...words, '--nacos-server', address]);
    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`^nacos-serving: Nacos at ${address} cannot be reached: .*ECONNREFUSED.*\\n$`),
      ) as string,
    });
  });

  it('does not wait longer than --timeout for a Nacos that says nothing', async () => {
    // It accepts, and never answers.
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve(portOf(server)));
    });
    const address = `127.0.0.1:${String(port - 1000)}`;
    const ran = await scene.cli([...words, '--nacos-server', address, '--timeout', '0.3']);
    server.close();
    expect(ran).toEqual({
      code: 1,
      stdout: '',
      stderr: `nacos-serving: Nacos at ${address} cannot be reached in time\n`,
    });
  });
});

describe('call', () => {
  it('sends method, headers and data as curl does', async () => {
    await echo();
    const posted = await scene.cli([
      'call',
      'orders/items',
      '-d',
      'a=1',
      '--data=b=2',
      '-H',
      'X-User: ann',
    ]);
    expect(JSON.parse(posted.stdout)).toEqual({
      method: 'POST',
      host: 'orders',
      type: 'application/x-www-form-urlencoded',
      user: 'ann',
      body: 'a=1&b=2',
    });
    const put = await scene.cli(
      ['call', 'nacos://orders/items', '-X', 'put', '-d', '@-', '-H', 'content-type: text/plain'],
      { input: 'from stdin' },
    );
    expect(JSON.parse(put.stdout)).toMatchObject({
      method: 'PUT',
      type: 'text/plain',
      body: 'from stdin',
    });
    using folder = tempFolder({ 'item.json': '{"a":1}' });
    const file = await scene.cli(['call', 'orders/', '-d', '@item.json'], { cwd: folder.path });
    expect(JSON.parse(file.stdout)).toMatchObject({ body: '{"a":1}' });
  });

  it('shows status and headers with -i, and ends with 22 from status 400 on', async () => {
    await echo();
    const { code, stdout } = await scene.cli(['call', 'orders/fails', '-i']);
    expect(code).toBe(22);
    expect(stdout).toMatch(
      /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*x-echo: yes\r\n[^]*\r\n\r\n\{/,
    );
  });

  it('goes to another instance when one does not listen, and says so', async () => {
    const port = await echo();
    await scene.client.naming.registerBatch('orders', [
      { ip: '127.0.0.1', port },
      { ip: '127.0.0.1', port: 1, weight: 10_000 },
    ]);
    const { code, stderr } = await scene.cli(['call', 'orders/x']);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      new RegExp(
        `^nacos-serving: 200 from 127\\.0\\.0\\.1:${String(port)} .*, after 127\\.0\\.0\\.1:1 \\(ECONNREFUSED\\)\\n$`,
      ),
    );
  });

  it('ends with 1 when no instance can be reached, and when there is none', async () => {
    await scene.client.naming.register('dead', { ip: '127.0.0.1', port: 1 });
    expect(await scene.cli(['call', 'dead/x'])).toEqual({
      code: 1,
      stdout: '',
      stderr: 'nacos-serving: dead cannot be called: tried 127.0.0.1:1 (ECONNREFUSED)\n',
    });
    expect(await scene.cli(['call', 'nobody/x'])).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'nacos-serving: there is no service nobody in group DEFAULT_GROUP; try: nacos-serving why nobody\n',
    });
  });

  it('gives up after --max-time', async () => {
    const port = await scene.answering(() => undefined);
    await scene.client.naming.register('slow', { ip: '127.0.0.1', port });
    const { code, stderr } = await scene.cli(['call', 'slow/x', '-m', '0.2']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^nacos-serving: slow not answered in time: tried 127\.0\.0\.1:\d+ \(/);
  });

  it('takes options from variables and the file, as an app does', async () => {
    const port = await echo('grouped');
    await scene.client.naming.register(
      { name: 'filed', group: 'OTHER' },
      { ip: '127.0.0.1', port },
    );
    using folder = tempFolder({ 'nacos.yaml': 'service:\n  group: OTHER\n' });
    const ran = await scene.cli(['call', 'filed/x'], { cwd: folder.path });
    expect(ran.code).toBe(0);
  });
});

describe('what others wrote into the registry', () => {
  it('does not command the terminal', async () => {
    const port = await echo();
    await scene.client.naming.register('orders', {
      ip: '127.0.0.1',
      port,
      metadata: { label: 'red\u001b[31m' },
    });
    const { stdout } = await scene.cli(['why', 'orders']);
    expect(stdout).toContain('label=red?[31m');
  });
});

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen');
  return address.port;
}

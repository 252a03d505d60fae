/** `nacos-serving doctor` as a program, against our dev server and real ones: each check, well and not. */
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { tempFolder } from '../unit/house/temp-folder.js';
import { aLookupScene, type LookupScene } from './lookup-scene.js';

interface Finding {
  readonly check: string;
  readonly verdict: string;
  readonly found: string;
  readonly advice?: string;
}

let scene: LookupScene;
const servers: Server[] = [];
beforeEach(async () => {
  scene = await aLookupScene();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await scene[Symbol.asyncDispose]();
});

/** What it finds, by check, where no option file gives anything. */
async function examine(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | null; findings: Readonly<Record<string, Finding>> }> {
  using folder = tempFolder({});
  const ran = await scene.cli(['doctor', '--json', ...words], { env, cwd: folder.path });
  expect(ran.stderr).toBe('');
  const list = JSON.parse(ran.stdout) as readonly Finding[];
  return { code: ran.code, findings: Object.fromEntries(list.map((each) => [each.check, each])) };
}

/** A port on which something listens that never says a word. */
async function deafPort(): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port; // it listens on a port
}

describe('doctor', () => {
  it('finds nothing wrong with a service that is registered and answers, and proves the listener', async () => {
    const name = scene.registry.uniqueName('well');
    const port = await scene.answering((_request, response) => response.end());
    await scene.client.naming.register(name, { ip: '127.0.0.1', port });
    const words = ['--service-name', name, '--service-ip', '127.0.0.1', '--round-trip'];
    const { code, findings } = await examine(words);
    expect(Object.values(findings).filter(({ verdict }) => verdict !== 'ok')).toEqual([]);
    expect(code).toBe(0);
    expect(Object.keys(findings)).toEqual([
      ...['options', 'address', 'http-port', 'clock', 'grpc-port', 'connection', 'login'],
      ...['name', 'own-address', 'listener'],
    ]);
    expect(findings['own-address']?.found).toBe(
      `127.0.0.1:${String(port)} is registered, and open from here`,
    );
    expect(findings['listener']?.found).toMatch(/^was told \d+ ms after a config was published$/);
  });

  it('says of a registered address that nothing answers there', async () => {
    const name = scene.registry.uniqueName('deaf');
    await scene.client.naming.register(name, { ip: '127.0.0.1', port: 1 });
    const { code, findings } = await examine([
      ...['--service-name', name, '--service-ip', '127.0.0.1', '--service-port', '1'],
    ]);
    expect(code).toBe(1);
    expect(findings['own-address']).toMatchObject({
      verdict: 'fail',
      found: '127.0.0.1:1 is registered, but refused (ECONNREFUSED): nothing listens there',
      advice: expect.stringContaining('--show-detection') as string,
    });
  });

  it('tells a similar name when nobody is registered under this one', async () => {
    const name = scene.registry.uniqueName('orders-service');
    await scene.client.naming.register(name, { ip: '127.0.0.1', port: 1 });
    await vi.waitFor(async () => {
      const { findings } = await examine(['--service-name', name.replace('orders', 'ordres')]);
      expect(findings['name']).toMatchObject({ verdict: 'warn', advice: `did you mean ${name}?` });
    }, 10_000);
  });

  it('says that there is no such namespace', async () => {
    const namespace = scene.registry.uniqueName('nowhere');
    const { code, findings } = await examine(['--namespace', namespace]);
    expect(findings['namespace']).toMatchObject({
      verdict: 'fail',
      found: `there is no namespace with the id ${namespace}`,
    });
    expect(code).toBe(1);
  });

  it('goes through servers: a name that nobody knows, a closed port, one that is not Nacos', async () => {
    const deaf = await deafPort();
    const { code, findings } = await examine([
      ...['--timeout', '0.5', '--nacos-server', `127.0.0.1:1?grpcPort=${String(deaf)}`],
    ]);
    expect(code).toBe(1);
    expect(findings).toMatchObject({
      'http-port': { verdict: 'warn' },
      'grpc-port': { verdict: 'ok' },
      connection: {
        verdict: 'fail',
        advice: expect.stringContaining('nobody there speaks gRPC as Nacos does') as string,
      },
    });
    const closed = await examine(['--nacos-server', '127.0.0.1:1']);
    expect(closed.findings).toMatchObject({
      'grpc-port': { verdict: 'fail', found: expect.stringContaining('ECONNREFUSED') as string },
      connection: { verdict: 'fail', advice: 'see to the ports first' },
    });
    const unnamed = await examine(['--nacos-server', 'nacos.invalid']);
    expect(unnamed.findings).toMatchObject({
      address: { verdict: 'fail', found: 'nacos.invalid cannot be resolved: ENOTFOUND' },
    });
  });

  it('is read by people too: a mark, the finding, and what to do below it', async () => {
    using folder = tempFolder({});
    const ran = await scene.cli(['doctor', '--nacos-server', '127.0.0.1:1'], { cwd: folder.path });
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toMatch(
      /^ok {3}options {5}valid; \d given .*\nok {3}address {5}127\.0\.0\.1 is an address\nwarn http-port .*\n {17}-> .*\nFAIL grpc-port {3}127\.0\.0\.1:1001: refused .*\n {17}-> .*\nFAIL connection .*\n {17}-> see to the ports first\n2 failed, 1 to look at\n$/,
    );
  });

  it('takes wrong options for what they are: exit code 2, and nothing is asked', async () => {
    expect(await scene.cli(['doctor', '--service-port', '99999'])).toMatchObject({
      code: 2,
      stdout: '',
    });
    expect(await scene.cli(['doctor', 'orders'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'nacos-serving: doctor takes flags only, but got orders\n',
    });
  });
});

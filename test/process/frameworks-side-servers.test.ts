/**
 * Servers next to the service of a process: which one is registered, and that the others are not, whatever the order in which
 * they come up. Real registry, package from dist.
 */
import { createServer } from 'node:net';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { aLaunchingScene, APPS, portOf, type LaunchingScene } from './launching-scene.js';

let scene: LaunchingScene;
beforeAll(async () => {
  scene = await aLaunchingScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const app = (name: string): string => path.join(APPS, 'launch-side-servers', name);

/** Ports that nobody uses now. */
async function freePorts(count: number): Promise<readonly string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  const ports = servers.map((server) => Object(server.address()) as { readonly port: number });
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
  );
  return ports.map(({ port }) => String(port));
}

describe('the service is registered, and not', () => {
  it.each([
    ['a server for metrics before it', 'metrics-first.cjs', /^metrics on/],
    ['an exporter of metrics after it', 'metrics-after.cjs', /^metrics on/],
    ['a gRPC server before it', 'grpc.cjs', /^grpc on/],
    ['a port for WebSockets before it', 'websocket.cjs', /^sockets on/],
    ['a unix socket and plain TCP', 'other-kinds.cjs', /^listening on/],
  ])('%s', async (_, file, other) => {
    const name = scene.uniqueName();
    await using child = scene.cli(name, [app(file)]);
    const port = await portOf(child);
    await child.line(other);
    await child.line(/ registered /);
    expect(await scene.ports(name)).toEqual([port]);
    child.kill('SIGTERM');
    await child.exit();
    const registered = child.lines.filter((line) => line.includes(' registered '));
    expect(registered).toEqual([expect.stringContaining(`:${String(port)} `)]);
  });

  it('the inspector', async () => {
    const name = scene.uniqueName();
    const child = scene.cli(name, [
      '--',
      process.execPath,
      '--inspect=0',
      path.join(APPS, 'frameworks', 'http.cjs'),
    ]);
    await child.line(/^Debugger listening on/);
    const port = await portOf(child);
    await scene.listed(name, [port]);
  });
});

describe('--service-port', () => {
  it('chooses among servers that look alike, whichever is first', async () => {
    const [first = '', second = ''] = await freePorts(2);
    for (const chosen of [first, second]) {
      const name = scene.uniqueName();
      await using child = scene.cli(name, [
        '--service-port',
        chosen,
        app('two-ports.cjs'),
        first,
        second,
      ]);
      await child.line(/ registered /);
      expect(await scene.ports(name)).toEqual([Number(chosen)]);
    }
  });
});

it('a process with nothing but a gRPC server is not registered', async () => {
  const name = scene.uniqueName();
  const child = scene.cli(name, [app('grpc.cjs'), 'alone']);
  await child.line(/^grpc on/);
  child.kill('SIGTERM');
  expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.lines).toEqual([expect.stringMatching(/^grpc on/)]);
});

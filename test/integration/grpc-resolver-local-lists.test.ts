/** Channels of the real grpc-js to `nacos:///service` while Nacos is away, and with lists of an operator or of the options. */
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { startDevServer, type DevServer } from '../../src/dev-server/index.js';
import type { DiscoveryOptions } from '../../src/discovery/discovery.js';
import { createClient, createDiscovery } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { systemClock } from '../../src/util/clock.js';
import { tempFolder } from '../unit/house/temp-folder.js';
import { grpcScene, type GrpcScene } from './grpc-fixture.js';

const WAIT = { timeout: 10_000, interval: 20 };
/** Looks at folders often. */
const hasty = {
  ...systemClock,
  every: (_ms: number, run: () => void) => systemClock.every(20, run),
};

let dev: DevServer;
let scene: GrpcScene;

beforeEach(async () => {
  dev = await startDevServer({ port: 0, pushDelayMs: 20 });
  scene = grpcScene();
});
afterEach(async () => {
  scene[Symbol.dispose]();
  await dev.close();
});

/** What one process has of us; registers what it is told to. */
function aProcess(options: Partial<DiscoveryOptions> = {}) {
  const nacos = createClient({ server: dev.address, logger: silentLogger });
  const discovery = createDiscovery({
    naming: nacos.naming,
    logger: silentLogger,
    clock: hasty,
    ...options,
  });
  return {
    discovery,
    register: (service: string, port: number) =>
      nacos.naming.register(service, { ip: '127.0.0.1', port }),
    async [Symbol.asyncDispose]() {
      await discovery.close();
      await nacos.close();
    },
  };
}

function listOf(port: number): string {
  return JSON.stringify({ hosts: [{ ip: '127.0.0.1', port }] });
}

describe('a channel that is made while Nacos is away', () => {
  it('calls what an earlier process was told, and what Nacos lists as soon as it is back', async () => {
    using folder = tempFolder({});
    const cache = { dir: folder.path, registry: 'shop' };
    const [a, b] = await Promise.all([scene.greeter('A'), scene.greeter('B')]);
    {
      await using before = aProcess({ cache });
      await before.register('greeter', a);
      expect(await scene.channelTo('/greeter', before.discovery)()).toBe('A to you');
    }
    expect(readdirSync(folder.path, { recursive: true })).toHaveLength(2);
    await dev.faults.refuse(true);
    dev.faults.dropConnections();

    await using after = aProcess({ cache });
    const call = scene.channelTo('/greeter', after.discovery);
    expect(await call()).toBe('A to you');
    await dev.faults.refuse(false);
    await after.register('greeter', b);
    await vi.waitFor(async () => expect(await call()).toBe('B to you'), WAIT);
  });

  it('fails calls with the reason when nothing is known, until Nacos is back', async () => {
    using folder = tempFolder({});
    const port = await scene.greeter('A');
    await dev.faults.refuse(true);
    await using alone = aProcess({
      cache: { dir: folder.path, registry: 'shop' },
      firstListTimeoutMs: 100,
    });
    const call = scene.channelTo('/greeter', alone.discovery);
    await expect(call()).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining('did not tell the instances of greeter in time') as string,
    });
    await dev.faults.refuse(false);
    await alone.register('greeter', port);
    await vi.waitFor(async () => expect(await call()).toBe('A to you'), WAIT);
  });
});

describe("a channel to a service with an operator's file", () => {
  it('calls what the file lists while it is there, and what Nacos lists before and after', async () => {
    using folder = tempFolder({});
    const file = path.join(folder.path, 'greeter.json');
    const [a, b] = await Promise.all([scene.greeter('A'), scene.greeter('B')]);
    await using one = aProcess({ failoverDir: folder.path });
    await one.register('greeter', a);
    const call = scene.channelTo('/greeter', one.discovery);
    expect(await call()).toBe('A to you');
    writeFileSync(`${file}.new`, listOf(b));
    renameSync(`${file}.new`, file);
    await vi.waitFor(async () => expect(await call()).toBe('B to you'), WAIT);
    rmSync(file);
    await vi.waitFor(async () => expect(await call()).toBe('A to you'), WAIT);
  });

  it('needs no Nacos, and calls nothing else from the first call on', async () => {
    const [a, b] = await Promise.all([scene.greeter('A'), scene.greeter('B')]);
    using folder = tempFolder({ 'DEFAULT_GROUP@@greeter.json': listOf(b) });
    await using one = aProcess({ failoverDir: folder.path });
    await one.register('greeter', a);
    const calls = Array.from({ length: 5 }, scene.channelTo('/greeter', one.discovery));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['B to you']));

    await dev.faults.refuse(true);
    await using alone = aProcess({ failoverDir: folder.path });
    expect(await scene.channelTo('/greeter', alone.discovery)()).toBe('B to you');
  });
});

it('a channel to a service whose instances are given calls those, without Nacos', async () => {
  const [a, b] = await Promise.all([scene.greeter('A'), scene.greeter('B')]);
  await using one = aProcess({
    services: { greeter: { instances: [`127.0.0.1:${String(b)}`] } },
  });
  await one.register('greeter', a);
  expect(await scene.channelTo('/greeter', one.discovery)()).toBe('B to you');
});

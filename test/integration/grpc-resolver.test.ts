/** Channels of the real grpc-js to `nacos:///service`, with real gRPC servers as instances. */
import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { registerResolver } from '../../src/adapters/grpc.js';
import {
  createClient,
  createDiscovery,
  type Discovery,
  type NacosClient,
} from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { grpcScene, type GrpcScene } from './grpc-fixture.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const WAIT = { timeout: 10_000, interval: 20 };

let registry: TestRegistry;
let nacos: NacosClient;
let discovery: Discovery;
let scene: GrpcScene;

beforeEach(async () => {
  scene = grpcScene();
  registry = await openRegistry();
  nacos = createClient({ server: registry.address, logger: silentLogger });
  discovery = createDiscovery({
    naming: nacos.naming,
    logger: silentLogger,
    emptyProtection: false,
  });
});
afterEach(async () => {
  scene[Symbol.dispose]();
  await discovery.close();
  await nacos.close();
  await registry.close();
});

const greeter = (name: string): Promise<number> => scene.greeter(name);
const channelTo = (path: string, options?: grpc.ClientOptions) =>
  scene.channelTo(path, discovery, options);

describe('a channel to nacos:///service', () => {
  it('calls the instances of the service in turn', async () => {
    const name = registry.uniqueName('greeter');
    const ports = await Promise.all([greeter('A'), greeter('B')]);
    await nacos.naming.registerBatch(
      name,
      ports.map((port) => ({ ip: '127.0.0.1', port })),
    );
    const call = channelTo(`/${name}`);
    const answers = new Set<string>();
    await vi.waitFor(async () => {
      answers.add(await call());
      expect([...answers].sort()).toEqual(['A to you', 'B to you']);
    }, WAIT);
  });

  it('follows instances that come and go', async () => {
    const name = registry.uniqueName('greeter');
    const [a, b] = await Promise.all([greeter('A'), greeter('B')]);
    await nacos.naming.register(name, { ip: '127.0.0.1', port: a });
    const call = channelTo(`/${name}`);
    expect(await call()).toBe('A to you');
    await nacos.naming.register(name, { ip: '127.0.0.1', port: b });
    await nacos.naming.deregister(name, { ip: '127.0.0.1', port: a });
    await vi.waitFor(async () => {
      expect(await Promise.all([call(), call(), call(), call()])).toEqual(
        Array(4).fill('B to you'),
      );
    }, WAIT);
  });

  it('leaves out what takes no traffic', async () => {
    const name = registry.uniqueName('greeter');
    const [a, b] = await Promise.all([greeter('A'), greeter('B')]);
    await nacos.naming.registerBatch(name, [
      { ip: '127.0.0.1', port: a },
      { ip: '127.0.0.1', port: b, weight: 0 },
    ]);
    const call = channelTo(`/${name}`);
    const answers = await Promise.all(Array.from({ length: 10 }, call));
    expect(new Set(answers)).toEqual(new Set(['A to you']));
  });

  it('takes the port of gRPC from the metadata of Spring', async () => {
    const name = registry.uniqueName('spring');
    const port = await greeter('Spring');
    await nacos.naming.register(name, {
      ip: '127.0.0.1',
      port: 1,
      metadata: { gRPC_port: String(port) },
    });
    expect(await channelTo(`/${name}`)()).toBe('Spring to you');
  });

  it('takes the group from the target', async () => {
    const name = registry.uniqueName('grouped');
    const group = registry.uniqueName('group');
    const port = await greeter('G');
    await nacos.naming.register({ name, group }, { ip: '127.0.0.1', port });
    expect(await channelTo(`${group}/${name}`)()).toBe('G to you');
  });

  it('fails calls with UNAVAILABLE while nothing can be called, and goes on when something can', async () => {
    const name = registry.uniqueName('empty');
    const call = channelTo(`/${name}`);
    const failure = {
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining(`no instance of ${name} can be called`) as string,
    };
    await expect(call()).rejects.toMatchObject(failure);
    const port = await greeter('A');
    await nacos.naming.register(name, { ip: '127.0.0.1', port });
    await vi.waitFor(async () => expect(await call()).toBe('A to you'), WAIT);
    await nacos.naming.deregister(name, { ip: '127.0.0.1', port });
    await vi.waitFor(() => expect(call()).rejects.toMatchObject(failure), WAIT);
  });

  it('fails calls of a name that no service can have, with the reason', async () => {
    await expect(channelTo('/a@@b')()).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: expect.stringContaining('no "@@"') as string,
    });
  });

  it('lets the user choose the balancing', async () => {
    const name = registry.uniqueName('first');
    const ports = await Promise.all([greeter('A'), greeter('B')]);
    await nacos.naming.registerBatch(
      name,
      ports.map((port) => ({ ip: '127.0.0.1', port })),
    );
    const call = channelTo(`/${name}`, {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] }),
    });
    const answers = [];
    for (let calls = 0; calls < 10; calls += 1) answers.push(await call());
    expect(new Set(answers).size).toBe(1);
  });
});

describe('registerResolver', () => {
  it('refuses what is no grpc-js of 1.14 or later', () => {
    const old = { ...grpc, experimental: { registerResolver: () => undefined } };
    expect(() => registerResolver(old as unknown as typeof grpc)).toThrow(/1\.14 or later/); // an older one
    expect(() => registerResolver(grpc, { scheme: 'Nacos:' })).toThrow(/must be like nacos/);
  });
});

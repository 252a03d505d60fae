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
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const WAIT = { timeout: 10_000, interval: 20 };
const PLAIN = {
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
};
const GREETER = {
  hello: { path: '/test.Greeter/Hello', requestStream: false, responseStream: false, ...PLAIN },
} as const;

let registry: TestRegistry;
let nacos: NacosClient;
let discovery: Discovery;
const servers: grpc.Server[] = [];
const clients: grpc.Client[] = [];
let schemes = 0;

beforeEach(async () => {
  registry = await openRegistry();
  nacos = createClient({ server: registry.address, logger: silentLogger });
  discovery = createDiscovery({
    naming: nacos.naming,
    logger: silentLogger,
    emptyProtection: false,
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.forceShutdown();
  await discovery.close();
  await nacos.close();
  await registry.close();
});

/** Answers each call with its own name. */
async function greeter(name: string): Promise<number> {
  const server = new grpc.Server();
  server.addService(GREETER, {
    hello: (call: grpc.ServerUnaryCall<string, string>, reply: grpc.sendUnaryData<string>) =>
      reply(null, `${name} to ${call.request}`),
  });
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** A scheme of its own for each test: grpc-js keeps the first resolver for the whole process. */
function channelTo(path: string, options: grpc.ClientOptions = {}) {
  schemes += 1;
  const scheme = `nacos${String(schemes)}`;
  registerResolver(grpc, { discovery, scheme });
  const client = new grpc.Client(`${scheme}://${path}`, grpc.credentials.createInsecure(), options);
  clients.push(client);
  return (): Promise<string> =>
    new Promise((resolve, reject) => {
      const { path: method, requestSerialize, responseDeserialize } = GREETER.hello;
      const deadline = { deadline: Date.now() + 5000 };
      client.makeUnaryRequest(
        method,
        requestSerialize,
        responseDeserialize,
        'you',
        deadline,
        (error, answer) => {
          if (error === null) resolve(answer ?? '');
          else reject(error);
        },
      );
    });
}

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

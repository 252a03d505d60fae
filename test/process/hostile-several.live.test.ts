/** One process that registers many things at once: services, ports of one service, groups, clusters and namespaces. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { createClient, type NacosClient, type RegisterOptions } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { appFolder, type AppFolder } from '../helpers/explicit-app.js';
import type { Child } from '../helpers/child.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const SOON = { timeout: 20_000, interval: 50 };

interface Part {
  readonly name: string;
  readonly options: RegisterOptions;
}

let registry: TestRegistry;
let app: AppFolder;
let clients: Map<string, NacosClient>;

beforeAll(async () => {
  registry = await openRegistry();
  app = appFolder({});
});
beforeEach(() => {
  clients = new Map();
});
afterEach(async () => {
  await Promise.all([...clients.values()].map((client) => client.close()));
});
afterAll(async () => {
  app[Symbol.dispose]();
  await registry.close();
});

function clientOf(namespace: string): NacosClient {
  const known = clients.get(namespace);
  if (known !== undefined) return known;
  const client = createClient({ server: registry.address, namespace, logger: silentLogger });
  clients.set(namespace, client);
  return client;
}

interface Running {
  readonly child: Child;
  readonly ports: ReadonlyMap<string, number>;
  /** Gives the order and waits until the app has carried it out. */
  order(line: string): Promise<void>;
}

async function start(parts: readonly Part[]): Promise<Running & AsyncDisposable> {
  const child = app.start('several', {
    format: 'mjs',
    env: {
      NACOS_SERVER: registry.address,
      NACOS_QUIET_TIME: '0.1',
      PLAN: JSON.stringify(parts),
    },
  });
  const ports = new Map<string, number>();
  for (const { name } of parts) {
    const [, port] = await child.line(new RegExp(`^${name} is registered on (\\d+)$`));
    ports.set(name, Number(port));
  }
  return {
    child,
    ports,
    async order(line) {
      child.process.stdin?.write(`${line}\n`);
      const [, how, why] = await child.line(new RegExp(`^(done|refused) ${escaped(line)}(.*)$`));
      if (how === 'refused') throw new Error(`${line}${String(why)}`);
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

interface Place {
  readonly service: string;
  readonly group?: string;
  readonly namespace?: string;
}

/** Ports that the registry lists there. */
async function portsAt({ service, group, namespace = 'public' }: Place): Promise<number[]> {
  const { naming } = clientOf(namespace);
  const { instances } = await naming.query(
    group === undefined ? service : { name: service, group },
  );
  return instances.map(({ port }) => port).toSorted((a, b) => a - b);
}

const listed = async (place: Place, ports: readonly (number | undefined)[]): Promise<void> => {
  const wanted = ports.map(Number).toSorted((a, b) => a - b);
  await expect.poll(() => portsAt(place), SOON).toEqual(wanted);
};

describe('one process', () => {
  it('registers two services, and five ports of one of them, and takes all out at its end', async () => {
    const [orders, users] = [registry.uniqueName('orders'), registry.uniqueName('users')];
    const five = ['p1', 'p2', 'p3', 'p4', 'p5'];
    await using running = await start([
      ...five.map((name) => ({ name, options: { service: { name: orders } } })),
      { name: 'users', options: { service: { name: users } } },
    ]);
    const { child, ports } = running;
    const portsOfFive = five.map((name) => ports.get(name));
    expect(new Set(portsOfFive).size).toBe(5);
    await listed({ service: orders }, portsOfFive);
    await listed({ service: users }, [ports.get('users')]);

    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await listed({ service: orders }, []);
    await listed({ service: users }, []);
  });

  it('changes and takes out one of five ports, and no other', async () => {
    const service = registry.uniqueName('ports');
    const five = ['p1', 'p2', 'p3', 'p4', 'p5'];
    await using running = await start(
      five.map((name) => ({
        name,
        options: { service: { name: service, metadata: { part: name } } },
      })),
    );
    const { ports, order } = running;
    const shown = async (): Promise<Readonly<Record<string, string>>> => {
      const { instances } = await clientOf('public').naming.query(service);
      return Object.fromEntries(
        instances.map(({ metadata, weight }) => [
          metadata['part'] ?? '',
          `weight ${String(weight)}${metadata['canary'] === undefined ? '' : ' canary'}`,
        ]),
      );
    };
    const all = Object.fromEntries(five.map((name) => [name, 'weight 1']));
    await expect.poll(shown, SOON).toEqual(all);

    await order('change p3 {"weight":3,"metadata":{"canary":"yes"}}');
    // r-nacos keeps the metadata that an instance came with.
    const p3 = registry.kind === 'r-nacos' ? 'weight 3' : 'weight 3 canary';
    await expect.poll(shown, SOON).toEqual({ ...all, p3 });

    await order('close p2');
    await order('end p5');
    await listed(
      { service },
      ['p1', 'p3', 'p4'].map((name) => ports.get(name)),
    );
    await expect.poll(shown, SOON).toEqual({ p1: 'weight 1', p3, p4: 'weight 1' });
  });

  it('registers one name in several groups, clusters and namespaces, each for itself', async () => {
    const service = registry.uniqueName('orders');
    const [blue, green] = [registry.uniqueName('blue'), registry.uniqueName('green')];
    const group = 'TEAM_A';
    await using running = await start([
      { name: 'plain', options: { service: { name: service } } },
      { name: 'team', options: { service: { name: service, group } } },
      { name: 'blue', options: { namespace: blue, service: { name: service } } },
      { name: 'green-1', options: { namespace: green, service: { name: service } } },
      {
        name: 'green-2',
        options: { namespace: green, service: { name: service, cluster: 'east' } },
      },
    ]);
    const { child, ports, order } = running;
    const port = (name: string): number | undefined => ports.get(name);
    await listed({ service }, [port('plain')]);
    await listed({ service, group }, [port('team')]);
    await listed({ service, namespace: blue }, [port('blue')]);
    await listed({ service, namespace: green }, [port('green-1'), port('green-2')]);
    const east = await clientOf(green).naming.query(service, { clusters: ['east'] });
    expect(east.instances.map((one) => one.port)).toEqual([port('green-2')]);

    // What happens to one of them is nothing to the others.
    await order('close blue');
    await order('change team {"enabled":false}');
    await order('change green-1 {"weight":7}');
    await listed({ service, namespace: blue }, []);
    await listed({ service, group }, []);
    await listed({ service }, [port('plain')]);
    await listed({ service, namespace: green }, [port('green-1'), port('green-2')]);
    const weighty = async (): Promise<readonly (number | undefined)[]> => {
      const places = await Promise.all(
        ['public', green].map((namespace) => clientOf(namespace).naming.query(service)),
      );
      return places.flatMap(({ instances }) =>
        instances.filter(({ weight }) => weight === 7).map((one) => one.port),
      );
    };
    await expect.poll(weighty, SOON).toEqual([port('green-1')]);

    child.kill('SIGTERM');
    expect(await child.exit()).toEqual({ code: null, signal: 'SIGTERM' });
    await listed({ service }, []);
    await listed({ service, namespace: green }, []);
  });

  it('refuses a change that Nacos would refuse, before anything is sent', async () => {
    const other = registry.uniqueName('other');
    await using running = await start([{ name: 'other', options: { service: { name: other } } }]);
    const { ports, order } = running;
    await expect(order(`change other {"metadata":{"k":"${'v'.repeat(1024)}"}}`)).rejects.toThrow(
      /INVALID_INSTANCE metadata "1025 characters" is not valid/,
    );
    await expect(order('change other {"weight":-1}')).rejects.toThrow(/INVALID_INSTANCE/);
    await expect(order('change other {"metadata":{"k":1}}')).rejects.toThrow(/INVALID_INSTANCE/);
    await listed({ service: other }, [ports.get('other')]);
    const { instances } = await clientOf('public').naming.query(other);
    expect(instances.map(({ weight, metadata }) => ({ weight, k: metadata['k'] }))).toEqual([
      { weight: 1, k: undefined },
    ]);
  });
});

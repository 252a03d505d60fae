/**
 * What stays registered when the network between an app and Nacos is bad for a while: exactly the row of the app, within 10 s after
 * the trouble, with no socket left behind and no processor burnt. All troubles at once, each on an app and a network of its own.
 */
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { startFaultProxy, type FaultProxy } from '../helpers/fault-proxy.js';
import { openSockets, processorShare } from '../helpers/process-costs.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PRELOAD = path('../../dist/entry/register.cjs');
const PROVIDER = path('../../examples/quick-start/provider/app.js');

/** A minute on one real server; the others are asked for the same in short. */
const TROUBLE_MS = process.env['NACOS_TEST_KIND'] === 'nacos-2' ? 60_000 : 8000;
const AFTER = { timeout: 10_000, interval: 50 };

let registry: TestRegistry;
let client: NacosClient;
beforeAll(async () => {
  registry = await openRegistry();
  client = createClient({ server: registry.address, logger: silentLogger });
});
afterAll(async () => {
  await client.close();
  await registry.close();
});

interface Trouble {
  readonly app: Child;
  readonly proxy: FaultProxy;
}

/**
 * What an app with nothing to do may use during and after a trouble, as a multiple of what it uses without one; what is less than half a
 * percent of a processor counts as that. A busy loop has 200. Looked at for this long at least: one new connection costs some 10 ms.
 */
const TIMES_IDLE = 20;
const LEAST_IDLE = 0.005;
const LOOK_MS = 4000;

async function goThrough(
  title: string,
  trouble: (on: Trouble) => Promise<void>,
  list = (own: string) => own,
): Promise<void> {
  const service = registry.uniqueName('chaos');
  await using proxy = await startFaultProxy({ host: registry.host, port: registry.grpcPort });
  await using app = startNode(['--require', PRELOAD, PROVIDER], {
    env: {
      NACOS_SERVER: list(proxy.nacosAddress),
      NACOS_SERVICE_NAME: service,
      NACOS_LOG_LEVEL: 'info',
      PROVIDER_NAME: 'A',
    },
  });
  const [, port = ''] = await app.line(/listens on port (\d+)/);
  await app.line(/ registered /);
  const rows = async (): Promise<readonly string[]> => {
    const { instances } = await client.naming.query(service);
    return instances.map((one) => `${String(one.port)} ${String(one.enabled)}`);
  };
  const wanted = [`${port} true`];
  await vi.waitFor(async () => expect(await rows()).toEqual(wanted), AFTER);

  const idle = await processorShare(app.pid, () => pass(LOOK_MS));
  // Not before: the door for `nacos-serving status` opens after the registration, and the question for the route ends.
  const socketsBefore = openSockets(app.pid);
  const share = await processorShare(app.pid, async () => {
    const beganMs = performance.now();
    await trouble({ app, proxy });
    await vi.waitFor(async () => {
      expect(proxy.open).toBe(1);
      expect(await rows()).toEqual(wanted);
    }, AFTER);
    await pass(beganMs + LOOK_MS - performance.now());
  });
  process.stdout.write(`${title}: ${percent(share)} of a processor, ${percent(idle)} idle\n`);
  expect(share / Math.max(idle, LEAST_IDLE)).toBeLessThan(TIMES_IDLE);
  await vi.waitFor(() => expect(openSockets(app.pid)).toBe(socketsBefore), AFTER);
  const response = await fetch(`http://127.0.0.1:${port}/hello`);
  expect(response.status).toBe(200);
  app.kill('SIGTERM');
  expect(await app.exit()).toEqual({ code: null, signal: 'SIGTERM' });
  await vi.waitFor(async () => expect(await rows()).toEqual([]), AFTER);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** The trouble itself takes time; this is not a wait for something to happen. */
function pass(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  return vi.waitFor(() => expect(performance.now()).toBeGreaterThanOrEqual(untilMs), {
    timeout: ms + 5000,
    interval: 20,
  });
}

describe.concurrent('an app stays registered', { timeout: 180_000 }, () => {
  it('when its connection is cut every second', ({ task }) =>
    goThrough(task.name, async ({ proxy }) => {
      for (let second = 0; second * 1000 < TROUBLE_MS; second += 1) {
        if (second % 2 === 0) proxy.cut();
        else proxy.reset();
        await pass(1000);
      }
    }));

  it('when Nacos cannot be reached for long', ({ task }) =>
    goThrough(task.name, async ({ proxy }) => {
      await proxy.refuse(true);
      proxy.reset();
      await pass(TROUBLE_MS);
      await proxy.refuse(false);
    }));

  it('when nothing passes for a while and all sockets stay', ({ task }) =>
    goThrough(task.name, async ({ proxy }) => {
      proxy.blackhole(true);
      await pass(TROUBLE_MS / 2);
      proxy.blackhole(false);
    }));

  it('when the other end is gone and nobody says so', ({ task }) =>
    goThrough(task.name, ({ proxy }) => {
      proxy.halfOpen();
      return Promise.resolve();
    }));

  it('when most of the listed servers are dead, and the living one is lost at times', async ({
    task,
  }) => {
    await using silent = await startFaultProxy({ port: registry.grpcPort });
    silent.blackhole(true);
    await goThrough(
      task.name,
      async ({ proxy }) => {
        for (let turn = 0; turn < 4; turn += 1) {
          const { accepted } = proxy;
          proxy.reset();
          await vi.waitFor(() => {
            expect(proxy.accepted).toBeGreaterThan(accepted);
            expect(proxy.open).toBe(1);
          }, AFTER);
        }
      },
      // Ports on which nobody listens, and one that takes connections and never says a word.
      (own) => `127.0.0.1:9,${silent.nacosAddress},${own},127.0.0.1:11`,
    );
  });
});

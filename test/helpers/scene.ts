/** Owns one registry with unmodified apps under our CLI and unmodified callers under our preload, for process tests. */
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from './child.js';
import { openRegistry, type TestRegistry } from './registry.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const CLI = path('../../dist/cli/main.js');
const PRELOAD = path('../../dist/entry/register.cjs');
const PROVIDER = path('../../examples/quick-start/provider/app.js');
const STEADY = path('../fixtures/apps/steady-caller/app.mjs');
const ONCE = path('../fixtures/apps/callers/once.mjs');

export interface Provider {
  readonly child: Child;
  readonly port: number;
}

export interface Scene extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly client: NacosClient;
  readonly service: string;
  /** Started by the CLI and registered, as the server sees it. */
  provider(name: string): Promise<Provider>;
  /** Calls `path` of the service again and again, four at a time, until `stop`. */
  steadyCaller(): SteadyCaller;
  /** Calls each host once by fetch and once by http. */
  callOnce(...hosts: readonly string[]): Child;
  /** Resolves when exactly these ports are listed. */
  listed(ports: readonly number[]): Promise<void>;
}

export interface SteadyCaller {
  readonly child: Child;
  /** Resolves after that many more answers. */
  answers(more: number): Promise<void>;
  /** Ends it. */
  stop(): Promise<{ readonly calls: number; readonly failed: number }>;
}

export async function aScene(prefix: string): Promise<Scene> {
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const children: Child[] = [];
  const service = registry.uniqueName(prefix);
  const env = { NACOS_SERVER: registry.address };
  const add = (child: Child): Child => {
    children.push(child);
    return child;
  };
  const ports = async (): Promise<readonly number[]> => {
    const { instances } = await client.naming.query(service);
    return instances.map((row) => row.port).toSorted((a, b) => a - b);
  };
  return {
    registry,
    client,
    service,
    async provider(name) {
      const child = add(
        startNode([CLI, '--service-name', service, PROVIDER], {
          env: { ...env, PROVIDER_NAME: name },
        }),
      );
      const [, port] = await child.line(/listens on port (\d+)/);
      await child.line(/ registered /);
      return { child, port: Number(port) };
    },
    steadyCaller: () =>
      steady(add(startNode(['--require', PRELOAD, STEADY, `http://${service}/hello`], { env }))),
    callOnce: (...hosts) =>
      add(
        startNode(['--require', PRELOAD, ONCE, ...hosts.map((host) => `http://${host}/hello`)], {
          env,
        }),
      ),
    async listed(wanted) {
      const sorted = wanted.toSorted((a, b) => a - b);
      await expect.poll(ports, { timeout: 15_000, interval: 50 }).toEqual(sorted);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await client.close();
      await registry.close();
    },
  };
}

function steady(child: Child): SteadyCaller {
  const answered = (): number => {
    const last = child.lines.findLast((line) => line.startsWith('answered: '));
    return Number(last?.slice('answered: '.length) ?? 0);
  };
  return {
    child,
    async answers(more) {
      // The caller says every 50th.
      const wanted = Math.ceil((answered() + more) / 50) * 50;
      await child.line(new RegExp(`^answered: ${String(wanted)}$`));
    },
    async stop() {
      child.process.stdin?.end();
      const [, calls, failed] = await child.line(/^calls: (\d+), failed: (\d+)$/);
      return { calls: Number(calls), failed: Number(failed) };
    },
  };
}

/**
 * Owns one registry and apps started by the command line of dist against it, each under a name of its own. Used by the tests of launching.
 * What a test asks of the registry is asked until it is so.
 */
import path from 'node:path';

import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child, type ChildOptions } from '../helpers/child.js';
import { openRegistry } from '../helpers/registry.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
export const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
export const APPS = path.join(ROOT, 'test', 'fixtures', 'apps');
export const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
export const TSX = path.join(ROOT, 'node_modules', 'tsx', 'dist', 'cli.mjs');

export interface LaunchingScene extends AsyncDisposable {
  /** `host:port` of the registry, for an app that is started in another way. */
  readonly address: string;
  uniqueName(): string;
  /** `node ...argv` with the registry in its environment; it ends with the scene at the latest. */
  node(argv: readonly string[], options?: ChildOptions): Child;
  /** `nacos-serving --service-name NAME ...args`. */
  cli(name: string, args: readonly string[], options?: ChildOptions): Child;
  /** The ports that the registry lists for the name, now. */
  ports(name: string): Promise<readonly number[]>;
  /** Resolves when exactly these are listed. */
  listed(name: string, ports: readonly number[]): Promise<void>;
}

export async function aLaunchingScene(): Promise<LaunchingScene> {
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const children: Child[] = [];
  const node = (argv: readonly string[], options: ChildOptions = {}): Child => {
    const env = { NACOS_SERVER: registry.address, ...options.env };
    const child = startNode(argv, { ...options, env });
    children.push(child);
    return child;
  };
  const ports = async (name: string): Promise<readonly number[]> => {
    const { instances } = await client.naming.query(name);
    return instances.map(({ port }) => port).toSorted((a, b) => a - b);
  };
  return {
    address: registry.address,
    uniqueName: () => registry.uniqueName('launched'),
    node,
    cli: (name, args, options) => node([CLI, '--service-name', name, ...args], options),
    ports,
    async listed(name, wanted) {
      const sorted = wanted.toSorted((a, b) => a - b);
      await expect.poll(() => ports(name), { timeout: 20_000, interval: 50 }).toEqual(sorted);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await client.close();
      await registry.close();
    },
  };
}

/** The port that an app says it listens on. */
export async function portOf(child: Child): Promise<number> {
  return Number((await child.line(/listening on (\d+)/))[1]);
}

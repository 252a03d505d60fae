/**
 * Owns a rolling restart under load: three instances of a service, each stopped in the way of its own and started again by the CLI,
 * one after the other, while another process calls them by name without a pause. For the process and the live tests.
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from './child.js';
import { openRegistry } from './registry.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const CLI = path('../../dist/cli/main.js');
const PRELOAD = path('../../dist/entry/register.cjs');
const CALLER = path('../fixtures/apps/callers/constant-load.mjs');
const app = (name: string): string => path(`../fixtures/apps/servers/rolling-${name}.cjs`);

/** How each is told to end, and how it then ends. */
const INSTANCES = [
  { app: app('plain'), stop: 'SIGTERM', end: { code: null, signal: 'SIGTERM' } },
  { app: app('express'), stop: 'SIGTERM', end: { code: 0, signal: null } },
  { app: app('closing'), stop: 'SIGUSR2', end: { code: 0, signal: null } },
] as const;

class Children implements AsyncDisposable {
  readonly #all: Child[] = [];

  add(child: Child): Child {
    this.#all.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#all) await child[Symbol.asyncDispose]();
  }
}

export interface RollingRestartOptions {
  readonly inFlight: number;
  /** It goes on until there have been as many of both. */
  readonly calls: number;
  readonly restarts: number;
}

export interface RollingRestartResult {
  readonly calls: number;
  readonly restarts: number;
  /** What each failed call says. */
  readonly failures: readonly string[];
}

export async function rollingRestart(
  options: RollingRestartOptions,
): Promise<RollingRestartResult> {
  await using registry = await openRegistry();
  await using client = createClient({ server: registry.address, logger: silentLogger });
  const service = registry.uniqueName('rolling');
  const env = { NACOS_SERVER: registry.address };
  await using children = new Children();

  const ports = async (): Promise<readonly number[]> =>
    (await client.naming.query(service)).instances.map((row) => row.port);
  const start = async (file: string): Promise<Child> => {
    const child = children.add(startNode([CLI, '--service-name', service, file], { env }));
    const [, port] = await child.line(/^listening on (\d+)$/);
    await expect.poll(ports, { timeout: 30_000, interval: 50 }).toContain(Number(port));
    return child;
  };

  const instances = await Promise.all(
    INSTANCES.map(async (kind) => ({ kind, child: await start(kind.app) })),
  );
  const url = `http://${service}/any/path`;
  const load = children.add(
    startNode(['--require', PRELOAD, CALLER, url, String(options.inFlight)], { env }),
  );
  await load.line(/^answered: /);
  const answered = (): number => {
    const last = load.lines.findLast((line) => line.startsWith('answered: '));
    return Number(last?.slice('answered: '.length) ?? 0);
  };

  let restarts = 0;
  while (restarts < options.restarts || answered() < options.calls) {
    const instance = instances[restarts % instances.length];
    if (instance === undefined) break;
    const { kind, child } = instance;
    child.kill(kind.stop);
    expect(await child.exit()).toEqual(kind.end);
    instance.child = await start(kind.app);
    restarts += 1;
  }
  load.process.stdin?.end();
  const [, calls] = await load.line(/^calls: (\d+), failed: \d+$/);
  if (load.process.exitCode === null) await once(load.process, 'exit');
  const failures = load.lines.filter((line) => line.startsWith('failed: '));
  return { calls: Number(calls), restarts, failures };
}

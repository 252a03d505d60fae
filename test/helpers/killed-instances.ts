/**
 * Owns the worst that happens to a service: five instances, one after the other killed with -9 and started again, while another process calls
 * the service by name without a pause. For the process and the live tests.
 */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from './child.js';
import { openRegistry } from './registry.js';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const PRELOAD = path('../../dist/entry/register.cjs');
const CALLER = path('../fixtures/apps/callers/constant-load.mjs');
const INSTANCE = path('../fixtures/apps/servers/rolling-plain.cjs');
const INSTANCES = 5;
const WAIT = { timeout: 60_000, interval: 50 };

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

export interface KilledInstancesOptions {
  readonly inFlight: number;
  /** It goes on until there have been as many of both. */
  readonly calls: number;
  readonly kills: number;
  /** From one kill to the next. */
  readonly everyMs: number;
}

export interface KilledInstancesResult {
  readonly calls: number;
  readonly kills: number;
  /** What each failed call says. */
  readonly failures: readonly string[];
}

export async function killInstances(
  options: KilledInstancesOptions,
): Promise<KilledInstancesResult> {
  await using registry = await openRegistry();
  await using client = createClient({ server: registry.address, logger: silentLogger });
  const service = registry.uniqueName('killed');
  await using children = new Children();
  const add = (argv: readonly string[], env: Record<string, string>): Child => {
    const all = { NACOS_SERVER: registry.address, ...env };
    return children.add(startNode(['--require', PRELOAD, ...argv], { env: all }));
  };
  const start = async (): Promise<Child> => {
    const child = add([INSTANCE], { NACOS_SERVICE_NAME: service });
    const [, port] = await child.line(/^listening on (\d+)$/);
    const ports = async (): Promise<readonly number[]> =>
      (await client.naming.query(service)).instances.map((row) => row.port);
    await expect.poll(ports, WAIT).toContain(Number(port));
    return child;
  };

  const instances = await Promise.all(Array.from({ length: INSTANCES }, start));
  const load = add(
    [CALLER, `http://${service}/any/path`, String(options.inFlight), 'GET,DELETE'],
    {},
  );
  await load.line(/^answered: /);
  const answered = (): number => {
    const last = load.lines.findLast((line) => line.startsWith('answered: '));
    return Number(last?.slice('answered: '.length) ?? 0);
  };

  let kills = 0;
  /** The new ones that are not there yet. */
  const starting = new Map<number, Promise<void>>();
  while (kills < options.kills || answered() < options.calls) {
    const at = kills % INSTANCES;
    // A slow machine: what is killed has to be up.
    await starting.get(at);
    const instance = instances[at];
    if (instance === undefined) break;
    instance.kill('SIGKILL');
    kills += 1;
    expect(await instance.exit()).toEqual({ code: null, signal: 'SIGKILL' });
    starting.set(
      at,
      start().then((child) => {
        instances[at] = child;
      }),
    );
    // How often they are killed is what is tested; nothing is expected of this time.
    await setTimeout(options.everyMs);
  }
  await Promise.all(starting.values());
  load.process.stdin?.end();
  const [, calls] = await load.line(/^calls: (\d+), failed: \d+$/);
  if (load.process.exitCode === null) await once(load.process, 'exit');
  const failures = load.lines.filter((line) => line.startsWith('failed: '));
  return { calls: Number(calls), kills, failures };
}

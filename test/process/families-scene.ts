/**
 * Owns one registry and the apps of test/fixtures/apps/families under it, for the tests of process families: what is listed now, and what
 * was ever said. The apps run unmodified, with the built preload or without it.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, vi } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { openRegistry } from '../helpers/registry.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PRELOAD = path.join(ROOT, 'dist/entry/register.cjs');
/** What `import 'nacos-serving'` gives. */
export const LIBRARY = path.join(ROOT, 'dist/index.js');
const APPS = path.join(ROOT, 'test/fixtures/apps/families');
const IP = '10.9.8.7';

export interface FamilyOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Default true. */
  readonly preload?: boolean;
}

export interface FamilyScene extends AsyncDisposable {
  readonly service: string;
  start(app: string, options?: FamilyOptions): Child;
  /** Resolves when exactly these ports are listed, each once. */
  listed(...ports: readonly number[]): Promise<void>;
  /** Of what is listed now. */
  metadata(): Promise<readonly Readonly<Record<string, string>>[]>;
}

export async function aFamilyScene(): Promise<FamilyScene> {
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const service = registry.uniqueName('family');
  const children: Child[] = [];
  return {
    service,
    start(app, { env = {}, args = [], preload = true } = {}) {
      const ours = preload ? ['--require', PRELOAD] : [];
      const child = startNode([...ours, path.join(APPS, app), ...args], {
        env: {
          NACOS_SERVER: registry.address,
          NACOS_SERVICE_NAME: service,
          NACOS_SERVICE_IP: IP,
          NACOS_LOG_LEVEL: 'info',
          NACOS_QUIET_TIME: '0.3',
          ...env,
        },
      });
      children.push(child);
      return child;
    },
    async listed(...ports) {
      const rows = async (): Promise<readonly string[]> => {
        const { instances } = await client.naming.query(service);
        return instances.map(({ ip, port }) => `${ip}:${String(port)}`).toSorted();
      };
      const wanted = ports.map((port) => `${IP}:${String(port)}`).toSorted();
      await expect.poll(rows, { timeout: 15_000, interval: 50 }).toEqual(wanted);
    },
    async metadata() {
      const { instances } = await client.naming.query(service);
      return instances.map((instance) => instance.metadata);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await client.close();
      await registry.close();
    },
  };
}

/** Lines about one step of registrations, in the order they came: `registered` and `deregistered`. */
export function steps(child: Child): readonly string[] {
  return child.lines.flatMap((line) => {
    const step = / (registered|deregistered) /.exec(line)?.[1];
    return step === undefined ? [] : [step];
  });
}

/** Lines of the app itself, without its pids and ports. */
export function appLines(child: Child): readonly string[] {
  return child.lines
    .filter((line) => !line.startsWith('nacos-serving'))
    .map((line) => line.replaceAll(/\d{2,}/g, 'N'));
}

export interface FamilyWorker {
  readonly pid: number;
  readonly port: number;
}

/** The workers that listen by now, when there are that many. */
export async function workersOf(child: Child, count: number): Promise<readonly FamilyWorker[]> {
  return vi.waitFor(
    () => {
      const found = child.lines.flatMap((line) => {
        const [, pid, port] = /^worker (\d+) on (\d+)$/.exec(line) ?? [];
        return pid === undefined ? [] : [{ pid: Number(pid), port: Number(port) }];
      });
      expect(found).toHaveLength(count);
      return found;
    },
    { timeout: 20_000, interval: 20 },
  );
}

export function tell(child: Child, line: string): void {
  child.process.stdin?.write(`${line}\n`);
}

export async function get(port: number, url = '/'): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${url}`, {
    headers: { connection: 'close' },
  });
  return response.text();
}

/** The one value of a list that must not be empty. */
export function first<T>(list: readonly T[]): T {
  const [value] = list;
  if (value === undefined) throw new Error('an empty list');
  return value;
}

/** Flags of a socket in /proc/net/unix. */
const WAITS = ': left to the process that has it already';
const LISTENS = '00010000';

/** The primary stands for the daemon of pm2: it is without us. */
export async function aForeignCluster(scene: FamilyScene): Promise<{
  child: Child;
  pids: readonly number[];
  port: number;
}> {
  const child = scene.start('cluster.cjs', {
    preload: false,
    env: { WORKERS: '3', WORKER_PRELOAD: PRELOAD, NACOS_LOG_LEVEL: 'debug' },
  });
  const workers = await workersOf(child, 3);
  const { port } = first(workers);
  await child.line(/ registered /);
  await vi.waitFor(
    () => {
      const waiting = child.lines.filter((line) => line.endsWith(WAITS));
      expect(waiting).toHaveLength(2);
    },
    { timeout: 10_000, interval: 20 },
  );
  await scene.listed(port);
  return { child, pids: workers.map(({ pid }) => pid), port };
}

/** The worker that holds the lock: its socket is the one that listens. */
export async function ownerOf(pids: readonly number[]): Promise<number> {
  return vi.waitFor(
    () => {
      const locks = readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , flags, , , , name]) => {
          return flags === LISTENS && name?.startsWith('@nacos-serving-') === true;
        });
      const inodes = locks.map((fields) => `socket:[${String(fields[6])}]`);
      const owners = pids.filter((pid) => socketsOf(pid).some((one) => inodes.includes(one)));
      expect(owners).toHaveLength(1);
      return first(owners);
    },
    { timeout: 10_000, interval: 5 },
  );
}

function socketsOf(pid: number): readonly string[] {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      return [readlinkSync(`${folder}/${fd}`)];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

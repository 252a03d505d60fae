/**
 * Owns one registry with unmodified apps under our preload, the command line that talks to them, and a place of their own for its sockets. Used by
 * the process tests of control and health.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createClient, type NacosClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child } from '../helpers/child.js';
import { openRegistry, type TestRegistry } from '../helpers/registry.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const CLI = path.join(ROOT, 'dist', 'cli', 'main.js');
const PRELOAD = path.join(ROOT, 'dist', 'entry', 'register.cjs');
const FIXTURES = path.join(ROOT, 'test', 'fixtures', 'apps');

export interface App {
  readonly child: Child;
  readonly port: number;
  /** Its own count of requests, at this moment. */
  requests(): Promise<number>;
}

export interface Said {
  readonly code: number | null;
  readonly out: string;
}

export interface ControlScene extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly client: NacosClient;
  readonly service: string;
  /** Starts the app and waits until it is registered. */
  app(options?: AppOptions): Promise<App>;
  /** Runs `nacos-serving ...words` to its end. */
  cli(...words: readonly string[]): Promise<Said>;
  /** Calls the service by name until its standard input ends. */
  caller(): Child;
  /** Sockets in the place of their own. */
  sockets(): readonly string[];
}

export interface AppOptions {
  readonly service?: string;
  readonly modes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it waits for. Default: that it is registered. */
  readonly until?: RegExp;
}

export async function aControlScene(): Promise<ControlScene> {
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const place = mkdtempSync(path.join(tmpdir(), 'control-scene-'));
  const children: Child[] = [];
  const service = registry.uniqueName('control');
  const env = { NACOS_SERVER: registry.address, XDG_RUNTIME_DIR: place, TMPDIR: place };
  const start = (argv: readonly string[], more: Readonly<Record<string, string>> = {}): Child => {
    const child = startNode(argv, { env: { ...env, ...more } });
    children.push(child);
    return child;
  };
  let asked = 0;
  return {
    registry,
    client,
    service,
    async app(options = {}) {
      const file = path.join(FIXTURES, 'control', 'app.cjs');
      const child = start(['--require', PRELOAD, file, ...(options.modes ?? [])], {
        NACOS_SERVICE_NAME: options.service ?? service,
        NACOS_LOG_LEVEL: 'info',
        NACOS_NETWORK_FAMILY: 'ipv4',
        ...options.env,
      });
      const [, port] = await child.line(/^listening on (\d+)$/);
      await child.line(options.until ?? / registered /);
      return {
        child,
        port: Number(port),
        async requests() {
          asked += 1;
          child.process.stdin?.write(`count ${String(asked)}\n`);
          const [, count] = await child.line(new RegExp(`^count ${String(asked)}: (\\d+)$`));
          return Number(count);
        },
      };
    },
    async cli(...words) {
      const child = start([CLI, ...words]);
      const { code } = await child.exit();
      return { code, out: child.lines.join('\n') };
    },
    caller: () =>
      start([
        '--require',
        PRELOAD,
        path.join(FIXTURES, 'steady-caller', 'app.mjs'),
        `http://${service}/hello`,
      ]),
    sockets() {
      const folder = readdirSync(place).find((name) => name.startsWith('nacos-serving-'));
      return folder === undefined ? [] : readdirSync(path.join(place, folder));
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await client.close();
      await registry.close();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/**
 * Owns one project that has installed the packed tarball and holds copies of the fixture apps, with the frameworks linked from the
 * workspace, and one registry. Used by the tests of frameworks; nothing is downloaded for it.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import { expect } from 'vitest';

import { createClient } from '../../src/index.js';
import { silentLogger } from '../../src/logger.js';
import { startNode, type Child, type Exit } from '../helpers/child.js';
import { openRegistry } from '../helpers/registry.js';
import { installPackage, ROOT } from '../package/installed.js';

const FIXTURES = path.join(ROOT, 'test', 'fixtures', 'apps');
const SHARED_LINKS = ['ts-node', 'tsx', 'typescript'];

export interface FrameworkScene extends AsyncDisposable {
  /** Absolute path of `nacos-serving` in the project. */
  readonly cli: string;
  /** Starts `node ...argv` in the folder of a fixture. */
  start(fixture: string, argv: readonly string[], env?: Readonly<Record<string, string>>): Child;
  /** `ip:port` and metadata of what the registry lists under a name. */
  listed(name: string): Promise<readonly Row[]>;
  /** What a caller under our preload says of URLs with services' names, one after the other. */
  call(urls: readonly string[]): Promise<readonly string[]>;
}

export interface Row {
  readonly port: number;
  readonly secure: boolean;
}

export async function aFrameworkScene(): Promise<FrameworkScene> {
  const installed = installPackage();
  const { project } = installed;
  for (const fixture of ['frameworks', 'nest-11', 'nest-12', 'typescript', 'callers']) {
    copyFixture(fixture, path.join(project, 'apps', fixture));
  }
  const registry = await openRegistry();
  const client = createClient({ server: registry.address, logger: silentLogger });
  const children: Child[] = [];
  const start = (
    fixture: string,
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Child => {
    const cwd = path.join(project, 'apps', fixture);
    const child = startNode(argv, { cwd, env: { NACOS_SERVER: registry.address, ...env } });
    children.push(child);
    return child;
  };
  return {
    cli: path.join(project, 'node_modules', '.bin', 'nacos-serving'),
    start,
    async listed(name) {
      const { instances } = await client.naming.query(name);
      return instances.map(({ port, metadata }) => {
        return { port, secure: metadata['secure'] === 'true' };
      });
    },
    async call(urls) {
      await using caller = start(
        'callers',
        ['--require', 'nacos-serving/register', 'each.mjs', ...urls],
        {
          NODE_EXTRA_CA_CERTS: path.join(project, 'apps', 'frameworks', 'tls', 'fixtures.crt'),
        },
      );
      await caller.exit();
      return caller.lines;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await client.close();
      await registry.close();
      installed[Symbol.dispose]();
    },
  };
}

/** Copies the files of a fixture and links what its package.json names, as npm would have put it. */
function copyFixture(fixture: string, to: string): void {
  const from = path.join(FIXTURES, fixture);
  cpSync(from, to, {
    recursive: true,
    filter: (source) => path.basename(source) !== 'node_modules',
  });
  const manifest = path.join(from, 'package.json');
  if (!existsSync(manifest)) return;
  const { dependencies } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of new Set([...Object.keys(dependencies), ...SHARED_LINKS])) {
    const link = path.join(to, 'node_modules', name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(workspaceFolder(fixture, name), link);
  }
}

/** Where npm has put a dependency of a workspace: below it, or hoisted. The fixtures share one TypeScript, which ts-node can use. */
function workspaceFolder(fixture: string, name: string): string {
  const below = [fixture, 'typescript'].map((owner) =>
    path.join(FIXTURES, owner, 'node_modules', name),
  );
  return below.find((folder) => existsSync(folder)) ?? path.join(ROOT, 'node_modules', name);
}

/** The port of the app, and the row it has: exactly one, with that port. */
export async function registeredPort(
  scene: FrameworkScene,
  child: Child,
  name: string,
): Promise<Row> {
  const [, port] = await child.line(/listening on (\d+)$/);
  let rows: readonly Row[] = [];
  await expect
    .poll(async () => (rows = await scene.listed(name)).map((row) => row.port), {
      timeout: 15_000,
      interval: 50,
    })
    .toEqual([Number(port)]);
  const [row] = rows;
  if (row === undefined) throw new Error('cannot be: the list has one row');
  return row;
}

export interface Ended {
  readonly exit: Exit;
  /** What the app said, without its port and without lines of ours. */
  readonly said: readonly string[];
}

/** Ends an app as an orchestrator does. */
export async function terminate(child: Child): Promise<Ended> {
  child.kill('SIGTERM');
  const exit = await child.exit();
  const said = child.lines
    .filter((line) => !line.startsWith('nacos-serving '))
    .map((line) => line.replace(/listening on \d+/, 'listening on PORT'))
    .map((line) => line.replace(/^\(node:\d+\)/, '(node:PID)'));
  return { exit, said };
}

/**
 * Owns what the tests of the flags share: a dev server that counts what it is asked, and an app that knows nothing of us, started by
 * the command line with the flags of a test. Every option has to have a test that proves what it does: `effect` names the options.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, it, vi } from 'vitest';

import {
  startDevServer,
  type DevServer,
  type DevServerOptions,
} from '../../src/dev-server/index.js';
import type { Instance } from '../../src/model.js';
import { ALL_ROWS } from '../../src/options/schema.js';
import { startNode, type Child } from '../helpers/child.js';
import { tempFolder } from '../unit/house/temp-folder.js';

const CLI = path.resolve(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const WAIT = { timeout: 20_000, interval: 20 };
/** For options that would need a time: so long that a test which waited for it would fail. */
export const NEVER = '3600';

/**
 * With HANDLES it hears SIGTERM and goes on. /ready fails until it was asked READY_AFTER times; /hang never answers before /release; /call?http://name/ calls that; everything
 * else is answered.
 */
const APP = `
const http = require('node:http');
let probes = 0;
const hanging = [];
const server = http.createServer(async (request, response) => {
  if (request.url === '/ready') {
    probes += 1;
    console.log('probe ' + probes);
    response.statusCode = probes >= Number(process.env.READY_AFTER ?? 1) ? 200 : 503;
  } else if (request.url === '/hang') {
    hanging.push(response);
    console.log('hangs');
    return;
  } else if (request.url === '/release') {
    for (const one of hanging) one.end();
  } else if (request.url.startsWith('/call?')) {
    const answer = await fetch(request.url.slice('/call?'.length)).catch((error) => error);
    response.end(answer instanceof Error ? 'failed: ' + answer.cause?.code + answer.code : 'answered: ' + (await answer.text()));
    return;
  }
  response.end('hello');
});
if (process.env.HANDLES) process.on('SIGTERM', () => console.log('got SIGTERM'));
server.listen(0, () => console.log('pid ' + process.pid + ', listening on ' + server.address().port));
`;

export interface App {
  readonly child: Child;
  /** Of the app itself, which may be a child of the command line. */
  readonly pid: number;
  readonly port: number;
  readonly folder: string;
  get(target: string): Promise<{ readonly status: number; readonly text: string }>;
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

export interface FlagScene extends AsyncDisposable {
  readonly dev: DevServer;
  /** How many of these the server was asked so far. */
  asked(type: string): number;
  /** Starts the app; the server and a short quiet time are given unless `flags` give them. */
  start(flags: readonly string[], options?: StartOptions): Promise<App>;
  /** Runs the command line without an app, to its end. */
  tell(words: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }>;
  /** Resolves when the server lists exactly one instance of this service. */
  listed(service: string): Promise<Instance>;
}

export async function aFlagScene(options: DevServerOptions = {}): Promise<FlagScene> {
  const counts = new Map<string, number>();
  const count = (line: string): void => {
    const type = line.slice(0, Math.max(0, line.indexOf(' ->')));
    counts.set(type, (counts.get(type) ?? 0) + 1);
  };
  const ignore = (): void => undefined;
  const logger = { debug: count, info: ignore, warn: ignore, error: ignore };
  const dev = await startDevServer({ port: 0, logger, ...options });
  const children: Child[] = [];
  const folders: Disposable[] = [];
  const run = (words: readonly string[], cwd: string, env: Record<string, string> = {}): Child => {
    const child = startNode([CLI, ...words], { cwd, env });
    children.push(child);
    return child;
  };
  return {
    dev,
    asked: (type) => counts.get(type) ?? 0,
    async start(flags, { env = {}, files = {} } = {}) {
      const folder = tempFolder({ 'app.cjs': APP, ...files });
      folders.push(folder);
      const defaults = { NACOS_SERVER: dev.address, NACOS_QUIET_TIME: '0' };
      const child = run([...flags, 'app.cjs'], folder.path, { ...defaults, ...env });
      const [, pid, port] = await child.line(/^pid (\d+), listening on (\d+)$/);
      return {
        child,
        pid: Number(pid),
        port: Number(port),
        folder: folder.path,
        get: (target) => get(Number(port), target),
      };
    },
    async tell(words) {
      const folder = tempFolder({});
      folders.push(folder);
      const child = run(words, folder.path);
      const { code } = await child.exit();
      return { code, text: child.lines.join('\n') };
    },
    listed: (service) => listed(dev, service),
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
      await dev.close();
      for (const folder of folders) folder[Symbol.dispose]();
    },
  };
}

async function listed(dev: DevServer, service: string): Promise<Instance> {
  return vi.waitFor(() => {
    const [instance, ...others] = dev.instances(service);
    if (instance === undefined || others.length > 0) throw new Error(`${service} is not one row`);
    return instance;
  }, WAIT);
}

export async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, WAIT);
}

export async function get(
  port: number,
  target: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${target}`, {
    headers: { connection: 'close' },
  });
  return { status: response.status, text: await response.text() };
}

/** A test of what these options do. flags-complete.test.ts reads which options have one. */
export function effect(paths: readonly string[], says: string, run: () => Promise<void>): void {
  const flags = paths.map((each) => {
    const row = ALL_ROWS.find(({ path: known }) => known === each);
    if (row === undefined) throw new Error(`there is no option ${each}`);
    return `--${row.flag}`;
  });
  it(`${flags.join(', ')}: ${says}`, run);
}

/** The options that some `effect` of these files is about. */
export function optionsWithEffect(files: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of files) {
    const text = readFileSync(path.join(import.meta.dirname, file), 'utf8');
    for (const [, list = ''] of text.matchAll(/\beffect\(\s*\[([^\]]*)\]/g)) {
      for (const [, one = ''] of list.matchAll(/'([^']+)'/g)) found.add(one);
    }
  }
  return found;
}

export function ownLines(child: Child): readonly string[] {
  return child.lines.filter((line) => !line.startsWith('pid '));
}

export function expectNothing(dev: DevServer, service: string): void {
  expect(dev.instances(service)).toEqual([]);
}

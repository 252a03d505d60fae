/**
 * Owns how the tests of registration and signals start the small apps of test/fixtures/apps/servers: with a copy of the built package
 * whose runtime is scripted (registration-runtime.mjs), so that no registry is needed, or without anything of ours, to compare.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startNode, type Child, type Exit } from '../helpers/child.js';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
export const APPS = path.join(ROOT, 'test', 'fixtures', 'apps', 'servers');

export interface StubScript {
  readonly state?: 'ready' | 'backoff';
  readonly quietTimeMs?: number;
  readonly latencyMs?: number;
  readonly fail?: string;
  readonly read?: boolean;
  readonly graceful?: boolean;
  readonly pm2?: boolean;
  readonly staysMs?: number;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly script?: StubScript;
  /** How the preload gets in. Default `--require`. */
  readonly load?: 'require' | 'import' | 'none';
  /** A program that starts node, with its arguments. */
  readonly under?: readonly string[];
}

export interface HookedPackage extends Disposable {
  /** `dist/entry` of the copy. */
  readonly entry: string;
  start(app: string, options?: StartOptions): Child;
}

export function hookedPackage(): HookedPackage {
  const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-process-'));
  const dist = path.join(folder, 'dist');
  cpSync(path.join(ROOT, 'dist'), dist, { recursive: true });
  cpSync(
    path.join(import.meta.dirname, 'registration-runtime.mjs'),
    path.join(dist, 'runtime', 'process-runtime.js'),
  );
  writeFileSync(path.join(folder, 'package.json'), '{"name":"nacos-serving","type":"module"}');
  const entry = path.join(dist, 'entry');
  return {
    entry,
    start: (app, options = {}) => start(entry, app, options),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function start(entry: string, app: string, options: StartOptions): Child {
  const { args = [], script = {}, load = 'require', under } = options;
  const preload = {
    require: ['--require', path.join(entry, 'register.cjs')],
    import: ['--import', path.join(entry, 'register.js')],
    none: [],
  }[load];
  const argv = [...preload, path.join(APPS, app), ...args];
  const env = { ...options.env, STUB: JSON.stringify(script) };
  const node = process.execPath;
  const [program = node, ...before] = under ?? [];
  return startNode(under === undefined ? argv : [...before, node, ...argv], { env, node: program });
}

/** What the app itself said, with its ports left out. */
export function appLines(child: Child): readonly string[] {
  return child.lines
    .filter((line) => !line.startsWith('# '))
    .map((line) => line.replace(/ on \d+$/, ' on PORT'));
}

/** What the scripted runtime said. */
export function ourLines(child: Child): readonly string[] {
  return child.lines.filter((line) => line.startsWith('# ')).map((line) => line.slice(2));
}

export async function portOf(child: Child): Promise<number> {
  return Number((await child.line(/listening on (\d+)$/))[1]);
}

export async function get(port: number, url: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${String(port)}${url}`);
  return response.text();
}

export interface Outcome {
  readonly exit: Exit;
  readonly said: readonly string[];
}

/**
 * Does the same with an app twice: registered by us, and without us.
 * @returns how each ended and what the app said, and what we said.
 */
export async function compare(
  hooked: HookedPackage,
  app: string,
  options: StartOptions,
  act: (child: Child, port: number) => void | Promise<void>,
): Promise<{
  readonly withUs: Outcome;
  readonly without: Outcome;
  readonly ours: readonly string[];
}> {
  await using child = hooked.start(app, options);
  const port = await portOf(child);
  await child.line(/^# registered /);
  await act(child, port);
  const withUs = { exit: await child.exit(), said: appLines(child) };
  await using bare = hooked.start(app, { ...options, load: 'none' });
  await act(bare, await portOf(bare));
  const without = { exit: await bare.exit(), said: appLines(bare) };
  return { withUs, without, ours: ourLines(child) };
}

/**
 * Owns apps that use our plugins, as a user has them: a folder with our package (package.json and dist) and the frameworks installed, in
 * the versions that a test names. An app of test/fixtures/apps/explicit is written once, in ES modules, and runs in CommonJS too.
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { startNode, type Child } from './child.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const APPS = path.join(ROOT, 'test/fixtures/apps/explicit');
/** What every installed package of ours needs. */
const DEPENDENCIES = ['yaml', 'smol-toml', '@grpc/grpc-js'];

/** Packages by name; where they are, from the repository's root. */
export type Installed = Readonly<Record<string, string>>;

export interface AppFolder extends Disposable {
  readonly folder: string;
  /** Starts an app of the folder. `preload`: `nacos-serving/register` is loaded before it. */
  start(app: string, options: StartOptions): Child;
}

export interface StartOptions {
  readonly format: 'cjs' | 'mjs';
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly preload?: boolean;
}

/** A folder in which our package and `packages` are installed, with what `fill` puts there. */
export function installedFolder(packages: Installed, fill: (folder: string) => void): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'nacos-serving-explicit-'));
  const modules = path.join(folder, 'node_modules');
  const ours = path.join(modules, 'nacos-serving');
  mkdirSync(ours, { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(ours, 'package.json'));
  cpSync(path.join(ROOT, 'dist'), path.join(ours, 'dist'), { recursive: true });
  const own = Object.fromEntries(DEPENDENCIES.map((name) => [name, `node_modules/${name}`]));
  for (const [name, where] of Object.entries({ ...own, ...packages })) {
    const link = path.join(modules, name);
    mkdirSync(path.dirname(link), { recursive: true });
    symlinkSync(path.join(ROOT, where), link);
  }
  fill(folder);
  return folder;
}

export function appFolder(packages: Installed): AppFolder {
  const folder = installedFolder(packages, (to) => {
    writeFileSync(path.join(to, 'package.json'), '{"name":"an-app-of-the-tests","private":true}');
    for (const file of readdirSync(APPS)) {
      const source = readFileSync(path.join(APPS, file), 'utf8');
      const stem = path.join(to, path.basename(file, '.js'));
      writeFileSync(`${stem}.mjs`, source.replaceAll("'./shared.js'", "'./shared.mjs'"));
      writeFileSync(`${stem}.cjs`, toCommonJs(source));
    }
  });
  return {
    folder,
    start(app, { format, args = [], env, preload = false }) {
      const register = path.join(folder, 'node_modules/nacos-serving/dist/entry/register.cjs');
      const before = preload ? ['--require', register] : [];
      const file = path.join(folder, `${app}.${format}`);
      return startNode([...before, file, ...args], { cwd: folder, env });
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** For the few forms of import and export that the apps use. */
function toCommonJs(source: string): string {
  return source
    .replaceAll("'./shared.js'", "'./shared.cjs'")
    .replaceAll(/^import (.+) from ('.+');$/gm, 'const $1 = require($2);')
    .replaceAll(/^import ('.+');$/gm, 'require($1);')
    .replaceAll(/^export const (\w+)/gm, 'const $1 = exports.$1')
    .replaceAll(/^export function (\w+)/gm, 'exports.$1 = $1;\nfunction $1');
}

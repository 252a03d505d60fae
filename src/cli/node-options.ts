/**
 * Owns the environment of the process that `run` starts: the preload in NODE_OPTIONS, so that the app and every Node
 * process below it has the hooks, and our flags in one variable. Called by `commands/run.ts`; pure.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { CLI_VARIABLE, type CliValues, type Environment } from '../options/env.js';

/** The CommonJS preload of this copy of the package. `--require`, since `--import` breaks ts-node. */
export const PRELOAD_FILE = fileURLToPath(new URL('../entry/register.cjs', import.meta.url));

export function appEnvironment(env: Environment, values: CliValues): Record<string, string> {
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    ...Object.fromEntries(given),
    NODE_OPTIONS: withPreload(env['NODE_OPTIONS'], PRELOAD_FILE),
    [CLI_VARIABLE]: JSON.stringify(values),
  };
}

/** Our preload in front of what is there: it has to see the first `process.on(signal)`. Once, also when nested. */
export function withPreload(nodeOptions: string | undefined, file: string): string {
  const others = withoutPreload(nodeOptions, file);
  return others === '' ? preloadFlag(file) : `${preloadFlag(file)} ${others}`;
}

/** What others put into NODE_OPTIONS. */
export function withoutPreload(nodeOptions: string | undefined, file: string): string {
  return (nodeOptions ?? '').split(preloadFlag(file)).join(' ').trim();
}

/** Node reads quotes in NODE_OPTIONS, and inside them `\` keeps the next character as it is. */
function preloadFlag(file: string): string {
  return `--require="${file.replace(/[\\"]/g, '\\$&')}"`;
}

/** `env` with the `node_modules/.bin` of the folder and of all above it in front of PATH, as npm does it. */
export function withLocalBins(env: Record<string, string>, cwd: string): Record<string, string> {
  const key = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  const bins: string[] = [];
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    bins.push(path.join(folder, 'node_modules', '.bin'));
    if (path.dirname(folder) === folder) break;
  }
  return {
    ...env,
    [key]: [...bins, env[key] ?? ''].filter((part) => part !== '').join(path.delimiter),
  };
}

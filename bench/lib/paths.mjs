/**
 * Owns where things are: the built product under test and the programs that the benches start. Used by every bench. The
 * product is the build of this checkout; NACOS_BENCH_DIST names another one, to compare two builds with each other.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const BENCH = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const ROOT = path.resolve(BENCH, '..');
export const DIST = path.resolve(process.env.NACOS_BENCH_DIST ?? path.join(ROOT, 'dist'));
export const RESULTS = path.join(BENCH, 'results');
/** The preload which users name as `--require nacos-serving/register`. */
export const REGISTER = path.join(DIST, 'entry', 'register.cjs');

/** A program of `subjects/`. */
export function subject(name) {
  return path.join(BENCH, 'subjects', name);
}

/** Imports a module of the built product, like `index.js`. */
export async function importBuilt(name) {
  const file = path.join(DIST, name);
  if (!existsSync(file)) throw new Error(`${name} is not built: run "npm run build" first`);
  return import(pathToFileURL(file).href);
}

/** Versions of what is measured, for the head of each result. */
export function versions() {
  const read = (file) => JSON.parse(readFileSync(file, 'utf8')).version;
  const peer = (name) => read(path.join(BENCH, 'node_modules', name, 'package.json'));
  return {
    'nacos-serving': read(path.join(ROOT, 'package.json')),
    nacos: peer('nacos'),
    'nacos-sdk-rust-binding-node': peer('nacos-sdk-rust-binding-node'),
  };
}

/**
 * Owns the checks on the app's file before anything starts, and what Node needs to run it. Called by `commands/run.ts`.
 * Every failure is a ConfigError of one line, which ends the command line with exit code 2.
 */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { ConfigError } from '../errors.js';
import { oneLine } from '../options/given.js';
import { nearestName } from '../options/suggest.js';
import { usage } from './flags.js';

const JAVASCRIPT = new Set(['.js', '.mjs', '.cjs']);
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);
/** Node never runs these by itself. */
const JSX = new Set(['.tsx', '.jsx']);
const NODE_SHEBANG = /^#!\s*(\S*\/)?(env\s+(-S\s+)?(\S*\/)?)?(node|nodejs)(\s|$)/;
const SHEBANG_BYTES = 256;

/** The file as an absolute path. @throws ConfigError USAGE, UNREADABLE_FILE */
export function checkEntryFile(written: string, cwd: string): string {
  const file = path.resolve(cwd, written);
  const shown = oneLine(written);
  if (isDirectory(file, shown)) {
    throw usage(
      `${shown} is a directory: name the file that starts the app, like ${path.join(shown, 'index.js')}`,
    );
  }
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new ConfigError('UNREADABLE_FILE', `${shown} cannot be read: ${codeOf(error)}`, {
      cause: error,
    });
  }
  if (!isForNode(file)) {
    throw usage(
      `${shown} is no JavaScript or TypeScript file: to run any other program, put its command after --, as in: nacos-serving -- python ${shown}`,
    );
  }
  return file;
}

function isDirectory(file: string, shown: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw new ConfigError('UNREADABLE_FILE', `${shown} cannot be read: ${code}`, {
        cause: error,
      });
    }
    const nearest = nearestFile(file);
    const advice =
      nearest === undefined
        ? `to run a command, put it after --, as in: nacos-serving -- ${shown}`
        : `did you mean ${nearest}?`;
    throw new ConfigError('UNREADABLE_FILE', `no file ${shown}: ${advice}`, { cause: error });
  }
}

function nearestFile(file: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(path.dirname(file)).filter(hasKnownExtension);
  } catch {
    // No such folder: then there is nothing to suggest.
    return undefined;
  }
  const base = path.basename(file);
  return names.find((name) => path.parse(name).name === base) ?? nearestName(base, names);
}

function hasKnownExtension(name: string): boolean {
  const extension = path.extname(name);
  return JAVASCRIPT.has(extension) || TYPESCRIPT.has(extension) || JSX.has(extension);
}

/** Known extensions, or a script that asks for node, or no extension and no word on who runs it. */
function isForNode(file: string): boolean {
  if (hasKnownExtension(file)) return true;
  const start = firstBytes(file);
  return start.startsWith('#!') ? NODE_SHEBANG.test(start) : path.extname(file) === '';
}

function firstBytes(file: string): string {
  const buffer = Buffer.alloc(SHEBANG_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer)).split('\n', 1)[0] ?? '';
  } finally {
    closeSync(descriptor);
  }
}

export interface NodeTraits {
  /** `process.features.typescript` is there and not false. */
  readonly stripsTypes: boolean;
  readonly version: string;
  /** Flags of this Node and NODE_OPTIONS of others: a loader named there is the user's choice. */
  readonly flags: string;
}

const LOADER_FLAG = /(^|\s)(--import|--require|-r|--loader|--experimental-loader)(\s|=)/;

/** Flags to run a TypeScript file: none, or tsx of the app. @throws ConfigError USAGE */
export function typeScriptFlags(file: string, node: NodeTraits): readonly string[] {
  const extension = path.extname(file);
  const needed = JSX.has(extension) || (TYPESCRIPT.has(extension) && !node.stripsTypes);
  if (!needed || LOADER_FLAG.test(node.flags)) return [];
  try {
    const tsx = createRequire(file).resolve('tsx');
    return ['--import', pathToFileURL(tsx).href];
  } catch (error) {
    throw new ConfigError(
      'USAGE',
      `${path.basename(file)}: Node ${node.version} does not run ${extension} files by itself; install tsx in the app (npm install tsx), or start its compiled JavaScript`,
      { cause: error },
    );
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

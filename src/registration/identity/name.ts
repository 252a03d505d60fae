/**
 * Owns the name under which this process is registered, and the reason for it. Called by whoever wires the registrar, when the
 * first server listens: only then is the path of the app's script its own (pm2 and others set it late). A name
 * that the registry would refuse is never changed on the quiet: it is an error that says what to do.
 */
import { readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

import { RegistrationError } from '../../errors.js';

export interface NameDecision {
  readonly name: string;
  /** Ends a sentence that starts with "name": `from /srv/orders/package.json`. */
  readonly because: string;
}

export interface NameInput {
  /** Option `service.name`. */
  readonly explicit?: string | undefined;
  /** Path of the app's script (`process.argv[1]`); undefined for `node -e` and the like. */
  readonly script?: string | undefined;
  /** The working directory. */
  readonly folder: string;
  /** For tests. Default: the file system. */
  readonly files?: NameFiles;
}

export interface NameFiles {
  /** undefined when there is no such file or it cannot be read. */
  read(file: string): string | undefined;
  /** The path behind links; the same path when there is nothing. */
  real(file: string): string;
}

// docs/protocol.md#validation, serviceName.
const NAME = /^(?!@)(?!.*@@)[^\s\u4E00-\u9FA5]{1,512}$/;
const ALLOWED = '1 to 512 characters without white space, CJK characters, "@@" or "@" in front';
const REMEDY = 'set service.name, NACOS_SERVICE_NAME or --service-name';

/** @throws RegistrationError NO_SERVICE_NAME */
export function decideName(input: NameInput): NameDecision {
  if (input.explicit !== undefined) return checked(input.explicit, 'as given (service.name)');
  const files = input.files ?? systemFiles;
  const script = input.script === undefined ? undefined : files.real(input.script);
  // A tool that starts the app (next, nest, vite) lies in node_modules; the app is where it was started.
  const start = script === undefined || isInstalled(script) ? input.folder : script;
  return (
    fromManifest(start, files) ??
    (start === input.folder ? undefined : fromFolder(homeOf(start, input.folder))) ??
    fromFolder(input.folder) ??
    refuse('there is no package.json with a name, and the folder has none either')
  );
}

/** The nearest package.json upwards that has a name: a nested one may hold nothing but `"type"`. */
function fromManifest(start: string, files: NameFiles): NameDecision | undefined {
  // The script itself comes first, since `node .` gives the folder as the script.
  for (let folder = start; ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    const name = nameIn(files.read(file));
    if (name !== undefined) return checked(name.replace(/^@[^/]*\//, ''), `from ${file}`);
    if (path.dirname(folder) === folder) return undefined;
  }
}

function nameIn(manifest: string | undefined): string | undefined {
  if (manifest === undefined) return undefined;
  try {
    const name: unknown = Reflect.get(Object(JSON.parse(manifest)) as object, 'name');
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    // A broken package.json names nothing; npm tells its owner.
    return undefined;
  }
}

/** The working directory where the script lies in it, since `src` or `dist` would say little; else the script's folder. */
function homeOf(script: string, folder: string): string {
  const inside = path.relative(folder, script);
  const outside = inside.startsWith('..') || path.isAbsolute(inside);
  return outside ? path.dirname(script) : folder;
}

function fromFolder(folder: string): NameDecision | undefined {
  const name = path.basename(folder);
  return name === '' ? undefined : checked(name, `from the folder ${folder}`);
}

function isInstalled(script: string): boolean {
  return script.split(/[\\/]/).includes('node_modules');
}

function checked(name: string, because: string): NameDecision {
  if (NAME.test(name)) return { name, because };
  return refuse(`name "${name.slice(0, 80)}" ${because} is not valid: allowed is ${ALLOWED}`);
}

function refuse(why: string): never {
  throw new RegistrationError('NO_SERVICE_NAME', `${why}; ${REMEDY}`);
}

const systemFiles: NameFiles = {
  read(file) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // Not there or not ours to read: the search goes on upwards.
      return undefined;
    }
  },
  real(file) {
    try {
      return realpathSync(file);
    } catch {
      // A script that is no file, such as a bundle in memory.
      return file;
    }
  },
};

/**
 * Owns a first look at whether the options of a process may declare services (`discovery.services`), before they are read. Asked by the hub for hosts
 * with a dot: a process that declares nothing must not load a thing because it calls `api.example.com`. It may say yes too often, never
 * too seldom; then the options are read, which know. It checks nothing, and what cannot be read declares nothing.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** As `options/env.ts` and `options/file.ts` have them, which are ES modules; a test goes through all of them. */
const VARIABLE = 'NACOS_DISCOVERY_SERVICES';
const CLI_VARIABLE = 'NACOS_SERVING_CLI';
const FILES = ['nacos.yaml', 'nacos.yml', 'nacos.json', 'package.json'];

export interface DeclaredAround {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Variables and files are looked at once, when it comes to that; options of code may come later. */
export function mayDeclareServices({
  env,
  cwd,
}: DeclaredAround): (host: string, code: object | undefined) => boolean {
  let isElsewhere: boolean | undefined;
  return (host, code) => {
    // Asked for each call of the process; nearly always nothing is declared.
    if (isElsewhere === false && !declaresInCode(code)) return false;
    if (!isDottedHost(host)) return false;
    isElsewhere ??=
      (env[VARIABLE] ?? '') !== '' ||
      (env[CLI_VARIABLE] ?? '').includes('discovery.services') ||
      FILES.some((name) => mentionsServices(path.join(cwd, name)));
    return isElsewhere || declaresInCode(code);
  };
}

/** Of no use in a host name, or the end of it. */
const NO_HOST_NAME = /[\s:/\\?#@[\]%<>^|]/;
/** An empty label, an IPv4 address in any spelling, or a name of this machine. */
const NEVER = /^\.|\.\.|\.$|\.(?:\d+|0x[\da-f]*|localhost)$/i;
const MAX_NAME_LENGTH = 512;

/** As `discovery/target.ts` says, which is an ES module; a test holds the two together. */
export function isDottedHost(host: string): boolean {
  return (
    host.includes('.') &&
    host.length <= MAX_NAME_LENGTH &&
    !NO_HOST_NAME.test(host) &&
    !NEVER.test(host)
  );
}

function mentionsServices(file: string): boolean {
  try {
    const text = readFileSync(file, 'utf8');
    return text.includes('services') && text.includes('discovery');
  } catch {
    // Not there, as nearly always; what else is wrong with it is said when the options are read.
    return false;
  }
}

function declaresInCode(code: object | undefined): boolean {
  const discovery: unknown = code === undefined ? undefined : Reflect.get(code, 'discovery');
  return (
    typeof discovery === 'object' &&
    discovery !== null &&
    Reflect.get(discovery, 'services') !== undefined
  );
}

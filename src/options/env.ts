/**
 * Owns what environment variables say: one variable per option, and NACOS_SERVING_CLI, in which the command line hands
 * its flags to the app's process. Called by `load.ts`, which passes the environment in. Other NACOS_* variables are not
 * ours and are left alone. An empty variable means not given: that is how compose files and shells unset one.
 */
import path from 'node:path';

import { ConfigError } from '../errors.js';
import { oneLine, type Given } from './given.js';
import { ALL_ROWS } from './schema.js';

/** Variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
/** Values of flags by the path of their row; a repeated flag gives a list. */
export type CliValues = Readonly<Record<string, string | readonly string[]>>;

/** JSON `{path: value}`. Set by the command line for the process it starts, also when it is `{}`. */
export const CLI_VARIABLE = 'NACOS_SERVING_CLI';

/** True in a process that `nacos-serving run` started: its log level is then `info`, not `warn`. */
export function startedByCli(env: Environment): boolean {
  return (env[CLI_VARIABLE] ?? '') !== '';
}

/** Where the caches of this user are; undefined for one without a home, like many a system user. */
export function cacheHome(env: Environment): string | undefined {
  const { XDG_CACHE_HOME: caches = '', HOME, USERPROFILE } = env;
  // The specification of that variable says that a relative path counts for nothing.
  if (path.isAbsolute(caches)) return path.join(caches, 'nacos-serving');
  const home = HOME ?? USERPROFILE ?? '';
  return path.isAbsolute(home) ? path.join(home, '.cache', 'nacos-serving') : undefined;
}

export interface EnvLayer {
  readonly given: readonly Given[];
  readonly notices: readonly string[];
}

export function readEnvironment(env: Environment): EnvLayer {
  const given: Given[] = [];
  const notices: string[] = [];
  for (const row of ALL_ROWS) {
    const raw = env[row.env];
    if (raw === undefined || raw === '') continue;
    if (row.path === 'service.port' && isKubernetesLink(env)) {
      notices.push(
        `${row.env}=${raw} comes from the Kubernetes service "nacos", not from a user, and is ignored`,
      );
      continue;
    }
    if (row.kind === 'port' && LINK.test(raw)) {
      notices.push(`${row.env}=${oneLine(raw)} comes from a Kubernetes service and is ignored`);
      continue;
    }
    const origin = `env ${row.env}`;
    given.push({ row, raw, origin, place: origin });
  }
  return { given, notices };
}

/** What Kubernetes sets for each service of the namespace: NACOS_HEALTH_PORT for one called `nacos-health`. */
const LINK = /^(tcp|udp|sctp):\/\//;

/**
 * Kubernetes puts NACOS_SERVICE_HOST, NACOS_SERVICE_PORT and NACOS_PORT=tcp://... into every pod when a service of the
 * namespace is called `nacos`. Taken for ours, every app would register the port of the Nacos server.
 */
function isKubernetesLink(env: Environment): boolean {
  const { NACOS_SERVICE_HOST: host, NACOS_SERVICE_PORT: port = '', NACOS_PORT: link = '' } = env;
  return host !== undefined && LINK.test(link) && link.endsWith(`:${port}`);
}

/** The flags that the command line handed over. @throws ConfigError INVALID_OPTION */
export function readCliVariable(env: Environment): CliValues {
  const text = env[CLI_VARIABLE];
  if (text === undefined || text === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Not kept as the cause: the message of JSON.parse quotes the text.
    throw malformed(text);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw malformed(text);
  const values: [string, string | readonly string[]][] = [];
  for (const [path, value] of Object.entries(parsed) as [string, unknown][]) {
    if (!isCliValue(value)) throw malformed(text);
    values.push([path, value]);
  }
  return Object.fromEntries(values);
}

function isCliValue(value: unknown): value is string | readonly string[] {
  const isText = (each: unknown): boolean => typeof each === 'string';
  return isText(value) || (Array.isArray(value) && value.every(isText));
}

/** The text may hold secrets of flags, so only its length is told. */
function malformed(text: string): ConfigError {
  return new ConfigError(
    'INVALID_OPTION',
    `env ${CLI_VARIABLE} = *** (${String(text.length)} characters): must be what nacos-serving wrote, a JSON object of texts; do not set it by hand`,
  );
}

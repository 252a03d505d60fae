/**
 * Owns the environment variables that an app gets from config center at its start: `nacos-serving run --import-config`. Called by `commands/run.ts` before
 * the app is started. It reads, closes everything, and starts nothing.
 */
import { createClient } from '../client/client.js';
import { SettingsError } from '../errors.js';
import { createLogger, silentLogger, type Logger } from '../logger.js';
import { configFoldersOf, connectionOf } from '../options/connection.js';
import type { Environment } from '../options/env.js';
import type { ResolvedOptions } from '../options/schema.js';
import { envName } from '../settings/env-names.js';
import { withScheme } from '../settings/import-spec.js';
import { shown } from '../settings/secrets.js';
import { createSettings } from '../settings/settings.js';
import { leavesOf } from '../settings/tree.js';

/** One value of the configs. */
export interface ImportedVariable {
  readonly name: string;
  readonly value: string;
  /** As it may be shown. */
  readonly shown: string;
  readonly key: string;
  /** `nacos:app.yaml?group=DEFAULT_GROUP` */
  readonly source: string;
  /**
   * Why the app does not get it: the environment has the variable, another key is spelled the same and counts more, or nobody may set it from outside. undefined: it does.
   */
  readonly whyNot: 'environment' | 'other key' | 'reserved' | undefined;
}

/** They decide what runs in the process, or are ours: a config must not set them. */
const RESERVED =
  /^(NODE_OPTIONS|NODE_PATH|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|NODE_REPL_.*|PATH|SHELL|IFS|ENV|BASH_ENV|LD_.*|DYLD_.*|GLIBC_.*|NACOS_.*)$/;
/** Linux takes 128 KiB for one variable with its name. */
const MAX_VALUE_BYTES = 120_000;
/** Of all; Linux takes a quarter of the stack, usually 2 MiB, with the arguments. */
const MAX_ALL_BYTES = 1_000_000;

/** Sorted by name. @throws ConfigError for the words of an import, SettingsError for what it leads to */
export async function importConfig(
  options: ResolvedOptions,
  env: Environment,
): Promise<readonly ImportedVariable[]> {
  const { level, file } = options.logging;
  const logger = createLogger({ level, ...(file === undefined ? {} : { file }) });
  let reason: string | undefined;
  // Of an outage it says that the app goes on, which does not run yet: the error says it, if it comes to one. Copies and operators' files it tells of.
  const hearing: Logger = {
    ...silentLogger,
    warn(message) {
      const outage = whyNotReached(message);
      if (outage === undefined) logger.warn(message);
      reason ??= outage;
    },
  };
  const imports = options.config.import.map((text) => withScheme(text, 'config.import'));
  await using client = createClient({
    ...connectionOf(options),
    ...configFoldersOf(options),
    namespace: options.namespace,
    appName: options.service.name ?? 'nacos-serving',
    logger: hearing,
  });
  const reading = createSettings({
    config: client.config,
    imports,
    env,
    refresh: false,
    timeoutMs: options.config.importTimeoutMs,
    logger,
  });
  await using settings = await reading.catch((error: unknown) => {
    if (reason === undefined || !(error instanceof SettingsError)) throw error;
    throw new SettingsError(error.code, `${error.message}: ${reason}`, { cause: error });
  });
  const sources = new Map(settings.explain().map((one) => [one.key, one]));
  const variables = new Map<string, ImportedVariable>();
  const others: ImportedVariable[] = [];
  for (const [key, { value }] of leavesOf(settings.value)) {
    // Empty maps and lists have no value, and null is none.
    if (value === null || typeof value === 'object') continue;
    const name = envName(key);
    const { source = '', hidden = [] } = sources.get(key) ?? {};
    const isGiven = Object.hasOwn(env, name) && env[name] !== undefined;
    const whyNot = RESERVED.test(name) ? 'reserved' : isGiven ? 'environment' : undefined;
    const origin = isGiven ? (hidden[0] ?? source) : source;
    const text = String(value);
    const one: ImportedVariable = {
      name,
      value: text,
      shown: shown(key, value),
      key,
      source: origin,
      whyNot,
    };
    const earlier = variables.get(name);
    if (earlier !== undefined) others.push({ ...earlier, whyNot: earlier.whyNot ?? 'other key' });
    variables.set(name, one);
  }
  const all = [...variables.values(), ...others];
  checkSizes(all.filter(({ whyNot }) => whyNot === undefined));
  return all.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** From a line like `cannot reach Nacos at 10.0.0.1:8848: connect ECONNREFUSED 10.0.0.1:9848; the app goes on without it`. */
function whyNotReached(message: string): string | undefined {
  return /^(cannot reach Nacos at .*); the app /.exec(message)?.[1];
}

/** An environment that the system does not take would end us without a word. @throws SettingsError */
function checkSizes(variables: readonly ImportedVariable[]): void {
  let sum = 0;
  for (const { key, value, source } of variables) {
    const bytes = Buffer.byteLength(value);
    sum += bytes;
    if (value.includes('\0')) {
      throw new SettingsError('SETTINGS_BROKEN', `${key} (${source}) holds a NUL character`);
    }
    if (bytes > MAX_VALUE_BYTES) {
      throw new SettingsError(
        'SETTINGS_BROKEN',
        `${key} (${source}) has ${String(bytes)} bytes: a variable takes at most ${String(MAX_VALUE_BYTES)}`,
      );
    }
  }
  if (sum <= MAX_ALL_BYTES) return;
  throw new SettingsError(
    'SETTINGS_BROKEN',
    `the imported configs have ${String(sum)} bytes: an environment takes at most ${String(MAX_ALL_BYTES)}`,
  );
}

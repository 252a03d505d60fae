/**
 * Owns the check of what code gives to `createSettings`: callers from JavaScript have no types. Called once, by `settings.ts`. Sources are checked by
 * `source-list.ts`.
 */
import { ConfigError } from '../errors.js';
import { showValue, unknownName } from '../options/given.js';
import type { SettingsOptions } from './settings-options.js';

type Check = (value: unknown) => string | undefined;

const MAX_MS = 2_147_483_647;
const list: Check = (value) => (Array.isArray(value) ? undefined : 'a list');
const map: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object';
const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'text');
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : 'true or false');
const having =
  (method: string, what: string): Check =>
  (value) =>
    typeof Reflect.get(Object(value) as object, method) === 'function' ? undefined : what;

/** Complete by its type. */
const CHECKS: Readonly<Record<keyof SettingsOptions, Check>> = {
  config: having('listen', 'the `config` of a client'),
  defaults: map,
  shared: list,
  extension: list,
  application: map,
  imports: list,
  local: (value) => (text(value) === undefined ? undefined : list(value) && 'a path, or a list'),
  env: map,
  schema: (value) =>
    having('validate', '')(Reflect.get(Object(value) as object, '~standard')) === undefined
      ? undefined
      : 'a schema with the Standard Schema interface, as valibot, zod and arktype have it',
  profiles: list,
  group: text,
  preference: (value) =>
    value === 'local' || value === 'remote' ? undefined : 'one of local, remote',
  refresh: boolean,
  placeholders: boolean,
  cwd: text,
  timeoutMs: (value) =>
    typeof value === 'number' && value >= 1 && value <= MAX_MS
      ? undefined
      : `a number of milliseconds from 1 to ${String(MAX_MS)}`,
  signal: having('throwIfAborted', 'an AbortSignal'),
  logger: having('warn', 'an object with debug, info, warn and error'),
  clock: having('nowMs', 'a clock'),
};

/** @throws ConfigError */
export function checkSettingsOptions(options: unknown): void {
  if (map(options) !== undefined) throw invalid('options', options, 'an object');
  for (const [name, value] of Object.entries(options as object) as [string, unknown][]) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof SettingsOptions] : undefined;
    if (check === undefined) {
      const known = Object.keys(CHECKS);
      throw unknownName('option', { written: name, place: 'code' }, known);
    }
    const allowed = value === undefined ? undefined : check(value);
    if (allowed !== undefined) throw invalid(name, value, allowed);
  }
  if (Reflect.get(options as object, 'config') === undefined) {
    throw invalid('config', undefined, 'the `config` of a client');
  }
}

function invalid(name: string, value: unknown, allowed: string): ConfigError {
  // Defaults, variables and clients may hold secrets.
  const isSafe = typeof value !== 'object' && typeof value !== 'function';
  const shown = isSafe
    ? showValue({}, value)
    : Array.isArray(value)
      ? 'a list'
      : `an ${typeof value}`;
  return new ConfigError('INVALID_OPTION', `${name} = ${shown} (code): must be ${allowed}`, {
    details: { option: name, place: 'code', allowed },
  });
}

/**
 * Owns which sources there are, in which order, from the options of `createSettings`. The order is the precedence; docs/settings.md states it. Used by
 * `settings.ts`. Pure.
 */
import { ConfigError } from '../errors.js';
import { showValue } from '../options/given.js';
import { parseImport, type ImportSpec, type Preference } from './import-spec.js';
import type { ApplicationConfig, SettingsOptions, SharedConfig } from './settings-options.js';
import { formatOfName, type SettingsFormat } from './formats/content.js';

const DEFAULT_GROUP = 'DEFAULT_GROUP';

/** One source, ready to be read. */
export interface SourcePlan {
  /** For people, in logs, errors and `explain()`. */
  readonly name: string;
  readonly kind: 'nacos' | 'file';
  readonly id: string;
  readonly group: string;
  readonly refresh: boolean;
  /** All three failures are no error. */
  readonly optional: boolean;
  /** That there is none is no error. */
  readonly mayBeMissing: boolean;
  /** undefined: the type that Nacos has for it decides. */
  readonly format: SettingsFormat | undefined;
  readonly key: string | undefined;
}

/** The lowest first. @throws ConfigError */
export function planSources(
  options: Omit<SettingsOptions<unknown>, 'config'>,
): readonly SourcePlan[] {
  const group = options.group ?? DEFAULT_GROUP;
  const preference = options.preference ?? 'local';
  const imports = (options.imports ?? []).map((text, index) =>
    parseImport(asText(text, `imports[${String(index)}]`), `imports[${String(index)}]`),
  );
  const isRemote = (spec: ImportSpec): boolean => isAboveLocal(spec, preference);
  const plans = [
    ...sharedPlans('shared', options.shared, group),
    ...sharedPlans('extension', options.extension, group),
    ...applicationPlans(options.application, options.profiles ?? [], group),
    ...imports.filter((spec) => !isRemote(spec)).map((spec) => planOf(spec, group)),
    ...localPlans(options.local),
    ...imports.filter(isRemote).map((spec) => planOf(spec, group)),
  ];
  const followed = plans.map((plan) =>
    options.refresh === false ? { ...plan, refresh: false } : plan,
  );
  const twice = plans.find((plan, index) => plans.findIndex(isSame(plan)) !== index);
  if (twice === undefined) return followed;
  throw new ConfigError('INVALID_OPTION', `${twice.name} is a source twice: name it once`);
}

function isSame({ kind, id, group, key }: SourcePlan) {
  return (other: SourcePlan): boolean =>
    other.kind === kind && other.id === id && other.group === group && other.key === key;
}

/** Only what comes from Nacos can be preferred to local files. */
function isAboveLocal({ kind, preference }: ImportSpec, all: Preference): boolean {
  return kind === 'nacos' && (preference ?? all) === 'remote';
}

function sharedPlans(
  option: 'shared' | 'extension',
  configs: SettingsOptions['shared'],
  group: string,
): readonly SourcePlan[] {
  return (configs ?? []).map((config, index) => {
    const place = `${option}[${String(index)}]`;
    if (typeof config === 'string') return planOf(parseImport(config, place, true), group);
    return planOf(specOf(config, place), group);
  });
}

function specOf(config: SharedConfig, place: string): ImportSpec {
  // Types do not hold for callers from JavaScript.
  const given: unknown = config;
  const { dataId } = Object(given) as Partial<SharedConfig>;
  if (typeof dataId !== 'string' || dataId === '') {
    throw new ConfigError(
      'INVALID_OPTION',
      `${place} = ${showValue({}, given)} (code): must be a data id, or an object with dataId`,
    );
  }
  return {
    kind: 'nacos',
    id: dataId,
    group: config.group,
    optional: config.optional ?? false,
    refresh: config.refresh,
    preference: undefined,
    format: config.format,
    key: undefined,
  };
}

function applicationPlans(
  application: ApplicationConfig | undefined,
  active: readonly string[],
  group: string,
): readonly SourcePlan[] {
  if (application === undefined) return [];
  const { name, profiles = active, extension = 'properties' } = application;
  const format = formatOfName(`.${extension}`);
  if (asText(name, 'application.name') === '' || format === undefined) {
    throw new ConfigError(
      'INVALID_OPTION',
      `application = ${showValue({}, application)} (code): must have a name, and an extension out of yaml, yml, json, properties, toml`,
    );
  }
  const ids = [
    name,
    `${name}.${extension}`,
    ...profiles.map((profile) => `${name}-${profile}.${extension}`),
  ];
  return ids.map((id) => ({
    ...planOf(
      {
        kind: 'nacos',
        id,
        group: application.group,
        optional: false,
        refresh: application.refresh,
        preference: undefined,
        format,
        key: undefined,
      },
      group,
    ),
    mayBeMissing: true,
  }));
}

function localPlans(local: SettingsOptions['local']): readonly SourcePlan[] {
  const files = local === undefined ? [] : typeof local === 'string' ? [local] : local;
  return files.map((file) => ({
    ...planOf(
      {
        kind: 'file',
        id: asText(file, 'local'),
        group: undefined,
        optional: false,
        refresh: true,
        preference: undefined,
        format: undefined,
        key: undefined,
      },
      '',
    ),
    mayBeMissing: true,
  }));
}

export function planOf(spec: ImportSpec, defaultGroup: string): SourcePlan {
  const { kind, id, optional } = spec;
  const group = kind === 'file' ? '' : (spec.group ?? defaultGroup);
  const format = spec.format ?? formatOfName(id);
  return {
    name: kind === 'file' ? `file:${id}` : `nacos:${id}?group=${group}`,
    kind,
    id,
    group,
    refresh: spec.refresh ?? true,
    optional,
    mayBeMissing: false,
    format,
    key: spec.key ?? (format === 'text' ? nameWithoutEnding(id) : undefined),
  };
}

function nameWithoutEnding(id: string): string {
  return (id.split('/').at(-1) ?? id).replace(/\.[^.]+$/, '');
}

/** Types do not hold for callers from JavaScript. */
function asText(value: unknown, option: string): string {
  if (typeof value === 'string') return value;
  throw new ConfigError(
    'INVALID_OPTION',
    `${option} = ${showValue({}, value)} (code): must be text`,
  );
}

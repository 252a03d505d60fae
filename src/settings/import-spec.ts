/**
 * Owns the words of an import: `[optional:]nacos:<data id>[?group=&refresh=&preference=&format=&key=]`, or `file:` and a path. Used by `source-list.ts`, by the
 * command line and by the runtime. Pure. Spring's `refreshEnabled` is the same as `refresh`.
 */
import { ConfigError } from '../errors.js';
import { oneLine, unknownName } from '../options/given.js';
import { FORMATS, type SettingsFormat } from './formats/content.js';

/** Which goes before the other, what is on this machine or what is in Nacos. */
export type Preference = 'local' | 'remote';

/** One place settings come from, as its user names it. `undefined` means not given. */
export interface ImportSpec {
  readonly kind: 'nacos' | 'file';
  /** A data id, or a path. */
  readonly id: string;
  readonly group: string | undefined;
  /** Missing, unreachable or broken: it is said in the log, and the rest goes on. */
  readonly optional: boolean;
  /** False: its changes do not count before the next start. */
  readonly refresh: boolean | undefined;
  /** remote: it goes before local files as well. */
  readonly preference: Preference | undefined;
  /** Default: by the ending, then by the type that Nacos has for it. */
  readonly format: SettingsFormat | undefined;
  /** All of it goes below this key. */
  readonly key: string | undefined;
}

const FORM =
  '[optional:]nacos:DATA_ID[?group=...&refresh=true|false&preference=local|remote&format=...&key=...], or [optional:]file:PATH';
const OPTIONAL = 'optional:';
const PARAMETERS = ['group', 'refresh', 'refreshEnabled', 'preference', 'format', 'key'] as const;
type Parameter = (typeof PARAMETERS)[number];

/** `bare`: a data id may stand without `nacos:` in front. @throws ConfigError INVALID_OPTION, UNKNOWN_OPTION */
export function parseImport(text: string, place: string, bare = false): ImportSpec {
  const optional = text.startsWith(OPTIONAL);
  const location = optional ? text.slice(OPTIONAL.length) : text;
  const kind = location.startsWith('nacos:')
    ? 'nacos'
    : location.startsWith('file:')
      ? 'file'
      : undefined;
  if (kind === undefined && !(bare && /^[\w-][\w.-]*(?:[?:]|$)/.test(location))) {
    throw invalid(text, place);
  }
  const rest = kind === undefined ? location : location.slice(kind.length + 1);
  const question = rest.indexOf('?');
  const id = decoded(question === -1 ? rest : rest.slice(0, question), text, place);
  if (id === '' || (kind !== 'file' && /[\s/]/.test(id))) throw invalid(text, place);
  const query = question === -1 ? '' : rest.slice(question + 1);
  const given = readParameters(query, { text, place });
  return {
    kind: kind ?? 'nacos',
    id,
    optional,
    group: given.get('group'),
    refresh: readSwitch(given, { text, place }),
    preference: oneOf('preference', ['local', 'remote'], given, { text, place }),
    format: oneOf('format', FORMATS, given, { text, place }),
    key: given.get('key'),
  };
}

/** The same with `nacos:` in front, for who may leave it out. @throws ConfigError */
export function withScheme(text: string, place: string): string {
  const { kind, optional } = parseImport(text, place, true);
  const location = optional ? text.slice(OPTIONAL.length) : text;
  const isWhole = location.startsWith(`${kind}:`);
  return isWhole ? text : `${optional ? OPTIONAL : ''}${kind}:${location}`;
}

interface Where {
  readonly text: string;
  readonly place: string;
}

function readParameters(query: string, { text, place }: Where): ReadonlyMap<Parameter, string> {
  const given = new Map<Parameter, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = PARAMETERS.find((each) => each === name);
    if (known === undefined) {
      const written = { written: name, place: `${oneLine(text)}, ${place}` };
      throw unknownName('parameter', written, PARAMETERS, `known are ${PARAMETERS.join(', ')}`);
    }
    if (value === '') throw invalid(text, place, `${name} has no value`);
    given.set(known, value);
  }
  return given;
}

function readSwitch(given: ReadonlyMap<Parameter, string>, where: Where): boolean | undefined {
  const name = given.has('refresh') ? 'refresh' : 'refreshEnabled';
  const word = oneOf(name, ['true', 'false'], given, where);
  return word === undefined ? undefined : word === 'true';
}

function oneOf<T extends string>(
  name: Parameter,
  allowed: readonly T[],
  given: ReadonlyMap<Parameter, string>,
  { text, place }: Where,
): T | undefined {
  const value = given.get(name);
  const found = allowed.find((each) => each === value);
  if (value === undefined || found !== undefined) return found;
  throw invalid(text, place, `${name} must be one of ${allowed.join(', ')}`);
}

function decoded(id: string, text: string, place: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    // A % that begins no escape.
    throw invalid(text, place);
  }
}

function invalid(text: string, place: string, why = `must be ${FORM}`): ConfigError {
  return new ConfigError('INVALID_OPTION', `import "${oneLine(text)}" (${place}): ${why}`, {
    details: { place },
  });
}

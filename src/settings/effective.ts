/**
 * Owns how the contents of all sources become the settings that count: merge, variables of the environment, placeholders; with the source of each key. Used by
 * `settings.ts` for every change. Pure.
 */
import { envName } from './env-names.js';
import { formatKey, parseKey, valueAt } from './key-path.js';
import { HOLDER, Placeholders } from './placeholders.js';
import {
  leavesOf,
  mapLeaves,
  mergeTrees,
  type Leaf,
  type SettingsScalar,
  type SettingsTree,
  type SettingsValue,
} from './tree.js';

/** The content of one source. */
export interface SourceContent {
  /** For people: `nacos:app.yaml?group=DEFAULT_GROUP`. */
  readonly name: string;
  readonly tree: SettingsTree;
  /** Its values are texts because its format knows nothing else: the schema may ask for numbers. */
  readonly isTextOnly: boolean;
  /** Its values are taken as they are. */
  readonly isLiteral: boolean;
}

/** One key with its value. */
export interface EffectiveKey extends Leaf {
  readonly key: string;
  readonly source: string;
  /** Sources that have the key too and do not count, the next one first. */
  readonly hidden: readonly string[];
  /** It may be meant as a number or a boolean. */
  readonly mayBeConverted: boolean;
}

export interface Effective {
  readonly tree: SettingsTree;
  readonly keys: ReadonlyMap<string, EffectiveKey>;
}

export interface EffectiveOptions {
  /** A variable of the name of a key goes before every source, and placeholders may ask for any. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly placeholders: boolean;
}

/** `contents`: the lowest first. @throws TreeError for a placeholder that cannot be resolved */
export function makeEffective(
  contents: readonly SourceContent[],
  options: EffectiveOptions,
): Effective {
  const merged = mergeTrees(contents.map(({ tree }) => tree));
  const keys = new Map<string, EffectiveKey>();
  const raw = new Map<string, SettingsScalar>();
  const literal = new Set<string>();
  for (const [key, { path, value }] of leavesOf(merged)) {
    const owners = contents.filter(({ tree }) => valueAt(tree, path) !== undefined).reverse();
    const [owner] = owners;
    const variable = envName(key);
    const given = isScalar(value) ? own(options.env, variable) : undefined;
    if (given !== undefined || owner?.isLiteral === true) literal.add(key);
    const names = owners.map(({ name }) => name);
    keys.set(key, {
      key,
      path,
      value: given ?? value,
      source: given === undefined ? (names[0] ?? '') : `env ${variable}`,
      hidden: given === undefined ? names.slice(1) : names,
      mayBeConverted:
        given !== undefined ||
        owner?.isTextOnly === true ||
        (typeof value === 'string' && value.includes('${')),
    });
    if (isScalar(value)) raw.set(key, given ?? value);
  }
  const placeholders = new Placeholders({
    valueOf: (name) => rawOf(name, raw, merged),
    isResolved: (key) => options.placeholders && !literal.has(key),
    variable: (name) => own(options.env, name),
  });
  const tree = mapLeaves(merged, (value, key) => placeholders.resolve(key, raw.get(key) ?? value));
  for (const [key, known] of keys) {
    const value = valueAt(tree, known.path);
    if (value !== undefined) keys.set(key, { ...known, value: value as SettingsValue });
  }
  return { tree, keys };
}

function rawOf(
  name: string,
  raw: ReadonlyMap<string, SettingsScalar>,
  merged: SettingsTree,
): SettingsScalar | typeof HOLDER | undefined {
  const path = parseKey(name);
  if (path === undefined) return undefined;
  const value = raw.get(formatKey(path));
  if (value !== undefined) return value;
  return valueAt(merged, path) === undefined ? undefined : HOLDER;
}

/** An object of the user's has `toString` and the like besides. */
function own(env: EffectiveOptions['env'], name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}

function isScalar(value: SettingsValue): value is SettingsScalar {
  return typeof value !== 'object' || value === null;
}

/** Keys whose value is another one, that came, or that went; sorted. */
export function changedKeys(before: Effective, after: Effective): readonly string[] {
  const changed: string[] = [];
  for (const key of new Set([...before.keys.keys(), ...after.keys.keys()])) {
    const [old, now] = [before.keys.get(key), after.keys.get(key)];
    // What is no scalar here is empty.
    const isSame =
      old !== undefined &&
      now !== undefined &&
      JSON.stringify(old.value) === JSON.stringify(now.value);
    if (!isSame) changed.push(key);
  }
  return changed.sort();
}

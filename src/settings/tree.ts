/**
 * Owns the tree of settings: how what a parser gave becomes one, how two are merged, and its leaves. Used by the sources and by `effective.ts`. Pure; no key can
 * reach a prototype: `__proto__` and `constructor` are left out, and everything is set as an own key.
 */
import { formatKey, parseKey, type KeyPath } from './key-path.js';

/** A single value of settings. */
export type SettingsScalar = string | number | boolean | null;
/** What may stand under a key. */
export type SettingsValue = SettingsScalar | readonly SettingsValue[] | SettingsTree;
/** Plain objects and lists of texts, numbers, booleans and null. */
export interface SettingsTree {
  readonly [key: string]: SettingsValue;
}

/** The content cannot be a tree; the caller knows whose it is. Holds no value. */
export class TreeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TreeError';
  }
}

interface MutableTree {
  [key: string]: Mutable;
}
type Mutable = SettingsScalar | Mutable[] | MutableTree;

const MAX_DEPTH = 64;
/** Far more than settings have; aliases of aliases multiply. */
const MAX_VALUES = 100_000;
const UNSAFE = new Set(['__proto__', 'constructor']);

export interface BuiltTree {
  readonly tree: SettingsTree;
  /** Keys that were left out because they could reach a prototype. */
  readonly unsafe: readonly string[];
}

/** `raw`: a map, whose keys may be paths: `a.b: 1` is the same as a map in a map. @throws TreeError */
export function buildTree(raw: Readonly<Record<string, unknown>>): BuiltTree {
  const builder = new TreeBuilder();
  const tree = builder.map(raw, 0);
  checkLists(tree, []);
  return { tree, unsafe: builder.unsafe };
}

class TreeBuilder {
  readonly unsafe: string[] = [];
  #values = 0;

  map(raw: object, depth: number): MutableTree {
    const tree: MutableTree = {};
    for (const [key, value] of Object.entries(raw) as [string, unknown][]) {
      const path = parseKey(key);
      if (path === undefined) throw new TreeError(`"${shortened(key)}" is no key`);
      if (path.some((step) => UNSAFE.has(String(step)))) {
        this.unsafe.push(key);
        continue;
      }
      setAt(tree, path, this.#value(value, depth + 1));
    }
    return tree;
  }

  #value(raw: unknown, depth: number): Mutable {
    if (depth > MAX_DEPTH) throw new TreeError('nested too deep');
    if (++this.#values > MAX_VALUES) throw new TreeError('too many values');
    if (raw === null || raw === undefined) return null;
    switch (typeof raw) {
      case 'string':
      case 'boolean':
      case 'number':
        return raw;
      case 'bigint':
        return Number.isSafeInteger(Number(raw)) ? Number(raw) : String(raw);
      case 'object':
        break;
      default:
        throw new TreeError(`a ${typeof raw} is no value of settings`);
    }
    if (Array.isArray(raw)) return raw.map((item: unknown) => this.#value(item, depth + 1));
    if (raw instanceof Date) return raw.toISOString();
    return this.map(raw, depth);
  }
}

/** What stands on the way and is no map or list is replaced: the later key counts. */
function setAt(root: MutableTree, path: KeyPath, value: Mutable): void {
  let holder: MutableTree | Mutable[] = root;
  for (const [index, step] of path.entries()) {
    const next = path[index + 1];
    if (Array.isArray(holder) && typeof step !== 'number') {
      throw new TreeError(`${formatKey(path)}: ${formatKey(path.slice(0, index))} is a list`);
    }
    const slots = holder as Record<string | number, Mutable>;
    const there = Object.hasOwn(slots, step) ? slots[step] : undefined;
    if (next === undefined) {
      slots[step] = isMap(there) && isMap(value) ? mergeInto(there, value) : value;
      return;
    }
    if (typeof there === 'object' && there !== null) {
      holder = there;
      continue;
    }
    const made: MutableTree | Mutable[] = typeof next === 'number' ? [] : {};
    slots[step] = made;
    holder = made;
  }
}

/** `a[0]` and `a[2]` without `a[1]`: most likely a slip, and nobody knows what was meant. @throws TreeError */
function checkLists(value: Mutable, path: KeyPath): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) {
    for (const [key, child] of Object.entries(value)) checkLists(child, [...path, key]);
    return;
  }
  for (let index = 0; index < value.length; index++) {
    const here = [...path, index];
    if (!Object.hasOwn(value, index)) throw new TreeError(`${formatKey(here)} is missing`);
    checkLists(value[index] ?? null, here);
  }
}

/** Maps are merged key by key, and anything else is replaced whole, lists too. The later one counts. */
export function mergeTrees(trees: readonly SettingsTree[]): SettingsTree {
  const merged: MutableTree = {};
  for (const tree of trees) mergeInto(merged, tree as MutableTree);
  return merged;
}

function mergeInto(target: MutableTree, source: MutableTree): MutableTree {
  for (const [key, value] of Object.entries(source)) {
    const there = Object.hasOwn(target, key) ? target[key] : undefined;
    target[key] = isMap(value) ? mergeInto(isMap(there) ? there : {}, value) : copy(value);
  }
  return target;
}

function copy(value: Mutable): Mutable {
  if (Array.isArray(value)) return value.map(copy);
  return isMap(value) ? mergeInto({}, value) : value;
}

function isMap(value: Mutable | undefined): value is MutableTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Leaf {
  readonly path: KeyPath;
  /** Empty maps and lists are leaves, too. */
  readonly value: SettingsValue;
}

/** In the order of the tree. */
export function leavesOf(tree: SettingsTree): ReadonlyMap<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const walk = (value: SettingsValue, path: KeyPath): void => {
    const isHolder = typeof value === 'object' && value !== null;
    const children: [string | number, SettingsValue][] = !isHolder
      ? []
      : isList(value)
        ? [...value.entries()]
        : Object.entries(value);
    if (children.length === 0 && path.length > 0) leaves.set(formatKey(path), { path, value });
    for (const [step, child] of children) walk(child, [...path, step]);
  };
  walk(tree, []);
  return leaves;
}

/** The same tree with other leaves. */
export function mapLeaves(
  tree: SettingsTree,
  change: (value: SettingsScalar, key: string) => SettingsScalar,
): SettingsTree {
  const walk = (value: SettingsValue, path: KeyPath): SettingsValue => {
    if (typeof value !== 'object' || value === null) return change(value, formatKey(path));
    if (isList(value)) return value.map((item, index) => walk(item, [...path, index]));
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, walk(child, [...path, key])]),
    );
  };
  return Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, walk(child, [key])]));
}

function isList(value: object): value is readonly SettingsValue[] {
  return Array.isArray(value);
}

/** Plain objects and lists, all the way down. What a schema made of another kind is left as it is. */
export function freezePlain<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) freezePlain(child);
  return value;
}

const SHOWN = 60;

function shortened(key: string): string {
  const line = key.replace(/\s+/g, ' ');
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}...` : line;
}

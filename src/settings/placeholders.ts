/**
 * Owns `${a.b}` and `${a.b:default}` in texts: nested, in names and defaults alike; `\${` is a `${` that stays. Used by `effective.ts`. Pure. What cannot be resolved
 * is an error that names the chain of keys, never their values.
 */
import { TreeError, type SettingsScalar } from './tree.js';

/** Something stands there, and it is no value. */
export const HOLDER = Symbol('holder');

export interface PlaceholderScope {
  /** The value of a key before its own placeholders are resolved; a map or list is `HOLDER`; undefined: there is none. */
  readonly valueOf: (key: string) => SettingsScalar | typeof HOLDER | undefined;
  /** False for a value that is taken as it is. */
  readonly isResolved: (key: string) => boolean;
  /** The last resort: a variable of the environment. */
  readonly variable: (name: string) => string | undefined;
}

const OPEN = '${';
const MAX_CHAIN = 50;

export class Placeholders {
  readonly #scope: PlaceholderScope;
  readonly #known = new Map<string, SettingsScalar>();

  constructor(scope: PlaceholderScope) {
    this.#scope = scope;
  }

  /** The value of a key with everything in it resolved. @throws TreeError */
  resolve(key: string, value: SettingsScalar): SettingsScalar {
    return this.#resolveKey(key, value, []);
  }

  #resolveKey(key: string, value: SettingsScalar, chain: readonly string[]): SettingsScalar {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (chain.includes(key) || chain.length >= MAX_CHAIN) {
      const circle = [...chain.slice(Math.max(chain.indexOf(key), 0)), key].join(' -> ');
      throw new TreeError(`placeholders go round in a circle: ${circle}`);
    }
    const isText = typeof value === 'string' && value.includes(OPEN);
    const resolved =
      isText && this.#scope.isResolved(key) ? this.#resolveText(value, [...chain, key]) : value;
    this.#known.set(key, resolved);
    return resolved;
  }

  #resolveText(text: string, chain: readonly string[]): SettingsScalar {
    let resolved = '';
    let offset = 0;
    for (;;) {
      const start = text.indexOf(OPEN, offset);
      if (start === -1) return resolved + text.slice(offset);
      if (text[start - 1] === '\\') {
        resolved += `${text.slice(offset, start - 1)}${OPEN}`;
        offset = start + OPEN.length;
        continue;
      }
      const end = endOf(text, start + OPEN.length);
      // Not closed: a text like any other, as Spring has it.
      if (end === undefined) return resolved + text.slice(offset);
      const value = this.#resolveOne(text.slice(start + OPEN.length, end), chain);
      // A value that is nothing but one placeholder keeps its type.
      if (start === 0 && end === text.length - 1) return value;
      resolved += `${text.slice(offset, start)}${value === null ? '' : String(value)}`;
      offset = end + 1;
    }
  }

  /** `inner`: what stands between `${` and `}`. */
  #resolveOne(inner: string, chain: readonly string[]): SettingsScalar {
    const colon = colonOf(inner);
    const name = String(this.#resolveText(colon === -1 ? inner : inner.slice(0, colon), chain));
    const value = this.#scope.valueOf(name);
    if (value === HOLDER) {
      throw new TreeError(`${said(chain)} asks for ${name}, which is a map or a list`);
    }
    if (value !== undefined) return this.#resolveKey(name, value, chain);
    const variable = this.#scope.variable(name);
    if (variable !== undefined) return variable;
    if (colon !== -1) return this.#resolveText(inner.slice(colon + 1), chain);
    throw new TreeError(`${said(chain)} asks for ${name}, which nobody gives, without a default`);
  }
}

function said(chain: readonly string[]): string {
  return chain.join(' -> ');
}

/** Of the `}` that closes; placeholders inside have their own. */
function endOf(text: string, from: number): number | undefined {
  let depth = 0;
  for (let index = from; index < text.length; index++) {
    if (text.startsWith(OPEN, index)) depth += 1;
    else if (text[index] === '}' && depth-- === 0) return index;
  }
  return undefined;
}

/** The colon in front of the default; one inside of a placeholder does not count. */
function colonOf(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text.startsWith(OPEN, index)) depth += 1;
    else if (text[index] === '}') depth -= 1;
    else if (text[index] === ':' && depth === 0) return index;
  }
  return -1;
}

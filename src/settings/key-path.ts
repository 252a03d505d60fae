/**
 * Owns how a key of settings is written and where it leads: `db.pool.max`, `servers[0].host`, `levels[com.acme]`. Used by everything that
 * sets, reads or prints a key. Pure.
 */

/** A text is a key of a map, a number is a place in a list. */
export type KeyStep = string | number;
export type KeyPath = readonly KeyStep[];

/** Longer lists than that are no settings, and `a[999999999]` would be one. */
const MAX_INDEX = 10_000;
const STEP = /\[([^\]]*)\]|([^.[]+)/y;

/** undefined: this is no key, like `a..b`, `a[`, or an index that is too large. */
export function parseKey(text: string): KeyPath | undefined {
  const steps: KeyStep[] = [];
  let offset = 0;
  while (offset < text.length) {
    if (steps.length > 0 && text[offset] === '.') offset += 1;
    STEP.lastIndex = offset;
    const found = STEP.exec(text);
    if (found === null) return undefined;
    const [whole, bracketed, plain] = found;
    const step = bracketed === undefined ? (plain ?? '') : readBracket(bracketed);
    if (step === undefined) return undefined;
    steps.push(step);
    offset += whole.length;
    const next = text[offset];
    if (next !== undefined && next !== '.' && next !== '[') return undefined;
    if (next === '.' && offset === text.length - 1) return undefined;
  }
  return steps.length === 0 ? undefined : steps;
}

function readBracket(text: string): KeyStep | undefined {
  if (!/^\d+$/.test(text)) return text === '' ? undefined : text;
  const index = Number(text);
  return index <= MAX_INDEX ? index : undefined;
}

/** The one way in which a path is written; `parseKey` reads it back. */
export function formatKey(path: KeyPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${String(step)}]`;
    else if (step === '' || /[.[\]]/.test(step) || /^\d+$/.test(step)) text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** What stands there, or undefined. It follows own keys only. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Readonly<Record<KeyStep, unknown>>)[step];
  }
  return value;
}

/**
 * Owns telling things of undici by their looks: its copies have classes and symbols of their own. Used by the other files of undici.
 */

export function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** By name: the copies of undici have classes of their own. */
export function isInstanceOf(value: object, name: string): boolean {
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name === name;
}

/** What undici keeps under a symbol of this description, on the object or on a class of it. */
export function underSymbol(value: object, description: string): unknown {
  for (let at: object | null = value; at !== null; at = Reflect.getPrototypeOf(at)) {
    for (const symbol of Object.getOwnPropertySymbols(at)) {
      if (symbol.description === description) return Reflect.get(value, symbol);
    }
  }
  return undefined;
}

/** True when a value has null in it at any depth, as a key's value or in a list. */
export function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value).some(holdsNull);
}

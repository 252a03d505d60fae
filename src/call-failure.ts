/**
 * Owns reading what a failed call by name has tried. HTTP clients keep their own errors; ours only adds this to the last one. Written by
 * the client hooks and adapters (`adapters/call-errors.cts`), read by users.
 */

/** One call by name that failed. */
export interface CallFailure {
  /** As the registry spells it. */
  readonly service: string;
  readonly group: string;
  readonly namespace: string;
  /** Each instance that was tried, in order, and what it gave. */
  readonly tried: readonly TriedInstance[];
}

/** One attempt of a call that failed. */
export interface TriedInstance {
  readonly ip: string;
  readonly port: number;
  readonly error: unknown;
}

const CALL = Symbol.for('nacos-serving.call');
/** Clients wrap errors in errors; nobody does so deeper than this, unless causes go in a circle. */
const MAX_CAUSES = 10;

/**
 * What was tried before `error` reached you; undefined when it is none of a call by name. The error itself and its causes are looked at.
 * @example
 * try {
 *   await fetch('http://orders/');
 * } catch (error) {
 *   for (const { ip, port, error: why } of failedCall(error)?.tried ?? []) console.error(ip, port, why);
 * }
 */
export function failedCall(error: unknown): CallFailure | undefined {
  let at = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof at === 'object' && at !== null; depth += 1) {
    const found: unknown = Reflect.get(at, CALL);
    if (isCallFailure(found)) return found;
    at = Reflect.get(at, 'cause');
  }
  return undefined;
}

/** What is under our symbol was put there by a copy of this package. */
function isCallFailure(value: unknown): value is CallFailure {
  return typeof value === 'object' && value !== null && 'tried' in value;
}

/**
 * Owns what calls carry with them for routing: the values of the request that is being served, or of a function that the user runs. Read by
 * `discovery`, written by the inbound side (`runtime/inbound-context.ts`, the middlewares) and by users.
 */
import { ConfigError } from './errors.js';
import { SharedStorage } from './util/shared-storage.js';

/** Values by name; names are in lower case, as headers are. */
export type RoutingValues = Readonly<Record<string, string>>;

export const NO_ROUTING_VALUES: RoutingValues = Object.freeze({});

const storage = new SharedStorage<RoutingValues>(Symbol.for('nacos-serving.routing.1'));
/** Longer ones are no labels. */
const MAX_VALUE_LENGTH = 1024;
/** The name of a header that may be handed on: none that says how a message is framed, or where it goes. */
export const ROUTING_NAME =
  /^(?!(?:host|connection|content-length|content-encoding|transfer-encoding|keep-alive|upgrade|te|trailer|expect|baggage|proxy-.*)$)[!#$%&'*+\-.^_`|~\da-z]+$/i;
/** What may stand in a header as it is. */
const PLAIN = /^[\t\x20-\x7e\x80-\xff]+$/;

/**
 * Runs `run` with these values: calls by name that it makes, at once or later, are routed by them, and those that `discovery.propagate` names
 * are sent along. They join the values that are there already; an empty text takes one away.
 *
 *     await runWithRouting({ 'x-tag': 'gray' }, () => fetch('http://orders/'));
 *
 * @throws ConfigError when a value could not be sent in a header
 */
export function runWithRouting<T>(values: RoutingValues, run: () => T): T {
  const joined: Record<string, string> = { ...routingValues() };
  for (const [name, value] of Object.entries(values)) {
    const key = name.toLowerCase();
    if (value === '') Reflect.deleteProperty(joined, key);
    else if (isRoutingValue(value)) joined[key] = value;
    else {
      throw new ConfigError(
        'INVALID_OPTION',
        `routing value ${name}: must be a text of at most ${String(MAX_VALUE_LENGTH)} characters that may stand in a header`,
      );
    }
  }
  return storage.run(Object.freeze(joined), run);
}

/** The values of now; empty when there are none. */
export function routingValues(): RoutingValues {
  return storage.value ?? NO_ROUTING_VALUES;
}

/** One of them, by its name in lower case. */
export function routingValue(name: string): string | undefined {
  const values = storage.value;
  return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
}

/** Runs with exactly these values, which were checked. For who serves requests: nothing of before is left. */
export function runWithOnly<T>(values: RoutingValues, run: () => T): T {
  return storage.run(values, run);
}

/** True for what may be taken from a request and sent along. */
export function isRoutingValue(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_VALUE_LENGTH && PLAIN.test(value);
}

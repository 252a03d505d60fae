/**
 * Owns what a call by name hands on from the request that is being served: the values that `discovery.propagate` names, as plain headers and as
 * W3C baggage. Asked by the routers of `discovery.ts` for each call by name, and never for hosts that are no services.
 */
import { ConfigError } from '../errors.js';
import type { CallInfo, CallRouter } from '../process-hub.js';
import { ROUTING_NAME, routingValue } from '../routing-context.js';
import { addToBaggage } from '../util/baggage.js';

type HeadersToAdd = CallRouter['headersToAdd'];

const NONE: ReturnType<HeadersToAdd> = [];

/** `names`: of headers, in whatever case. @throws ConfigError when one may not be handed on */
export function createPropagation(names: readonly string[] = []): HeadersToAdd {
  const keys = [...new Set(names.map((name) => name.trim().toLowerCase()))];
  const bad = keys.find((key) => !ROUTING_NAME.test(key));
  if (bad !== undefined) {
    throw new ConfigError('INVALID_OPTION', `propagate: ${bad} is no header that can be handed on`);
  }
  if (keys.length === 0) return () => NONE;
  return (info) => {
    const present = valuesOf(keys);
    return present === undefined ? NONE : headersFor(present, info);
  };
}

function valuesOf(keys: readonly string[]): (readonly [string, string])[] | undefined {
  let present: (readonly [string, string])[] | undefined;
  for (const key of keys) {
    const value = routingValue(key);
    if (value !== undefined) (present ??= []).push([key, value]);
  }
  return present;
}

function headersFor(
  present: readonly (readonly [string, string])[],
  info: CallInfo,
): readonly (readonly [string, string])[] {
  // What the caller sets itself counts, in both places alike.
  const headers = present.filter(([key]) => info.header(key) === undefined);
  const own = info.header('baggage');
  const baggage = addToBaggage(
    own,
    present.map(([key, value]) => [key, info.header(key) ?? value]),
  );
  return baggage === '' || baggage === own ? headers : [...headers, ['baggage', baggage]];
}

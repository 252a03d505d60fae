/**
 * Owns how values of a request that a server of this process serves come into the context of its handling (`routing-context.ts`). Used by
 * the hub for each server that listens here, when `discovery.propagate` names any, and by the middlewares for servers whose
 * user asks for it. Only the named headers, and W3C baggage entries of these names, are taken. What it covers lives as long as one
 * server or one request, and passes everything on; a request without such values is left as it is.
 */
import type { EventEmitter } from 'node:events';

import {
  NO_ROUTING_VALUES,
  isRoutingValue,
  routingValues,
  runWithOnly,
  type RoutingValues,
} from '../routing-context.js';
import { entryOfBaggage } from '../util/baggage.js';

type Headers = Readonly<Record<string, unknown>>;
type Emitter = Pick<EventEmitter, 'emit'>;

/** Events by which servers of node:http, https and http2 hand a request over. */
const HANDOVERS: ReadonlySet<unknown> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
  'stream',
  'upgrade',
  'connect',
]);

/** Has requests of this server handled in the context of their values, from the next one on. `names` in lower case. */
export function coverServer(server: Emitter, names: readonly string[]): void {
  cover(server, (event, args, emit) => {
    if (!HANDOVERS.has(event)) return emit();
    const headers = headersOf(event, args);
    return headers === undefined ? emit() : serve(readValues(headers, names), args, emit);
  });
}

/** Runs `run`, which handles a request, in the context of its values; `emitters`: the request and what else tells of it. */
export function serve<T>(values: RoutingValues, emitters: readonly unknown[], run: () => T): T {
  if (values === NO_ROUTING_VALUES) {
    // A server may be made, or a request be handed on, in the middle of another one.
    return routingValues() === NO_ROUTING_VALUES ? run() : runWithOnly(NO_ROUTING_VALUES, run);
  }
  // A body and the end of an answer are told of by the connection, which knows nothing of this request.
  for (const emitter of emitters) if (isEmitter(emitter)) bind(emitter, values);
  return runWithOnly(values, run);
}

/** The values that these headers carry; those that could not be sent on as they are count as none. */
export function readValues(headers: Headers, names: readonly string[]): RoutingValues {
  const { baggage } = headers;
  let values: Record<string, string> | undefined;
  for (const name of names) {
    const plain = headers[name];
    const value =
      plain === undefined && typeof baggage === 'string' ? entryOfBaggage(baggage, name) : plain;
    if (isRoutingValue(value)) (values ??= {})[name] = value;
  }
  return values === undefined ? NO_ROUTING_VALUES : Object.freeze(values);
}

/** `stream` has the headers behind the stream; all other events have the request first. */
function headersOf(event: unknown, args: readonly unknown[]): Headers | undefined {
  const headers: unknown = event === 'stream' ? args[1] : Reflect.get(Object(args[0]), 'headers');
  return typeof headers === 'object' && headers !== null ? (headers as Headers) : undefined;
}

const bound = new WeakSet();

function bind(emitter: Emitter, values: RoutingValues): void {
  // One of http2 comes by twice: as a stream, and as a request over it.
  if (bound.has(emitter)) return;
  bound.add(emitter);
  cover(emitter, (_event, _args, emit) => runWithOnly(values, emit));
}

type Around = (event: unknown, args: readonly unknown[], emit: () => boolean) => boolean;

/** Stands before `emit` of this one object. A method of its class is looked up each time: others may cover that later. */
function cover(emitter: Emitter, around: Around): void {
  const own = Object.getOwnPropertyDescriptor(emitter, 'emit')?.value as unknown;
  function emit(this: unknown, ...args: readonly unknown[]): boolean {
    const before: unknown = own ?? Reflect.get(Object.getPrototypeOf(emitter) as object, 'emit');
    const [event, ...rest] = args;
    return around(event, rest, () => {
      const isHeard: unknown = Reflect.apply(before as () => boolean, this, args);
      return isHeard === true;
    });
  }
  Object.defineProperty(emitter, 'emit', {
    value: emit,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

function isEmitter(value: unknown): value is Emitter {
  return (
    typeof value === 'object' && value !== null && typeof Reflect.get(value, 'emit') === 'function'
  );
}

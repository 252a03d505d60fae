/**
 * Owns pools and clients of undici that were made for the name of a service, as `new Pool('http://orders')`. Such a dispatcher belongs to one origin,
 * so an agent with its options stands in for it and calls the instances. Called by `undici-classes.cts`. A stand-in ends with what it stands
 * in for.
 */
import { isObject, underSymbol } from './undici-looks.cjs';

export type MakeAgent = (options: Readonly<Record<string, unknown>>) => object;

/** What a client keeps of its options, by the description of undici's symbols. */
const CLIENT_OPTIONS = [
  ['connector', 'connect'],
  ['headers timeout', 'headersTimeout'],
  ['body timeout', 'bodyTimeout'],
  ['default keep alive timeout', 'keepAliveTimeout'],
  ['max keep alive timeout', 'keepAliveMaxTimeout'],
  ['max headers size', 'maxHeaderSize'],
  ['maxResponseSize', 'maxResponseSize'],
  ['maxRequestsPerClient', 'maxRequestsPerClient'],
  ['strict content length', 'strictContentLength'],
] as const;

const standIns = new WeakMap<object, object>();
/** Pool -> its origin; '' when it has none. */
const origins = new WeakMap<object, string>();

/** The origin of a pool or client, for requests that have none of their own. */
export function originOfPool(pool: object): string | undefined {
  let origin = origins.get(pool);
  if (origin === undefined) {
    const url = underSymbol(pool, 'url');
    origin = url instanceof URL ? url.origin : '';
    origins.set(pool, origin);
  }
  return origin === '' ? undefined : origin;
}

/** What calls instances for a pool; undefined when it is not to be replaced, or closed. */
export function standInOf(pool: object, make: MakeAgent): object | undefined {
  if (Reflect.get(pool, 'closed') === true || Reflect.get(pool, 'destroyed') === true) {
    return undefined;
  }
  let agent = standIns.get(pool);
  if (agent === undefined) {
    const options = optionsOf(pool);
    if (options === undefined) return undefined;
    agent = make(options);
    standIns.set(pool, agent);
  }
  return agent;
}

function optionsOf(pool: object): Readonly<Record<string, unknown>> | undefined {
  const own = underSymbol(pool, 'options');
  if (isObject(own)) {
    if (typeof own['socketPath'] === 'string') return undefined;
    const connections = underSymbol(pool, 'connections');
    return { ...own, ...(typeof connections === 'number' ? { connections } : {}) };
  }
  const options: Record<string, unknown> = { connections: 1 };
  for (const [description, option] of CLIENT_OPTIONS) {
    const value = underSymbol(pool, description);
    // -1 is "none" where undici keeps it.
    if (value !== undefined && value !== null && value !== -1) options[option] = value;
  }
  const pipelining: unknown = Reflect.get(pool, 'pipelining');
  if (typeof pipelining === 'number') options['pipelining'] = pipelining;
  return options;
}

/** Closing or destroying a pool does the same to what stands in for it. */
export function coverEnd(prototype: object): void {
  for (const name of ['close', 'destroy']) {
    const original: unknown = Reflect.get(prototype, name);
    if (typeof original !== 'function') continue;
    const end = function (this: object, ...args: readonly unknown[]): unknown {
      const agent = standIns.get(this);
      if (agent === undefined) return Reflect.apply(original, this, args) as unknown;
      standIns.delete(this);
      const done = args.at(-1);
      const given = typeof done === 'function' ? args.slice(0, -1) : args;
      const call = (of: object): Promise<unknown> =>
        Promise.resolve(Reflect.apply(original, of, given) as unknown);
      const ended = Promise.all([call(this), endAgent(agent, name, given)]);
      if (typeof done !== 'function') return ended.then(() => null);
      ended.then(
        () => Reflect.apply(done, undefined, [null, null]) as unknown,
        (error: unknown) => Reflect.apply(done, undefined, [error, null]) as unknown,
      );
      return undefined;
    };
    Object.defineProperty(end, 'name', { value: name });
    Object.defineProperty(prototype, name, {
      value: end,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}

function endAgent(agent: object, name: string, args: readonly unknown[]): unknown {
  const end: unknown = Reflect.get(agent, name);
  return typeof end === 'function' ? (Reflect.apply(end, agent, args) as unknown) : undefined;
}

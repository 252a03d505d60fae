/**
 * Owns the interception of an undici dispatcher, of Node's own undici (6 in Node 20 and 22, 7 in 24, 8 in 26) or of a copy from npm.
 * Called by `fetch-calls.cts`. For a host that is a service it changes where the request goes and nothing else: the origin becomes
 * that of an instance, the Host header keeps the logical name, and redirects come by again with theirs. A connection that
 * fails before the request was begun is tried with other instances (`undici-handler.cts`).
 */
import type { CallInfo, CallRouter, CallTarget, ProcessHub } from '../process-hub.js';
import { isServiceHost } from './service-host.cjs';
import { failHandler, watchHandler } from './undici-handler.cjs';

type Dispatch = (options: unknown, handler: unknown) => unknown;
type Options = Readonly<Record<PropertyKey, unknown>>;

/** A request to a host that may be a service. */
interface NamedRequest {
  readonly name: string;
  readonly info: CallInfo;
  readonly isHttps: boolean;
  readonly options: Options;
  readonly handler: object;
}

/** Dispatcher -> what stands for it now: itself, or a proxy. */
const intercepted = new WeakMap<object, object>();

/**
 * Makes the dispatcher know services, once, and returns what to use from now on: nearly always the same object, whose `dispatch` is
 * covered. Who compares dispatchers, or keeps the object, so sees no difference.
 */
export function interceptDispatcher(hub: ProcessHub, dispatcher: unknown): unknown {
  if (!isObject(dispatcher)) return dispatcher;
  const known = intercepted.get(dispatcher);
  if (known !== undefined) return known;
  const dispatch: unknown = Reflect.get(dispatcher, 'dispatch');
  // A MockAgent answers for hosts that do not exist: it must see the logical names.
  if (typeof dispatch !== 'function' || 'isMockActive' in dispatcher) return dispatcher;

  const direct = withoutProxy(dispatcher);
  const directDispatch: unknown = Reflect.get(direct, 'dispatch');
  const target = typeof directDispatch === 'function' ? directDispatch : dispatch;
  const send: Dispatch = (options, handler) => Reflect.apply(target, direct, [options, handler]);
  const others: Dispatch = (options, handler) =>
    Reflect.apply(dispatch, dispatcher, [options, handler]);
  // Two parameters, as composed dispatchers are checked for them.
  const value = function (options: unknown, handler: unknown): unknown {
    const request = readRequest(options, handler);
    return request === undefined
      ? others(options, handler)
      : route(hub, request, send, () => others(options, handler));
  };
  Object.defineProperty(value, 'name', { value: 'dispatch' });

  const { types } = require('node:util') as typeof import('node:util');
  if (types.isProxy(dispatcher)) {
    // What `compose` returns: setting a property would change the dispatcher below, whose `dispatch` it has copied already.
    const proxy = new Proxy(dispatcher, {
      get: (target, key): unknown => (key === 'dispatch' ? value : Reflect.get(target, key)),
    });
    intercepted.set(dispatcher, proxy).set(proxy, proxy);
    return proxy;
  }
  intercepted.set(dispatcher, dispatcher);
  Object.defineProperty(dispatcher, 'dispatch', {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
  return dispatcher;
}

function route(
  hub: ProcessHub,
  request: NamedRequest,
  send: Dispatch,
  others: () => unknown,
): unknown {
  const calls = hub.runtime?.calls;
  const target = calls?.pickNow(request.name, request.info);
  if (target === null) return others();
  if (calls !== undefined && target !== undefined) {
    return sendTo([target], request, calls, send);
  }
  const find = async (): Promise<void> => {
    try {
      const { signal } = request.options;
      const router = (await hub.load())?.calls;
      const found = await router?.resolve(
        request.name,
        request.info,
        signal instanceof AbortSignal ? signal : undefined,
      );
      if (router === undefined || found === undefined || found === null) others();
      else sendTo([found], request, router, send);
    } catch (error) {
      failHandler(request.handler, error);
    }
  };
  void find();
  // "Go on": there is no queue that could be full.
  return true;
}

/** Dispatches to the last of the targets; when nothing could be sent there, to yet another one. */
function sendTo(
  tried: readonly CallTarget[],
  request: NamedRequest,
  calls: CallRouter,
  send: Dispatch,
): unknown {
  const target = tried.at(-1);
  if (target === undefined) return true;
  const watched = watchHandler(request.handler, () => {
    calls.settle(target, { outcome: 'unsent', tookMs: 0 });
    const next = calls.nextAttempt({ ...request, tried, outcome: 'unsent', elapsedMs: 0 })?.target;
    if (next === undefined) return false;
    sendTo([...tried, next], request, calls, send);
    return true;
  });
  return send(optionsFor(request, target), watched);
}

/** Origins by instance: an instance is the same object as long as its list is in use. */
const httpOrigins = new WeakMap<CallTarget, string>();
const httpsOrigins = new WeakMap<CallTarget, string>();

function originOf(target: CallTarget, isHttps: boolean): string {
  const origins = isHttps ? httpsOrigins : httpOrigins;
  let origin = origins.get(target);
  if (origin === undefined) {
    const host = target.ip.includes(':') ? `[${target.ip}]` : target.ip;
    origin = `${isHttps ? 'https' : 'http'}://${host}:${String(target.port)}`;
    origins.set(target, origin);
  }
  return origin;
}

function optionsFor({ name, isHttps, options }: NamedRequest, target: CallTarget): Options {
  const origin = originOf(target, isHttps || target.secure);
  const headers = withHost(options['headers'], name);
  // undici takes the name for TLS from the Host header, so a caller's own header keeps its meaning.
  return { ...options, origin, headers };
}

/** The headers with `host` in front, unless they have one. undici takes them flat, as pairs or as an object. */
function withHost(headers: unknown, name: string): unknown {
  if (headers === undefined || headers === null) return { host: name };
  if (Array.isArray(headers)) {
    const flat: readonly unknown[] = headers;
    return flat.some((key, at) => at % 2 === 0 && isHostKey(key)) ? flat : ['host', name, ...flat];
  }
  if (!isObject(headers)) return headers;
  if (typeof headers[Symbol.iterator] === 'function') {
    const flat: unknown[] = [];
    for (const pair of headers as unknown as Iterable<unknown>) {
      if (!Array.isArray(pair)) return headers;
      flat.push(pair[0], pair[1]);
    }
    return withHost(flat, name);
  }
  for (const key in headers) if (isHostKey(key)) return headers;
  return { host: name, ...headers };
}

function isHostKey(key: unknown): boolean {
  return typeof key === 'string' && key.length === 4 && key.toLowerCase() === 'host';
}

interface ServiceOrigin {
  readonly name: string;
  readonly isHttps: boolean;
}

/** Origins that may be services, as read before. Others are not kept: an app may call any number of hosts. */
const serviceOrigins = new Map<string, ServiceOrigin>();
const MAX_ORIGINS = 1024;

function readRequest(options: unknown, handler: unknown): NamedRequest | undefined {
  if (!isObject(options) || !isObject(handler)) return undefined;
  const { origin } = options;
  const text = origin instanceof URL ? origin.origin : origin;
  if (typeof text !== 'string') return undefined;
  const read = serviceOrigins.get(text) ?? readOrigin(text);
  return (
    read && { name: read.name, info: infoOf(options), isHttps: read.isHttps, options, handler }
  );
}

function infoOf(options: Options): CallInfo {
  const { method, path, body } = options;
  return {
    method: typeof method === 'string' ? method.toUpperCase() : 'GET',
    path: typeof path === 'string' ? path : '/',
    isReplayable: body === undefined || body === null || typeof body === 'string',
    header: () => undefined,
  };
}

function readOrigin(text: string): ServiceOrigin | undefined {
  const isHttps = text.startsWith('https://');
  if (!isHttps && !text.startsWith('http://')) return undefined;
  const name = text.slice(isHttps ? 8 : 7);
  if (!isServiceHost(name)) return undefined;
  if (serviceOrigins.size >= MAX_ORIGINS) serviceOrigins.clear();
  const read = { name, isHttps };
  serviceOrigins.set(text, read);
  return read;
}

/**
 * What calls instances directly, where the dispatcher would go to a proxy, which cannot know them. An EnvHttpProxyAgent (Node's own
 * with NODE_USE_ENV_PROXY, or a user's) has an agent for hosts without proxy; a ProxyAgent has one to take the class of.
 */
function withoutProxy(dispatcher: object): object {
  const isProxyAgent = isInstanceOf(dispatcher, 'ProxyAgent');
  for (const symbol of Object.getOwnPropertySymbols(dispatcher)) {
    const agent: unknown = Reflect.get(dispatcher, symbol);
    if (!isObject(agent)) continue;
    if (symbol.description === 'no proxy agent') return agent;
    if (isProxyAgent && isInstanceOf(agent, 'Agent')) {
      return Reflect.construct(agent.constructor, []) as object;
    }
  }
  return dispatcher;
}

/** By name: the copies of undici have classes of their own. */
function isInstanceOf(value: object, name: string): boolean {
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name === name;
}

function isObject(value: unknown): value is Readonly<Record<PropertyKey, unknown>> {
  return typeof value === 'object' && value !== null;
}

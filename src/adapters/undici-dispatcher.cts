/**
 * Owns the interception of single dispatchers of undici: those that all copies share under the global object, those of one call of fetch, and what an
 * explicit adapter composes. Called by `fetch-calls.cts` and by `fetch.ts`. Whole classes are `undici-classes.cts`.
 */
import { dispatchNamed, type Link, type RouterSource } from './undici-call.cjs';
import {
  dispatchOf,
  DispatcherLink,
  isPassing,
  passOn,
  type Dispatch,
  type HookSource,
  type Original,
} from './undici-links.cjs';
import { isInstanceOf, isObject } from './undici-looks.cjs';
import { openedClients } from './undici-opened.cjs';
import { originText, type ReadOrigin } from './undici-origin.cjs';

/** Dispatcher -> what stands for it now: itself, or a proxy. */
const intercepted = new WeakMap<object, object>();
/** Each `dispatch` of ours. */
const ours = new WeakSet<Original>();

/**
 * Makes the dispatcher know services, once, and returns what to use from now on: nearly always the same object, whose `dispatch` is
 * covered. Who compares dispatchers, or keeps the object, so sees no difference.
 */
export function interceptDispatcher(source: HookSource, dispatcher: unknown): unknown {
  if (!isObject(dispatcher)) return dispatcher;
  const known = intercepted.get(dispatcher);
  if (known !== undefined) return known;
  const original = dispatchOf(dispatcher);
  // Its class knows services already; or it is a MockAgent, which answers for hosts that do not exist: it must see the logical names.
  if (original === undefined || ours.has(original) || 'isMockActive' in dispatcher) {
    return dispatcher;
  }
  const link = linkOf(source, dispatcher, original);
  const value = coverDispatch(original, { read: source.readOrigin, linkOf: () => link });

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

export interface CoverParts {
  readonly read: ReadOrigin;
  /** Asked for calls that may be by name only. */
  readonly linkOf: (dispatcher: object) => Link | undefined;
  /** Asked where a request has no origin of its own. */
  readonly originOf?: (dispatcher: object) => string | undefined;
}

/** What stands before the `dispatch` of an object or a class. */
export function coverDispatch(
  original: Original,
  { read, linkOf, originOf }: CoverParts,
): Original {
  // Two parameters and this name, as composed dispatchers are checked for them.
  const dispatch: Original = function dispatch(options, handler) {
    if (!isObject(options) || !isObject(handler) || isPassing(options)) {
      return original.call(this, options, handler);
    }
    const text = originText(options['origin']) ?? originOf?.(this);
    // One behind this may have an origin.
    if (text === undefined) return original.call(this, options, handler);
    const origin = read(text);
    // An agent hands it to a pool, and that to a client: they need not look again.
    if (origin === undefined) return passOn(original, this, options, handler);
    const link = linkOf(this);
    return link === undefined
      ? original.call(this, options, handler)
      : dispatchNamed(link, origin, options, handler);
  };
  ours.add(dispatch);
  return dispatch;
}

/** For `compose`: knows services by `read`, and hands on what is none. */
export function interceptDispatch(
  source: RouterSource,
  read: ReadOrigin,
  dispatch: Dispatch,
): Dispatch {
  // Whose dispatch it is is not told, so all that undici opens stands for it when instances are gone.
  const link = new DispatcherLink(source, openedClients(), (options, handler) =>
    dispatch(options, handler),
  );
  return function (options: unknown, handler: unknown): unknown {
    const text = isObject(options) ? originText(options['origin']) : undefined;
    const origin = text === undefined ? undefined : read(text);
    return origin !== undefined && isObject(options) && isObject(handler)
      ? dispatchNamed(link, origin, options, handler)
      : dispatch(options, handler);
  };
}

/** Instances are called past a proxy, which cannot know them. */
export function linkOf(source: RouterSource, dispatcher: object, original: Original): Link {
  const direct = withoutProxy(dispatcher);
  const dispatch = direct === dispatcher ? original : dispatchOf(direct);
  return dispatch === undefined
    ? new DispatcherLink(source, dispatcher, original)
    : new DispatcherLink(source, dispatcher, original, { dispatcher: direct, dispatch });
}

/**
 * What calls instances directly, where the dispatcher would go to a proxy. An EnvHttpProxyAgent (Node's own with
 * NODE_USE_ENV_PROXY, or a user's) has an agent for hosts without proxy; a ProxyAgent has one to take the class of.
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

/**
 * Owns the classes of one copy of undici: what an app makes itself, as `new Agent()` that it gives to a request or `new Pool('http://orders')`,
 * knows services as the global dispatcher does. Called by `undici-hook.cts` when a copy was loaded. Only the `dispatch` of the classes is covered; no
 * object of the app is changed.
 */
import type { ProcessHub } from '../process-hub.js';
import { changeDispatchers, whenReplaced } from './global-hooks/dispatchers.cjs';
import { hintOnLookups } from './lookup-hint.cjs';
import type { Link } from './undici-call.cjs';
import { coverDispatch, interceptDispatcher, linkOf } from './undici-dispatcher.cjs';
import {
  dispatchOf,
  DispatcherLink,
  hookSource,
  type HookSource,
  type Original,
} from './undici-links.cjs';
import { isInstanceOf, isObject } from './undici-looks.cjs';
import { coverEnd, originOfPool, standInOf, type MakeAgent } from './undici-pools.cjs';

/** Classes that call any origin; those of proxies do so past the proxy. */
const AGENTS = ['Agent', 'EnvHttpProxyAgent', 'ProxyAgent'] as const;
/** Classes that belong to one origin. */
const POOLS = ['Pool', 'Client'] as const;

/** Copies whose classes are covered. */
const covered = new WeakSet();
/** How many mocks are at work in the calls on the stack. */
let mocking = 0;

/** True when `exports` is undici; its classes then know services from now on, and the global dispatchers do. */
export function coverCopy(hub: ProcessHub, exports: unknown): boolean {
  if (!isCopy(exports)) return false;
  const source = hookSource(hub);
  const { Agent } = exports;
  if (!covered.has(Agent)) {
    covered.add(Agent);
    hintOnLookups(hub);
    for (const name of AGENTS) coverAgent(source, exports[name]);
    const make: MakeAgent = (options) => Reflect.construct(Agent, [options]) as object;
    for (const name of POOLS) coverPool(source, exports[name], make);
    coverMock(exports['MockAgent']);
  }
  // Another copy may have been first.
  const intercept = (): void => {
    changeDispatchers((dispatcher) => interceptDispatcher(source, dispatcher));
  };
  intercept();
  whenReplaced(intercept);
  return true;
}

function coverAgent(source: HookSource, made: unknown): void {
  const links = new WeakMap<object, Link>();
  const linkOfAgent = (agent: object, original: Original): Link | undefined => {
    // What a MockAgent dispatches to is a part of it.
    if (mocking > 0) return undefined;
    let link = links.get(agent);
    if (link === undefined) {
      link = linkOf(source, agent, original);
      links.set(agent, link);
    }
    return link;
  };
  const read = source.readOrigin;
  cover(made, (original) =>
    coverDispatch(original, { read, linkOf: (agent) => linkOfAgent(agent, original) }),
  );
}

function coverPool(source: HookSource, made: unknown, make: MakeAgent): void {
  const links = new WeakMap<object, Link>();
  const linkOfPool = (pool: object, original: Original): Link | undefined => {
    // It speaks HTTP/2 without TLS, which agents do not.
    if (isInstanceOf(pool, 'H2CClient')) return undefined;
    let link = links.get(pool);
    if (link !== undefined) return link;
    const agent = standInOf(pool, make);
    const dispatch = agent === undefined ? undefined : dispatchOf(agent);
    if (agent === undefined || dispatch === undefined) return undefined;
    link = new DispatcherLink(source, pool, original, { dispatcher: agent, dispatch });
    links.set(pool, link);
    return link;
  };
  cover(made, (original) =>
    coverDispatch(original, {
      read: source.readOrigin,
      linkOf: (pool) => linkOfPool(pool, original),
      originOf: originOfPool,
    }),
  );
  if (isClass(made)) coverEnd(made.prototype);
}

/** A mock sees the logical names, and has the last word on them. What it lets through goes by its pools, which are ours again. */
function coverMock(made: unknown): void {
  cover(
    made,
    (original) =>
      function dispatch(this: object, options, handler) {
        mocking += 1;
        try {
          return original.call(this, options, handler);
        } finally {
          mocking -= 1;
        }
      },
  );
}

function cover(made: unknown, change: (original: Original) => Original): void {
  if (!isClass(made)) return;
  const original = dispatchOf(made.prototype);
  if (original === undefined) return;
  Object.defineProperty(made.prototype, 'dispatch', {
    value: change(original),
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

interface Class {
  readonly prototype: object;
}

function isClass(value: unknown): value is Class {
  return typeof value === 'function' && isObject(value.prototype);
}

interface Copy {
  readonly Agent: new (...args: never) => object;
  readonly [name: string]: unknown;
}

/** By its looks: undici may have any name, and be in a bundle. */
function isCopy(exports: unknown): exports is Copy {
  return (
    ((typeof exports === 'object' && exports !== null) || typeof exports === 'function') &&
    'setGlobalDispatcher' in exports &&
    isClass(Reflect.get(exports, 'Agent')) &&
    isClass(Reflect.get(exports, 'Dispatcher'))
  );
}

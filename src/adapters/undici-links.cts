/**
 * Owns how a call by name gets from an intercepted dispatcher to an instance, and how it is left alone when it is none. Used by
 * `undici-dispatcher.cts` for single dispatchers and by `undici-classes.cts` for the classes of a copy of undici.
 */
import type { CallRouter, ProcessHub } from '../process-hub.js';
import type { Link, Options, RouterSource } from './undici-call.cjs';
import { hookedHosts } from './service-host.cjs';
import { watchGone } from './undici-gone.cjs';
import { createOriginReader, type ReadOrigin } from './undici-origin.cjs';

export type Dispatch = (options: unknown, handler: unknown) => unknown;
/** A `dispatch` as it was before us. */
export type Original = (this: object, options: unknown, handler: unknown) => unknown;

/** Options of a request that is none of ours, or has its instance, and goes through dispatchers inside of one another: they ask nobody again. */
let passing: unknown;
/** Where they go: one of them may still say otherwise. */
let passingOrigin: unknown;

export function isPassing(options: Options): boolean {
  return options === passing && options['origin'] === passingOrigin;
}

export class DispatcherLink implements Link {
  readonly source: RouterSource;
  readonly #dispatcher: object;
  readonly #original: Original;
  /** What instances are dispatched to, and by what. */
  readonly #direct: object;
  readonly #sendDirect: Original;
  #router: CallRouter | undefined;

  /** `direct`: another dispatcher that calls instances; default the same one. */
  constructor(
    source: RouterSource,
    dispatcher: object,
    original: Original,
    direct: { readonly dispatcher: object; readonly dispatch: Original } = {
      dispatcher,
      dispatch: original,
    },
  ) {
    this.source = source;
    this.#dispatcher = dispatcher;
    this.#original = original;
    this.#direct = direct.dispatcher;
    this.#sendDirect = direct.dispatch;
  }

  send(options: Options, handler: object): unknown {
    return passOn(this.#sendDirect, this.#direct, options, handler);
  }

  others(options: Options, handler: object): unknown {
    return passOn(this.#original, this.#dispatcher, options, handler);
  }

  used(router: CallRouter): void {
    if (this.#router === router) return;
    this.#router = router;
    watchGone(router, this.#direct);
  }
}

/** What the hooks go by. */
export interface HookSource extends RouterSource {
  readonly readOrigin: ReadOrigin;
}

export function passOn(
  dispatch: Original,
  dispatcher: object,
  options: Options,
  handler: unknown,
): unknown {
  const before = passing;
  const beforeOrigin = passingOrigin;
  passing = options;
  passingOrigin = options['origin'];
  try {
    return dispatch.call(dispatcher, options, handler);
  } finally {
    passing = before;
    passingOrigin = beforeOrigin;
  }
}

const sources = new WeakMap<ProcessHub, HookSource>();

/** The router of the hooks, and their rule for names. */
export function hookSource(hub: ProcessHub): HookSource {
  let source = sources.get(hub);
  if (source === undefined) {
    source = {
      get current() {
        return hub.runtime?.calls;
      },
      load: async () => (await hub.load())?.calls,
      readOrigin: createOriginReader({
        isName: hookedHosts(hub),
        withSchemes: false,
        // Before that, options of code may still come.
        isSettled: () => hub.runtime !== undefined,
      }),
    };
    sources.set(hub, source);
  }
  return source;
}

/** The `dispatch` of a dispatcher; undefined when it is none. */
export function dispatchOf(dispatcher: object): Original | undefined {
  const dispatch: unknown = Reflect.get(dispatcher, 'dispatch');
  return typeof dispatch === 'function' ? (dispatch as Original) : undefined;
}

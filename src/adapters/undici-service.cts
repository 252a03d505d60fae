/**
 * Owns the dispatcher that the explicit fetch gives to each of its calls: it knows services, and goes on to the dispatcher that the call would have had.
 * Made by `fetch.ts`. It sets nothing global.
 */
import { globalDispatcher } from './global-hooks/dispatchers.cjs';
import { dispatchNamed, type Link, type RouterSource } from './undici-call.cjs';
import { linkOf } from './undici-dispatcher.cjs';
import { dispatchOf } from './undici-links.cjs';
import { isObject } from './undici-looks.cjs';
import { originText, type ReadOrigin } from './undici-origin.cjs';

/** As undici names the parts that fetch uses. */
class ServiceDispatcher {
  readonly #source: RouterSource;
  readonly #read: ReadOrigin;
  readonly #given: object | undefined;
  readonly #links = new WeakMap<object, Link>();

  constructor(source: RouterSource, read: ReadOrigin, given: object | undefined) {
    this.#source = source;
    this.#read = read;
    this.#given = given;
  }

  /** A mock wins over us, and fetch asks whether there is one. */
  get isMockActive(): boolean {
    return Reflect.get(this.#given ?? globalDispatcher(true) ?? {}, 'isMockActive') === true;
  }

  dispatch(options: unknown, handler: unknown): unknown {
    const isCurrent = isObject(handler) && typeof handler['onRequestStart'] === 'function';
    const base = this.#given ?? globalDispatcher(isCurrent);
    const dispatch = base === undefined ? undefined : dispatchOf(base);
    if (base === undefined || dispatch === undefined) throw new TypeError('there is no dispatcher');
    const text = isObject(options) ? originText(options['origin']) : undefined;
    const origin = text === undefined || this.isMockActive ? undefined : this.#read(text);
    if (origin === undefined || !isObject(options) || !isObject(handler)) {
      return dispatch.call(base, options, handler);
    }
    let link = this.#links.get(base);
    if (link === undefined) {
      link = linkOf(this.#source, base, dispatch);
      this.#links.set(base, link);
    }
    return dispatchNamed(link, origin, options, handler);
  }
}

/** Gives the dispatcher for a call: `given` is the one that its user gave to it, if any. */
export function createServiceDispatchers(
  source: RouterSource,
  read: ReadOrigin,
): (given: unknown) => object {
  const common = new ServiceDispatcher(source, read, undefined);
  const own = new WeakMap<object, object>();
  return (given) => {
    if (!isObject(given)) return common;
    let dispatcher = own.get(given);
    if (dispatcher === undefined) {
      dispatcher = new ServiceDispatcher(source, read, given);
      own.set(given, dispatcher);
    }
    return dispatcher;
  };
}

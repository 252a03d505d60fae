/**
 * Owns `nacos-serving/fetch`: a fetch that knows services, for those who prefer to see it. Used by users; nothing global is touched, and nothing
 * is loaded before the first call.
 */
import { callSource, type CallSourceOptions } from './call-source.js';
import { serviceDispatchers } from './undici-explicit.js';

type Fetch = typeof fetch;

/** How a `fetch` by name is made. */
export interface FetchOptions extends CallSourceOptions {
  /**
   * What makes the calls. Default: the global fetch as it is at each call, so a mock that is set later wins. One of your own has to be that
   * of Node or of undici below, or to hand its second argument on to one: services are reached through `dispatcher` in there.
   */
  readonly fetch?: Fetch;
}

/** Schemes for "a service"; the rest of the URL is as for http. */
const SERVICE_SCHEME = /^\s*(?:lb|nacos):\/\//i;

/**
 * A fetch for which `http://orders/path` is an instance of the service `orders`; names may have dots, and `lb://orders` and
 * `nacos://orders` are the same. Hosts that are no service are called as ever.
 * @example
 * const fetch = createFetch();
 * const response = await fetch('http://orders/hello');
 */
export function createFetch(options: FetchOptions = {}): Fetch {
  const own: Fetch = options.fetch ?? ((input, init) => fetch(input, init));
  let dispatcherFor: ((given: unknown) => object) | undefined;
  return (input, init) => {
    dispatcherFor ??= serviceDispatchers(callSource(options));
    const given: unknown = init === undefined ? undefined : Reflect.get(init, 'dispatcher');
    const bound: RequestInit = { ...init };
    Reflect.set(bound, 'dispatcher', dispatcherFor(given));
    return own(httpInput(input), bound);
  };
}

function httpInput(input: Parameters<Fetch>[0]): Parameters<Fetch>[0] {
  if (typeof input === 'string') return input.replace(SERVICE_SCHEME, 'http://');
  const url = input instanceof URL ? input.href : input.url;
  if (!SERVICE_SCHEME.test(url)) return input;
  const http = url.replace(SERVICE_SCHEME, 'http://');
  return input instanceof URL ? http : new Request(http, input);
}

/**
 * Owns `nacos-serving/undici`: an interceptor that lets a dispatcher of undici (6.20, 7 or 8) know services, for those who prefer to see it. Used by
 * users, who bring undici along; nothing global is touched.
 */
import type { Dispatcher } from 'undici';

import { callSource, type CallSourceOptions } from './call-source.js';
import { serviceDispatch, type Dispatch } from './undici-explicit.js';

/** Which calls the interceptor answers for. */
export type InterceptorOptions = CallSourceOptions;

/**
 * For `compose`: origins that are a service go to one of its instances, all others on as ever. Names may have dots, and where undici takes the origin as
 * it is, `lb://orders` and `nacos://orders` are the same as `http://orders`. It should be the first of the interceptors, so that the
 * others (retries, redirects, caches) see logical names.
 * @example
 * const agent = new Agent().compose(interceptor());
 * const { body } = await request('http://orders/hello', { dispatcher: agent });
 */
export function interceptor(
  options: InterceptorOptions = {},
): Dispatcher.DispatcherComposeInterceptor {
  const source = callSource(options);
  return (dispatch) => {
    const next: Dispatch = (given, handler) =>
      Reflect.apply(dispatch, undefined, [given, handler]) as unknown;
    const covered = serviceDispatch(source, next);
    // Two parameters, as `compose` asks for.
    return (given, handler) => covered(given, handler) !== false;
  };
}
